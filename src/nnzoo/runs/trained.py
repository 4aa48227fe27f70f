"""Training from Python, and what it returns."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from nnzoo.catalogue import build
from nnzoo.data import DataModule
from nnzoo.data.own import table_of
from nnzoo.errors import InputError, counted
from nnzoo.models import Model
from nnzoo.models.parts.align import align_data, data_for, name_of
from nnzoo.runs import predictions, run
from nnzoo.runs.arguments import source_of, split_options
from nnzoo.runs.checkpoint import LAST, load_model
from nnzoo.runs.configs import base_config, config_with
from nnzoo.runs.copying import copy_run
from nnzoo.runs.files import read_numbers, read_result
from nnzoo.runs.find import data_node, read_run
from nnzoo.runs.folders import TemporaryFolder, path_of
from nnzoo.runs.isolated import isolated
from nnzoo.tables.frames import is_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nnzoo.models.pictures.drawing import Drawing


class Run:
    """A finished training: its model, its data and its folder.

    Args:
        folder: the run's folder.
        data: the data module that it was trained on; None: that of its config.
        allow: packages whose classes its files may name, besides the catalogue's.

    Attributes:
        folder: the run's folder; a temporary one is removed with the object and its copies.
        model: the model with the weights of the best epoch, in eval mode on the CPU.
        config: the config of the training, in plain containers.
        result: the content of ``result.json``.
        history: a DataFrame with a row for each epoch: its training loss, and the metrics where
            they were measured.
        metrics: the metrics of the best epoch, by name.

    Raises:
        InputError: if it is not the folder of a completed run.
    """

    def __init__(
        self, folder: str | Path, data: DataModule | None = None, allow: Sequence[str] = ()
    ) -> None:
        self.folder, self.allow = path_of(folder), tuple(allow)
        self._temporary: TemporaryFolder | None = None
        self._frame: type[Any] | None = None  # of the points trained on, if they were a DataFrame
        files = read_run(self.folder)
        if files.config is None:
            raise InputError(
                f"{folder} is not a run's folder; use nnzoo.load_model for checkpoints"
            )
        self.model: Model = load_model(files.checkpoint, allow)
        self.config = files.config
        self.folder = files.folder
        self.result = read_result(self.folder)
        if files.checkpoint.name == LAST:
            raise InputError(
                f"a run has the weights of its best epoch, not those in {files.checkpoint}; "
                "nnzoo.load_model reads these"
            )
        self.history = read_history(self.folder / "metrics.csv")
        self.metrics: dict[str, float] = self.result["metrics"]
        if data is not None:
            self.data = data

    def __repr__(self) -> str:
        best, monitor = self.result["best"], self.result["monitor"]["metric"]
        epochs = self.result["epochs"]
        length = (
            f"{counted(epochs, 'epoch')}: best epoch {best['epoch']}" if epochs else "not trained"
        )
        return (
            f"Run({self.result['model']} on {self.result['data']}, {length}, "
            f"{monitor} {best['value']:.4g})"
        )

    @property
    def is_temporary(self) -> bool:
        """Whether the folder is removed with the object."""
        return self._temporary is not None

    @cached_property
    def data(self) -> DataModule:
        """The data module of the run.

        Raises:
            InputError: if the data were given from Python, or no longer exist.
        """
        instead = "; give points and targets, as in plot(data=(x, y))"
        data: DataModule = build(data_node(self.config, self.allow, {}, instead), "data")
        align_data(data, self.model)
        return data

    def predict(self, x: Any) -> Any:
        """Return predictions for raw values; see ``nnzoo.runs.predictions.predict``."""
        return predictions.predict(self.model, x)

    def predict_proba(self, x: Any) -> Any:
        """Return probabilities of classes; see ``nnzoo.runs.predictions.predict_proba``."""
        return predictions.predict_proba(self.model, x)

    def encode(self, x: Any) -> Any:
        """Return codes of raw values; see ``nnzoo.runs.predictions.encode``."""
        return predictions.encode(self.model, x)

    def score_samples(self, x: Any) -> Any:
        """Return how typical points are; see ``nnzoo.runs.predictions.score_samples``."""
        return predictions.score_samples(self.model, x)

    def sample(self, n: int, seed: int = 0) -> Any:
        """Return n new points (n, in_features), in raw units, as an array, or as a DataFrame if the
        run was trained on one; see ``nnzoo.models.Model.sample``."""
        points = self.model.sample(n, seed).numpy()
        if self._frame is None:
            return points
        return self._frame(dict(zip(self.model.feature_names, points.T, strict=True)))

    def plot(
        self, kind: str | None = None, *, ax: "Axes | None" = None, data: Any = None
    ) -> "Figure":
        """Draw figures of the model.

        Args:
            kind: one of ``model.figures``, or ``points``, ``network`` or ``activations``; None: all
                of ``model.figures`` that suit the data, beside each other.
            ax: axes that are replaced by the figure, or a SubFigure; None: a new figure.
            data: what to draw instead of the run's own data: a data module, or points, with their
                targets if the model learns such; see ``nnzoo.models.parts.align.data_for``.

        Returns:
            The matplotlib Figure.

        Raises:
            InputError: if the model has no such figure, or its data have none.
        """
        from nnzoo.models.pictures.plot import plot

        return plot(self.drawing(data), kind, ax)

    def drawing(self, data: Any = None) -> "Drawing":
        """Return the inputs of the figures of the run's own data, or of others; see ``plot``."""
        from nnzoo.runs.pictures import drawing_of

        own = data is None
        rows: Any = self.history.to_dict("records") if own and self.result["epochs"] else []
        drawn = self.data if own else data_for(self.model, data)
        result = self.result if own else self.result | {"data": name_of(data)}
        return drawing_of(
            *(result, self.model, self.untrained(), drawn, rows),
            own=own,
            epochs=self.config["trainer"]["max_epochs"],
        )

    def untrained(self) -> Model:
        """Return a model with the initial weights of the run."""
        with isolated():
            torch.manual_seed(self.config["seed"])
            model = type(self.model)(**self.model.hparams).to(self.model.dtype).eval()
        model.scaling.load_state_dict(self.model.scaling.state_dict())
        return model

    def save(self, folder: str | Path) -> Path:
        """Copy the run into a new folder for ``load_run`` and the commands; return its path. What
        others put into the run's folder, such as loggers, is not copied.

        Raises:
            InputError: if something is in the folder, or the run's own is gone or damaged.
            RunError: if it cannot be written.
        """
        return copy_run(self.folder, path_of(folder))


def read_history(file: Path) -> pd.DataFrame:
    """Return ``metrics.csv`` of a run as a DataFrame.

    Raises:
        InputError: if it is none of a run, or has no epoch.
    """
    try:
        frame = pd.DataFrame(read_numbers(file))
        return frame.astype({"epoch": int, "step": int})
    except (KeyError, ValueError) as error:
        raise InputError(f"{file} is not a table of the metrics of a run") from error


def load_run(folder: str | Path, allow: Sequence[str] = ()) -> Run:
    """Return a run from its folder.

    Args:
        folder: the run's folder.
        allow: packages whose classes its files may name, besides the catalogue's.

    Raises:
        InputError: if it is not the folder of a completed run.
    """
    return Run(folder, allow=allow)


def train(
    model: str,
    data: Any = None,
    y: Any = None,
    *,
    folder: str | Path | None = None,
    options: Mapping[str, Any] | None = None,
    **more: Any,
) -> Run:
    """Train a model as ``nnzoo train`` does.

    Args:
        model: name of an entry of the catalogue.
        data: a data set's name; points (points, features) as an array, tensor, lists, DataFrame or
            mapping of columns, or a pair (points, y); the file of a table; or a data module. None:
            the model's own data.
        y: targets of points, or the name of a column of a table; see ``nnzoo.data.own.table_of``.
            A mapping is taken as ``options``.
        folder: the run's folder, which must be empty or new; None: a temporary one.
        options: values by key of the command line, such as ``{"model.optimizer.lr": 0.01}``.
        more: the same by short names: arguments of the model, the data or Lightning's ``Trainer``,
            ``epochs``, ``lr``, ``seed`` and other keys. A ``Run`` stands for its folder, as in
            ``start_from=run``.

    Returns:
        The finished run.

    Raises:
        InputError: if an argument is not valid.
        RunError: if the training failed.
        KeyboardInterrupt: if it was interrupted.
    """
    if isinstance(y, Mapping):
        options, y = {**y, **(options or {})}, None
    choices, given = split_options(options, more)
    given = {key: str(v.folder) if isinstance(v, Run) else v for key, v in given.items()}
    name, points, given = source_of(data, y, given)
    temporary = TemporaryFolder() if folder is None else None
    path = path_of(folder) if temporary is None else temporary.path
    try:
        with isolated():
            config = config_with(base_config(model, name, choices), given, path)
            module = data if isinstance(data, DataModule) else None
            if points is not None:
                target = y
                if config["data"]["path"] is not None:
                    raise InputError("data are given, and path names a file of others")
                if config["data"]["target"] is not None:
                    if y is not None:
                        raise InputError("y and target are both given; leave one out")
                    target = config["data"]["target"]
                own = ("_target_", "path", "target")
                node = {key: value for key, value in config["data"].items() if key not in own}
                module = table_of(points, target, node)
                config |= {"data": None, "run": config["run"] | {"data": "points"}}
            typed = [*choices, *(f"{key}={value}" for key, value in given.items())]
            (result,) = run.train([config], [typed], data=module)
            if result.error is not None:
                raise result.error
            trained = Run(path, module)
    except BaseException as error:
        if temporary is not None:
            temporary.remove()
            if str(path) in str(error):
                parts = [part for part in str(error).split("; ") if str(path) not in part]
                error.args = ("; ".join([*parts, "give folder= to keep its files"]),)
        raise
    trained._temporary = temporary
    trained._frame = type(points) if is_frame(points) else None
    return trained
