"""The numbers of docs/models/som.md."""

from statistics import mean

from minisom import MiniSom
from scipy.spatial.distance import cdist
from torch import from_numpy

from measured.formats import CLOSE, Commands, Numbers, only
from nnzoo import load_model, load_run


def numbers(ran: Commands) -> Numbers:
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
