"""The numbers of docs/models/pnn.md."""

from collections import defaultdict
from statistics import mean

from sklearn.neighbors import KNeighborsClassifier

from measured.formats import CLOSE, Commands, Numbers, only
from nnzoo import load_run


def numbers(ran: Commands) -> Numbers:
    """Return mean validation accuracies beside those of nearest neighbors on the same points."""
    run = only(ran, "hydra.sweep.dir=multirun/pnn")
    found: defaultdict[str, list[float]] = defaultdict(list)
    for result, folder in zip(run.results, run.folders[1:], strict=True):
        data = load_run(folder).data
        peer = KNeighborsClassifier().fit(data.train.x.numpy(), data.train.y.numpy())
        found[result["data"]].append(result["metrics"]["val_accuracy"])
        found[f"{result['data']}_knn"].append(peer.score(data.val.x.numpy(), data.val.y.numpy()))
    return {name: (f"{mean(values):.3f}", CLOSE / 5) for name, values in found.items()}
