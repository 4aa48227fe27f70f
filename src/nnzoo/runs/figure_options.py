"""Options of the files of figures: kinds, format, resolution, size and style."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from nnzoo.errors import InputError, check_choice, check_float, check_int
from nnzoo.models import Model
from nnzoo.runs.files import write_files

FORMATS = ("png", "pdf", "svg")

FIXED: dict[Any, Any] = {"svg.hashsalt": "nnzoo", "svg.fonttype": "none", "pdf.fonttype": 42}
"""Settings for equal files of equal figures, and for text as text."""

METADATA: dict[str, Any] = {"png": None, "pdf": {"CreationDate": None}, "svg": {"Date": None}}
"""Metadata without the time of writing."""


@dataclass
class FigureOptions:
    """How figures are written; checked on creation.

    Attributes:
        kinds: names of the figures; None: those of the model that suit its data.
        format: png, pdf or svg, or a list of them: a file of each is written.
        dpi: pixels per inch of a PNG, at least 10.
        size: width and height in inches; None: that of each figure.
        style: a style of matplotlib, or the path of a style file; None: its default.

    Raises:
        InputError: if a value is not valid.
    """

    kinds: Sequence[str] | None = None
    format: str | Sequence[str] = "png"
    dpi: int = 120
    size: Sequence[float] | None = None
    style: str | None = None

    def __post_init__(self) -> None:
        if not self.formats:
            raise InputError("figures.format is an empty list; name png, pdf or svg")
        for name in self.formats:
            check_choice("figures.format", name, FORMATS)
        check_int("figures.dpi", self.dpi, low=10, high=2400)
        if self.size is not None:
            if not isinstance(self.size, list | tuple) or len(self.size) != 2:
                raise InputError(
                    "figures.size must be [width, height] in inches, such as [6.4, 4.8]; "
                    f"got {self.size!r}"
                )
            for value in self.size:
                check_float("each of figures.size", value, low=1, high=100)
        if self.kinds is not None and not (
            isinstance(self.kinds, list | tuple) and self.kinds and all(map(_is_text, self.kinds))
        ):
            raise InputError(
                "figures.kinds must be a list of figures, such as [network, activations]; "
                f"got {self.kinds!r}"
            )
        if self.style is not None:
            with self.context():
                pass

    @property
    def formats(self) -> list[str]:
        """The formats, as a list."""
        given: Any = self.format
        return list(given) if isinstance(given, list | tuple) else [given]

    def check(self, model: Model, data: Any) -> None:
        """Raise an InputError if the model has no figure of one of the kinds, or none that suits
        its data."""
        if self.kinds is None:
            return
        from nnzoo.models.pictures.plot import (  # matplotlib is slow to import
            kinds_of,
            kinds_that_suit,
        )

        for kind in self.kinds:
            check_choice("figure in figures.kinds:", kind, kinds_of(model))
        known = kinds_that_suit(model, data)
        for kind in self.kinds:
            if kind not in known:
                raise InputError(
                    f"figures.kinds: there is no figure {kind} of {type(model).__name__} on these "
                    f"data; there are: {', '.join(known)}"
                )

    @contextmanager
    def context(self) -> Iterator[None]:
        """Set matplotlib's style in a block.

        Raises:
            InputError: if there is no such style, or its file cannot be read.
        """
        from matplotlib import rc_context, style

        with rc_context():
            if self.style is not None:
                known = [name for name in style.available if not name.startswith("_")]
                if not _is_text(self.style) or not Path(self.style).is_file():
                    check_choice("figures.style", self.style, ["default", *known])
                try:
                    style.use(self.style)
                except Exception as error:  # matplotlib's errors of files have no common class
                    raise InputError(f"figures.style={self.style}: {error}") from error
            yield

    def write(self, figure: Any, path: Path) -> list[Path]:
        """Write a figure as ``path`` with the ending of each format, and return these files; the
        same figure gives the same bytes."""
        from matplotlib import rc_context

        files: dict[Path, bytes | memoryview] = {}
        for name in self.formats:
            file = io.BytesIO()
            with rc_context(FIXED):
                figure.savefig(file, format=name, dpi=self.dpi, metadata=METADATA[name])
            files[path.with_name(f"{path.name}.{name}")] = file.getbuffer()
        write_files(files)
        return list(files)


def figure_options(config: Any) -> dict[str, Any]:
    """Return the arguments of ``FigureOptions`` in the group ``figures`` of a config, which may be
    older than some of them."""
    return {f.name: config[f.name] for f in fields(FigureOptions) if f.name in config}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
