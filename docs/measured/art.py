"""The numbers of docs/models/art.md."""

from measured.formats import CLOSE, EXACT, Commands, Numbers, only
from measured.means import mean_by


def numbers(ran: Commands) -> Numbers:
    """Return the number of categories by vigilance, and the epochs that changed weights."""
    run = only(ran, "hydra.sweep.dir=multirun/art")
    found = mean_by(run.results, "categories", "model.vigilance")
    # The last epoch of a run that ended early is the one that changed nothing.
    epochs = max(result["epochs"] for result in run.results) - 1
    counts = {f"v{v.replace('.', '')}": (f"{n:.1f}", CLOSE) for (v,), n in found.items()}
    return counts | {"epochs": (str(epochs), EXACT)}
