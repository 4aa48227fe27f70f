"""The numbers of docs/models/grnn.md."""

from sklearn.neighbors import KNeighborsRegressor

from measured.formats import Commands, Numbers, only
from measured.neighbors import beside_neighbors


def numbers(ran: Commands) -> Numbers:
    """Return mean validation r2 beside that of nearest neighbors on the same points."""
    run = only(ran, "hydra.sweep.dir=multirun/grnn")
    return beside_neighbors(run, "val_r2", KNeighborsRegressor())
