"""Recall of patterns: states step by step, and how many patterns a network holds."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from nnzoo.figures.style import COLORS, ONE_PANEL, Array, canvas, heading
from nnzoo.figures.text import literal

MAX_PATTERNS = 5
"""Maximum number of patterns of ``recall``, a row each."""

MAX_STATES = 6
"""Maximum number of states of ``recall`` in a row; of more, equidistant ones are drawn."""

MAX_CELLS = 60
"""Maximum number of cells of a pattern in a row; more would be thinner than two dots."""

AMIT = 0.138
"""Load above which a Hopfield network with Hebb's rule recalls no random patterns."""


@literal
def recall(
    patterns: Array,
    states: Array,
    energy: Array | None = None,
    labels: Sequence[str] = (),
    *,
    image_shape: tuple[int, int] | None = None,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw stored patterns, noisy ones, and the states of their recall step by step, as images.

    There is a row for each of the first ``MAX_PATTERNS`` patterns: the pattern, the noisy pattern
    and the state after each step; at its end the energy by step. A state that is not the pattern
    at the end has a red frame.

    Args:
        patterns: (n, d), as stored.
        states: (steps + 1, n, d), first the noisy patterns.
        energy: (steps + 1, n); None: it is not drawn.
        labels: a word for each pattern; empty: none.
        image_shape: (height, width) with height * width = d; None: the components are not pixels
            but the cells of a row, or of a square of rows if they are more than ``MAX_CELLS``.
    """
    shown = min(len(patterns), MAX_PATTERNS)
    steps = np.linspace(0, len(states) - 1, min(len(states), MAX_STATES)).round().astype(int)
    height, width = image_shape or (1, patterns.shape[1])
    if height * width != patterns.shape[1]:
        raise ValueError(f"{patterns.shape[1]} values do not form an image of {image_shape}")
    if image_shape is None and width > MAX_CELLS:
        width = math.ceil(math.sqrt(width))
        height = math.ceil(patterns.shape[1] / width)
    rest = height * width - patterns.shape[1]  # empty cells of the last row
    columns = 1 + len(steps) + (energy is not None)
    tall, aspect = min(height / width, 3), "auto" if image_shape is None else "equal"
    figure = canvas(figure, (max(4.0, 1.1 * columns + 0.6), max(1.1 * tall, 0.9) * shown + 0.9))
    widths = [1.0] * (1 + len(steps)) + ([1.4] if energy is not None else [])
    rows = figure.subplots(shown, columns, squeeze=False, width_ratios=widths)
    low, high = patterns.min(), patterns.max()
    style: Any = {"vmin": low, "vmax": high, "cmap": "gray_r", "aspect": aspect}
    heads = ["pattern", *("noisy" if step == 0 else f"step {step}" for step in steps)]
    for k, row in enumerate(rows):
        images = [patterns[k], *(states[step][k] for step in steps)]
        for axes, image, head in zip(row, images, heads, strict=False):
            padded = np.pad(image, (0, rest), constant_values=np.nan)
            axes.imshow(padded.reshape(height, width), **style)
            axes.set(xticks=[], yticks=[], facecolor="#DDDDDD")  # of empty cells
            if k == 0:
                axes.set_title(head, fontsize="medium")
        if labels:
            row[0].set_ylabel(labels[k])
        if np.abs(states[-1][k] - patterns[k]).max() > 0.05 * (high - low):
            row[len(steps)].spines[:].set(color="#CC0000", linewidth=2.5)
        if energy is not None:
            _draw_energy(row[-1], energy[:, k], is_first=k == 0, is_last=k == shown - 1)
    missed = "red frame: another state than the pattern"
    heading(figure, title, note, missed)
    return figure


def _draw_energy(axes: Axes, energy: Array, *, is_first: bool, is_last: bool) -> None:
    axes.plot(energy, "o-", color=COLORS[0], markersize=3)
    axes.tick_params(labelsize="x-small")
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
    axes.tick_params(labelbottom=is_last)
    axes.yaxis.tick_right()
    axes.grid(alpha=0.3)
    if is_first:
        axes.set_title("energy", fontsize="medium")
    if is_last:
        axes.set_xlabel("step")


@literal
def capacity(
    loads: Array,
    errors: Mapping[str, Array],
    *,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw the share of wrong components of recalled patterns over the number of patterns stored.

    A vertical line marks ``AMIT``, the capacity of Hebb's rule for random patterns.

    Args:
        loads: (m,) numbers of patterns, divided by the number of units.
        errors: by rule, (m,) shares of wrong components.
    """
    figure = canvas(figure, ONE_PANEL)
    axes = figure.add_subplot()
    for k, ((rule, values), color) in enumerate(zip(errors.items(), COLORS, strict=False)):
        # equal curves stay visible: the later ones are thinner, on top of the earlier ones
        size = len(errors) - k
        axes.plot(loads, values, "o-", color=color, label=rule, lw=1.2 * size, ms=2.5 * size)
    axes.axvline(AMIT, color="#666666", linestyle="--", label=f"{AMIT} (Amit et al., 1985)")
    axes.set(xlabel="patterns stored / units", ylabel="share of components recalled wrong")
    axes.set_ylim(bottom=-0.01)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    heading(figure, title, note)
    return figure
