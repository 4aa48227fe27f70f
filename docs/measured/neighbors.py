"""A network beside the nearest neighbors."""

from collections import defaultdict
from statistics import mean
from typing import Any

from measured.formats import CLOSE, Numbers
from nnzoo import load_run


def beside_neighbors(run: Any, metric: str, peer: Any) -> Numbers:
    """Return the means of a metric of a sweep by data set, and as ``NAME_knn`` those of the score
    of an estimator of scikit-learn, fitted to the same points, on the validation part."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for result, folder in zip(run.results, run.folders[1:], strict=True):
        data = load_run(folder).data
        peer.fit(data.train.x.numpy(), data.train.y.numpy())
        found[result["data"]].append(result["metrics"][metric])
        found[f"{result['data']}_knn"].append(peer.score(data.val.x.numpy(), data.val.y.numpy()))
    return {name: (f"{mean(values):.3f}", CLOSE / 5) for name, values in found.items()}
