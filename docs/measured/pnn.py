"""The numbers of docs/models/pnn.md."""

from sklearn.neighbors import KNeighborsClassifier

from measured.formats import Commands, Numbers, only
from measured.neighbors import beside_neighbors


def numbers(ran: Commands) -> Numbers:
    """Return mean validation accuracies beside those of nearest neighbors on the same points."""
    run = only(ran, "hydra.sweep.dir=multirun/pnn")
    return beside_neighbors(run, "val_accuracy", KNeighborsClassifier())
