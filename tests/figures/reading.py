"""Helpers that read the contents of a figure."""

import numpy as np


def normal(n, d):
    """Fixed random points (n, d)."""
    return np.random.default_rng(n).normal(size=(n, d))


def legends(figure):
    """The legends beside the axes and within them."""
    return [*figure.legends, *filter(None, (axes.get_legend() for axes in figure.axes))]


def legend(figure):
    return [text.get_text() for box in legends(figure) for text in box.get_texts()]


def note(figure):
    """The small text below a figure."""
    return figure.get_supxlabel()


def drawn(axes):
    """The points of each scatter call, (n, 2), or (n, 3) on 3-D axes."""
    return [
        np.column_stack(c._offsets3d) if hasattr(c, "_offsets3d") else c.get_offsets().data
        for c in axes.collections
        if hasattr(c, "get_sizes")
    ]


def labels(axes):
    return [axes.get_xlabel(), axes.get_ylabel()]


def assert_whole(figure):
    """Nothing exceeds the figure, and the legend overlaps neither axes nor a title."""
    figure.draw_without_rendering()
    everything = figure.get_tightbbox()
    assert everything.min.min() >= 0
    assert (everything.max <= figure.get_size_inches()).all()
    titles = [axes.title for axes in figure.axes] + [figure._suptitle] * bool(figure._suptitle)
    for box in figure.legends:
        extent = box.get_window_extent()
        assert extent.x0 > max(axes.get_window_extent().x1 for axes in figure.axes)
        assert not any(title.get_window_extent().overlaps(extent) for title in titles)
