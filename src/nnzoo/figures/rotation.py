"""Animated GIF of a rotating 3-D figure."""

from io import BytesIO
from pathlib import Path
from typing import IO, Any

from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from PIL import Image

COLORS, DPI, SECONDS = 128, 75, 3.6
"""Number of colors of the palette, pixels per inch, and duration of one rotation."""


def rotate(figure: Figure, path: str | Path | IO[bytes], frames: int = 36) -> None:
    """Write a looping GIF in which the 3-D axes of a figure rotate once; the figure is unchanged.

    Raises:
        ValueError: if the figure has no 3-D axes.
    """
    rotating = axes_3d(figure)
    if not rotating:
        raise ValueError("the figure has no 3-D axes to rotate")
    starts = [axes.azim for axes in rotating]

    def rotate_by(degrees: float) -> None:
        for axes, start in zip(rotating, starts, strict=True):
            axes.view_init(elev=axes.elev, azim=start + degrees, roll=axes.roll)

    layout = figure.get_layout_engine()
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # keep the position of the axes in all frames
    extents = [figure.bbox_inches]
    for angle in range(0, 360, 30):  # labels change sides and may exceed the figure
        rotate_by(angle)
        figure.draw_without_rendering()
        extents.append(figure.get_tightbbox())
    images = []
    for frame in range(frames):
        rotate_by(360 * frame / frames)
        buffer = BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI, bbox_inches=Bbox.union(extents))
        images.append(Image.open(buffer).convert("RGB"))
    rotate_by(0)
    figure.set_layout_engine(layout)

    # Use one palette for all frames to avoid flicker. MAXCOVERAGE keeps rare colors.
    palette = images[0].quantize(COLORS, method=Image.Quantize.MAXCOVERAGE, kmeans=1)
    first, *rest = (image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images)
    duration = round(1000 * SECONDS / frames)
    first.save(path, "gif", save_all=True, append_images=rest, duration=duration, loop=0)


def axes_3d(figure: Figure) -> list[Any]:
    """Return the 3-D axes of the figure."""
    return [axes for axes in figure.axes if axes.name == "3d"]
