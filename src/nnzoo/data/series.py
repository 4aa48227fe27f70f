"""Your own sequences, from a table with a row for each step, or an array in a file."""

from collections.abc import Sequence as Many
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from nnzoo.data.base import DataModule
from nnzoo.data.npy import read_npy
from nnzoo.data.points import Points
from nnzoo.data.sequences import InTime, as_sequences, names_ahead, pieces
from nnzoo.data.table import MIN_SPLIT, VAL_FRACTION, Table, as_names
from nnzoo.errors import InputError, check_int, counted, unknown
from nnzoo.limits import check_path
from nnzoo.tables.columns import is_missing
from nnzoo.tables.reading import read_frame

if TYPE_CHECKING:
    import pandas as pd

WINDOW, MIN_WINDOW = 100, 10
"""Largest and smallest number of steps of the pieces to which one long series is cut by default."""


class Series(InTime):
    """One long series, or several sequences, from a table or an array; each row is a step.

    Rows are in the order of time. One series is cut to pieces of ``window`` steps, one after the
    other, and the validation part follows the training part in time. With ``sequence``, or in an
    array of three dimensions, the sequences are independent, and the split is random.

    Args:
        path: a table as of ``Table``; or a ``.npy`` file with an array (time, features) or
            (sequences, time, features).
        target: columns of numbers to learn; None: all features, ``horizon`` steps later.
        features: columns to learn from; None: all but the targets; in a forecast all.
        drop: columns to leave out, such as the time.
        sequence: column with equal values in the rows of a sequence; None: the rows are one series.
        window: number of steps of each piece; None: whole sequences, and for one series 100, or
            fewer (at least 10) so that there are ten pieces, enough for a validation part.
        horizon: number of steps from the features to the target; None: 0 for target columns, and 1
            without them. From 1 on it is a forecast, for which the target is a feature, too.
        separator, decimal, encoding, header: see ``Table``.
        frame: a DataFrame instead of a file.
        val_fraction: share of the sequences for validation; None: a fifth, or 0 for fewer than 10.
        scale, target_scale, options: see ``DataModule``.

    Attributes:
        default_window: steps of the pieces of one series, if ``window`` is None; None: see there.
            For a trained model they are the steps of its training, or all if there are fewer.
    """

    def __init__(
        self,
        path: str | None = None,
        target: str | Many[str] | None = None,
        features: Many[str] | None = None,
        drop: Many[str] = (),
        sequence: str | None = None,
        window: int | None = None,
        horizon: int | None = None,
        separator: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
        header: str = "infer",
        frame: "pd.DataFrame | None" = None,
        val_fraction: float | None = None,
        scale: str = "standard",
        target_scale: str = "standard",
        **options: Any,
    ) -> None:
        self.chooses_val = val_fraction is None
        options |= {"val_fraction": 0.0 if val_fraction is None else val_fraction}
        super().__init__(scale=scale, target_scale=target_scale, **options)
        self.path = check_path("series", path) if frame is None else None
        self.text_options: dict[str, Any] = {
            "separator": separator,
            "encoding": encoding,
            "header": header,
        }
        self.table = Table(path, drop=drop, decimal=decimal, header=header, frame=frame)
        self.table.missing_hint = "a sequence needs a value at each step: fill it in"
        self.targets = as_names("target", [target] if isinstance(target, str) else target)
        self.features = as_names("features", features)
        self.sequence = sequence
        self.window = None if window is None else check_int("data.window", window)
        default = 0 if self.targets else 1
        self.horizon = check_int("data.horizon", default if horizon is None else horizon, low=0)
        if not self.targets and not self.horizon:
            raise InputError("data.horizon=0 needs numbers to learn: name columns in data.target")
        self.is_one_series = False
        self.default_window: int | None = None
        self._unused: list[str] = []

    @property
    def target_columns(self) -> list[str]:
        return [] if self.horizon else self.targets

    @property
    def unused_columns(self) -> list[str]:
        _ = self.points  # it is known when the table is read
        return self._unused

    def load(self) -> Points:
        path = self.path
        read = self._array if path is not None and path.suffix == ".npy" else self._rows
        sequences, names = read()
        targets = self.targets or self.features or names
        rest = names if self.horizon else [name for name in names if name not in targets]
        inputs = self.features or rest
        for name in (*targets, *inputs):
            if name not in names:
                raise unknown(f"column of {self.table.where}", name, names)
        if not inputs:
            raise InputError(f"{self.table.where} has no column to learn from")
        window = self.window
        if window is None and self.is_one_series:
            steps = len(sequences[0]) - self.horizon
            tenth = min(max(steps // MIN_SPLIT, MIN_WINDOW), WINDOW)
            window = max(min(self.default_window, steps), 1) if self.default_window else tenth
        x = pieces(sequences, window, self.horizon, self.table.where)
        if window is not None:
            self._note_rest([len(sequence) - self.horizon for sequence in sequences], window)
        if self.chooses_val and len(x) >= MIN_SPLIT:
            self.val_fraction = VAL_FRACTION
        self._unused += [name for name in names if name not in {*targets, *inputs}]
        y = x[:, self.horizon :, [names.index(name) for name in targets]]
        x = x[:, : y.shape[1], [names.index(name) for name in inputs]]
        ahead = names_ahead(targets, self.horizon) if self.horizon else list(targets)
        return Points(x, y, list(inputs), target_names=ahead)

    def split(self, n: int, y: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        return (InTime if self.is_one_series else DataModule).split(self, n, y)

    def _note_rest(self, lengths: list[int], window: int) -> None:
        """Note how many steps of sequences of these lengths fill no piece."""
        if rest := sum(length % window for length in lengths):
            self.notes = [
                *self.notes,
                f"{counted(rest, 'step')} of {sum(lengths)} left out: the series is cut to "
                f"sequences of {window} steps (data.window)",
            ]

    def _array(self) -> tuple[list[Tensor], list[str]]:
        """Return the sequences (time, features) of a ``.npy`` file, and names of the features."""
        path = self.path
        assert path is not None
        if self.sequence is not None:
            raise InputError(f"data.sequence needs a table with that column; {path} is an array")
        array = read_npy(path, dims=(2, 3))
        self.is_one_series = array.ndim == 2
        x = as_sequences(str(path), array[None] if self.is_one_series else array)
        return list(x), [f"x{i + 1}" for i in range(x.shape[2])]

    def _rows(self) -> tuple[list[Tensor], list[str]]:
        """Return the sequences (time, features) of the table, and names of the features."""
        frame, path, notes = self.table.frame, self.path, list[str]()
        if frame is None:
            assert path is not None
            frame, notes = read_frame(path, **self.text_options)
        labels = None
        if self.sequence is not None:
            if self.sequence not in frame.columns:
                raise unknown(f"column of {self.table.where}", self.sequence, frame.columns)
            labels, frame = frame[self.sequence], frame.drop(columns=self.sequence)
            if (missing := labels.map(is_missing)).any():
                row = int(missing.to_numpy().argmax()) + 1
                raise InputError(f"{self.table.where}, row {row}: {self.sequence} has no value")
            self._unused = [self.sequence]
        self.table.frame = frame
        points = self.table.points
        self.notes = notes + self.table.notes
        self._unused += self.table.unused_columns
        x, names = points.x, list(points.feature_names)
        if labels is None:
            self.is_one_series = True
            return [x], names
        codes = torch.from_numpy(labels.factorize()[0])
        return [x[codes == code] for code in range(int(codes.max()) + 1)], names
