"""How the weights and the threshold of a unit decide for how many points it fires."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from nnzoo.figures.points import as_points, as_values
from nnzoo.figures.style import COLOURS, TWO_PANELS, canvas, colour, legend_beside, wrapped

STEPS = 300
MOST_FACTOR = 3.0


def decision_shares(
    x: NDArray[Any],
    weight: NDArray[Any],
    bias: float,
    *,
    feature_names: Sequence[str],
    class_name: str,
    title: str,
    figure: Figure | None = None,
) -> Figure:
    """Draw how the share of points x (n, d) that a threshold unit fires for hangs on its numbers.

    The unit fires, which stands for the class named, where `w·x + b > 0`. Left: as each weight (d,)
    in turn is multiplied by a factor from 0 to MOST_FACTOR, the others as they are. Right: as the
    threshold `-b` is raised. Of more features than there are colours, those of the largest |weight|
    are drawn. ValueError when shapes or names do not fit.
    """
    x = as_points(x)
    d = x.shape[1]
    weight = as_values(weight, d, "weight")
    if len(feature_names) != d:
        raise ValueError(f"{len(feature_names)} feature names for {d} features")
    figure = canvas(figure, TWO_PANELS)
    left, right = figure.subplots(1, 2)

    net = x @ weight
    factors = np.linspace(0, MOST_FACTOR, STEPS + 1)
    largest = np.argsort(-np.abs(weight), kind="stable")[: len(COLOURS)]
    for i, k in enumerate(sorted(largest)):
        change = weight[k] * x[:, k]
        shares = [(net + (factor - 1) * change + bias > 0).mean() for factor in factors]
        label = f"{feature_names[k]} (w={weight[k] + 0.0:.3g})"  # + 0.0: for no -0
        left.plot(factors, shares, color=colour(i), label=wrapped(label, 28))
    low, high = left.dataLim.intervaly
    left.set_ylim(max(low - 0.05, -0.005), min(high + 0.05, 1.005))
    left.axvline(1, color="black", linestyle=":", label="as learned")
    some = f"\n({len(largest)} of {d}, those of the largest |w|)" if len(largest) < d else ""
    left.set(title=f"one weight is multiplied{some}", xlabel="multiplier")
    left.set_ylabel(wrapped(f"share of points decided as {class_name}"))

    ends = np.array([net.min(), net.max(), -bias])
    margin = np.ptp(ends) / 20 or 1.0
    thresholds = np.linspace(ends.min() - margin, ends.max() + margin, STEPS + 1)
    right.plot(thresholds, [(net > threshold).mean() for threshold in thresholds], color="black")
    right.set_ylim(-0.03, 1.03)
    right.axvline(-bias, color="black", linestyle=":")
    right.set(title="the threshold is raised", xlabel="threshold on w·x")
    right.locator_params(axis="x", nbins=6)
    for axes in (left, right):
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.grid(alpha=0.3)
    figure.suptitle(title)
    legend_beside(figure, left)
    return figure
