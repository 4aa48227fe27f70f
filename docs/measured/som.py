"""The numbers of docs/models/som.md."""

from statistics import mean

import numpy as np
from minisom import MiniSom
from scipy.optimize import linprog
from scipy.spatial.distance import cdist
from torch import from_numpy

from measured.formats import CLOSE, EXACT, Commands, Numbers, only
from nnzoo import load_model, load_run

BIRDS = ("dove", "hen", "duck", "goose", "owl", "hawk", "eagle")
HOOFED = ("horse", "zebra", "cow")
HUNTERS = ("fox", "wolf", "cat", "tiger", "lion")


def numbers(ran: Commands) -> Numbers:
    """Return the errors of maps relative to MiniSom's, and the groups on the map of animals."""
    return errors(ran) | animals(ran)


def errors(ran: Commands) -> Numbers:
    """Return the errors of maps divided by MiniSom's on the same points, means over seeds."""
    run = only(ran, "hydra.sweep.dir=multirun/som")
    found: dict[tuple[str, str], list[float]] = {}
    for result, folder in zip(run.results, run.folders[1:], strict=True):
        data = load_run(folder).data
        x, model = data.train.x, load_model(folder)
        peer = MiniSom(8, 8, x.shape[1], random_seed=result["seed"])
        peer.random_weights_init(x.numpy())
        peer.train(x.numpy(), 20 * len(x), random_order=True)
        theirs = from_numpy(peer.get_weights().swapaxes(0, 1).reshape(64, -1).copy())
        for weight, who in ((model.layer.weight, "ours"), (theirs, "theirs")):
            two = cdist(x.numpy(), weight.detach().numpy())
            first, second = two.argsort(1)[:, :2].T
            apart = ~model.grid.adjacent()[first, second]
            errors = two.min(1).mean(), float(apart.float().mean())
            for name, value in zip(("quantization", "topographic"), errors, strict=True):
                found.setdefault((f"{result['data']}_{name}", who), []).append(value)
    names = {name for name, _ in found}
    ratios = {name: mean(found[name, "ours"]) / mean(found[name, "theirs"]) for name in names}
    return {name: (f"{ratio:.2f}", CLOSE) for name, ratio in ratios.items()}


def animals(ran: Commands) -> Numbers:
    """Return on how many maps a straight line has a group of animals on its one side."""
    run = only(ran, "hydra.sweep.dir=multirun/animals")
    counts = {"birds": 0, "hoofed": 0}
    for folder in run.folders[1:]:
        points, model = load_run(folder).data.points, load_model(folder)
        places = model.positions[model.winners(points.x[:16])].double().numpy()
        by_name = dict(zip(points.class_names, places, strict=True))
        mammals = [name for name in by_name if name not in BIRDS]
        for group, (one, other) in {"birds": (BIRDS, mammals), "hoofed": (HOOFED, HUNTERS)}.items():
            counts[group] += has_line([by_name[name] for name in one], [by_name[n] for n in other])
    return {k: (str(n), EXACT) for k, n in (counts | {"maps": len(run.results)}).items()}


def has_line(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    """Return whether a straight line separates two groups of points in the plane."""
    sides = [[*p, 1] for p in one] + [[-a for a in (*p, 1)] for p in other]
    free = [(None, None)] * 3
    return linprog(np.zeros(3), -np.array(sides), -np.ones(len(sides)), bounds=free).status == 0
