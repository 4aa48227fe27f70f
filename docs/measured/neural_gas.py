"""The numbers of docs/models/neural_gas.md."""

from statistics import mean

from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

from measured.dimensions import neighbors
from measured.formats import CLOSE, Commands, Numbers, only
from nnzoo import load_model, load_run


def numbers(ran: Commands) -> Numbers:
    """Return quantization errors divided by those of k-means with 10 starts on the same points,
    means over seeds, and numbers of neighbors."""
    run = only(ran, "hydra.sweep.dir=multirun/neural_gas")
    found: dict[str, list[tuple[float, float]]] = {}
    for result, folder in zip(run.results, run.folders[1:], strict=True):
        x = load_run(folder).data.train.x.double().numpy()
        ours = load_model(folder).layer.weight.detach().numpy()
        peer = KMeans(len(ours), n_init=10, random_state=result["seed"]).fit(x)
        errors = (cdist(x, weight).min(1).mean() for weight in (ours, peer.cluster_centers_))
        found.setdefault(result["data"], []).append(tuple(errors))
    ratios = {
        name: [mean(who) for who in zip(*pairs, strict=True)] for name, pairs in found.items()
    }
    errors = {name: (f"{ours / theirs:.3f}", CLOSE) for name, (ours, theirs) in ratios.items()}
    return errors | neighbors(only(ran, "hydra.sweep.dir=multirun/topology"))
