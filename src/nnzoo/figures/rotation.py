"""A 3-D figure turned once around, as a moving picture."""

from io import BytesIO
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image

COLOURS = 128
DPI = 75
SECONDS = 3.6


def rotate(figure: Figure, path: str | Path, frames: int = 36) -> None:
    """Write a GIF, played again and again, in which a figure's 3-D axes turn once around.

    The figure stays as it was. ValueError when it has no 3-D axes.
    """
    turned = axes_3d(figure)
    if not turned:
        raise ValueError("the figure has no 3-D axes: there is nothing to rotate")
    starts = [axes.azim for axes in turned]

    def turn(degrees: float) -> None:
        for axes, start in zip(turned, starts, strict=True):
            axes.view_init(elev=axes.elev, azim=start + degrees, roll=axes.roll)

    layout = figure.get_layout_engine()
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # or the axes would be placed anew in each frame
    extents = [figure.bbox_inches]
    for angle in range(0, 360, 30):  # labels change sides, and may then reach beyond the figure
        turn(angle)
        figure.draw_without_rendering()
        extents.append(figure.get_tightbbox())
    images = []
    for frame in range(frames):
        turn(360 * frame / frames)
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI, bbox_inches=Bbox.union(extents))
        images.append(Image.open(buffer).convert("RGB"))
    turn(0)
    figure.set_layout_engine(layout)

    # One palette for all frames, so that no colour flickers; this way of choosing it keeps colours
    # of which there is little.
    palette = images[0].quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=1)
    first, *rest = (image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images)
    first.save(
        path, save_all=True, append_images=rest, duration=round(1000 * SECONDS / frames), loop=0
    )


def axes_3d(figure: Figure) -> list[Any]:
    """The figure's 3-D axes."""
    return [axes for axes in figure.axes if axes.name == "3d"]
