"""The numbers of docs/models/rbf.md."""

from collections import defaultdict
from statistics import mean

from sklearn.svm import SVC

from measured.formats import CLOSE, Commands, Numbers, only, short
from nnzoo import load_run


def numbers(ran: Commands) -> Numbers:
    """Return mean validation accuracies beside those of a support vector machine on the same
    points, and how many centers a tolerance needs."""
    run = only(ran, "hydra.sweep.dir=multirun/rbf")
    found: defaultdict[str, list[float]] = defaultdict(list)
    for result, folder in zip(run.results, run.folders[1:], strict=True):
        loaded = load_run(folder)
        data, name = loaded.data, result["data"]
        found[f"{name}_{loaded.model.selection}"].append(result["metrics"]["val_accuracy"])
        if loaded.model.selection == "ols":
            peer = SVC().fit(data.train.x.numpy(), data.train.y.numpy())
            found[f"{name}_svc"].append(peer.score(data.val.x.numpy(), data.val.y.numpy()))
    every = only(ran, "hydra.sweep.dir=multirun/rbf_all").all("val_accuracy")
    found["two_spirals_all"] = list(every)
    (folder,) = only(ran, "model.tolerance=1e-4").folders
    centers = len(load_run(folder).model.centers())
    accuracies: Numbers = {name: (f"{mean(v):.3f}", CLOSE / 5) for name, v in found.items()}
    return accuracies | {"centers": (short(centers), CLOSE)}
