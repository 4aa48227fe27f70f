"""Files of the figures of a trained model."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from nnzoo import figures
from nnzoo.entries import title_of
from nnzoo.errors import listed, printable
from nnzoo.figures.rotation import axes_3d
from nnzoo.figures.style import ONE_PANEL, TWO_PANELS, Picture
from nnzoo.figures.text import missing_characters, no_font_warnings
from nnzoo.models import Model
from nnzoo.models.pictures.drawing import Drawing, subsampled
from nnzoo.models.pictures.kinds import PICTURES, WIDE
from nnzoo.runs.figure_options import FigureOptions
from nnzoo.runs.files import write_files, writing
from nnzoo.runs.text import capitalized

PNG = b"\x89PNG\r\n\x1a\n"
MAX_PNG = 2**24
"""Maximum size of a figure's file in bytes."""


def read_png(file: Path) -> bytes | None:
    """Return the content of a figure's file; None: it is no such file, such as what a link in a run
    of others leads to."""
    if not file.is_file() or file.stat().st_size > MAX_PNG:
        return None
    content = file.read_bytes()
    return content if content.startswith(PNG) else None


def drawing_of(
    result: Mapping[str, Any],
    model: Model,
    untrained: Model | None,
    data: Any,
    rows: list[dict[str, float]],
    own: bool = True,
    epochs: int | None = None,
) -> Drawing:
    """Return the inputs of a model's figures, with the words for the entries of the catalogue that
    ``result`` names as its model and data; see ``Drawing``."""
    title = in_words(result, getattr(data, "path", None), getattr(data, "kind", None))
    note = f"{result['model']} · {result['data']}"
    return Drawing(model, untrained, data, rows, title, None, note, own, epochs)


def in_words(result: Mapping[str, Any], file: Any = None, kind: Any = None) -> str:
    """Return the entries that ``result`` names as its model and data in words, as a title; data of
    a ``file`` have its name, and those of an entry with several kinds their ``kind``."""
    is_path = isinstance(file, str | Path)
    data = printable(Path(file).name) if is_path else title_of("data", result["data"])
    data = f"{data} ({printable(kind)})" if isinstance(kind, str) else data
    return capitalized(f"{title_of('model', result['model'])} on {data}")


@torch.no_grad()
@no_font_warnings()
def draw(
    drawing: Drawing,
    folder: Path,
    show: bool = False,
    rotate: bool = False,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Draw the model's figures into a folder.

    Args:
        drawing: inputs of the figures.
        folder: created if it does not exist.
        show: also open windows.
        rotate: also write each 3-D figure as a rotating GIF.
        options: kinds, format, dpi, size and style of the figures, see ``FigureOptions``; None:
            the defaults.
    """
    chosen = FigureOptions(**(options or {}))
    if show:
        from matplotlib import pyplot
    with writing(folder):
        folder.mkdir(exist_ok=True)
    drawing = subsampled(drawing)
    rotated, missing = False, set[str]()
    with chosen.context():
        for name in chosen.kinds or drawing.model.figures:
            size: Any = chosen.size or (TWO_PANELS if name in WIDE else ONE_PANEL)
            if show:
                drawing.figure = pyplot.figure(figsize=size)
            elif chosen.size is not None:
                drawing.figure = Picture(figsize=size)
            figure = PICTURES[name](drawing)
            if figure is None:
                if show:
                    pyplot.close()
                continue
            chosen.write(figure, folder / name)
            missing |= missing_characters(figure)
            if rotate and axes_3d(figure):
                movie = io.BytesIO()
                figures.rotate(figure, movie)
                write_files({folder / f"{name}.gif": movie.getbuffer()})
                rotated = True
    if rotate and not rotated:
        print("no figure is in 3-D: there is nothing to rotate")
    if missing:
        print(
            f"note: matplotlib finds no font with the characters {listed(sorted(missing))}, and "
            "figures show boxes for them: install one, such as Noto Sans CJK"
        )
    if show:
        if pyplot.get_backend().lower() == "agg":
            print("there is no screen to show the figures on; they are saved as files")
        else:
            pyplot.show()
        pyplot.close("all")
