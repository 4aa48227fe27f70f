"""The numbers of docs/models/glvq.md."""

from measured.formats import CLOSE, Commands, Numbers, only
from measured.means import mean_by


def numbers(ran: Commands) -> Numbers:
    """Return the accuracy of each metric on each data set, means over seeds."""
    run = only(ran, "hydra.sweep.dir=multirun/glvq")
    found = mean_by(run.results, "val_accuracy", "data", "model.metric")
    return {"_".join(key): (f"{value:.3f}", CLOSE) for key, value in found.items()}
