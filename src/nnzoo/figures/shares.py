"""How the decisions of a threshold unit depend on its weights and its threshold."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from nnzoo.figures.legends import add_legend
from nnzoo.figures.points import as_floats
from nnzoo.figures.style import COLORS, TWO_PANELS, Array, canvas, heading, legend_label, wrapped
from nnzoo.figures.text import literal

LINES = COLORS[:10]
"""Colors of the lines in the left panel."""

STEPS, MAX_FACTOR = 300, 3.0
"""Number of intervals along each x axis, and the largest factor."""


@literal
def decision_shares(
    x: Array,
    weight: Array,
    bias: float,
    *,
    feature_names: Sequence[str],
    class_name: str,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw how the decisions of a threshold unit depend on its weights and its threshold.

    The unit fires, and so predicts the named class, if ``w·x + b > 0``. Both panels show the share
    of points for which it fires. In the left panel, one weight at a time is multiplied by a factor
    from 0 to ``MAX_FACTOR``. In the right panel, the threshold ``-b`` changes. If there are more
    features than colors, the left panel shows those with the largest |weight|.

    Args:
        x: (n, d).
        weight, bias: w (d,) and b.
        class_name: name of the class for which the unit fires.
    """
    x = as_floats(x, "x", "n", "d")
    d = x.shape[1]
    weight = as_floats(weight, "weight", d)
    if len(feature_names) != d:
        raise ValueError(f"{len(feature_names)} feature names for {d} features")
    figure = canvas(figure, TWO_PANELS)
    left, right = figure.subplots(1, 2)

    net = x @ weight
    factors = np.linspace(0, MAX_FACTOR, STEPS + 1)
    largest = np.argsort(-np.abs(weight), kind="stable")[: len(LINES)]
    for i, k in enumerate(sorted(largest)):
        change = weight[k] * x[:, k]
        shares = [(net + (factor - 1) * change + bias > 0).mean() for factor in factors]
        label = f"{feature_names[k]} (w={weight[k] + 0.0:.3g})"  # + 0.0 turns -0 into 0
        left.plot(factors, shares, color=LINES[i], label=legend_label(wrapped(label, 28)))
    low, high = left.dataLim.intervaly
    left.set_ylim(max(low - 0.05, -0.005), min(high + 0.05, 1.005))
    left.axvline(1, color="black", linestyle=":", label="as learned")
    subset_note = f"\n({len(largest)} of {d}, with the largest |w|)" if len(largest) < d else ""
    left.set(title=f"one weight is multiplied{subset_note}", xlabel="multiplier")
    left.set_ylabel(wrapped(f"share of points classified as {class_name}"))

    ends = np.array([net.min(), net.max(), -bias])
    margin = np.ptp(ends) / 20 or 1.0
    thresholds = np.linspace(ends.min() - margin, ends.max() + margin, STEPS + 1)
    right.plot(thresholds, [(net > threshold).mean() for threshold in thresholds], color="black")
    right.axvline(-bias, color="black", linestyle=":")
    right.set(title="the threshold changes", xlabel="threshold on w·x", ylim=(-0.03, 1.03))
    right.locator_params(axis="x", nbins=6)
    for axes in (left, right):
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.grid(alpha=0.3)
    heading(figure, title, note)
    add_legend(figure, left, "weight")
    return figure
