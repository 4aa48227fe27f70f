"""The numbers of docs/models/grnn.md."""

from collections import defaultdict
from statistics import mean

from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsRegressor

from measured.formats import CLOSE, Commands, Numbers, only
from nnzoo import load_run


def numbers(ran: Commands) -> Numbers:
    """Return mean validation r2 beside that of nearest neighbors on the same points."""
    run = only(ran, "hydra.sweep.dir=multirun/grnn")
    found: defaultdict[str, list[float]] = defaultdict(list)
    for result, folder in zip(run.results, run.folders[1:], strict=True):
        data = load_run(folder).data
        peer = KNeighborsRegressor().fit(data.train.x.numpy(), data.train.y.numpy())
        found[result["data"]].append(result["metrics"]["val_r2"])
        score = r2_score(data.val.y.numpy(), peer.predict(data.val.x.numpy()))
        found[f"{result['data']}_knn"].append(score)
    return {name: (f"{mean(values):.3f}", CLOSE / 5) for name, values in found.items()}
