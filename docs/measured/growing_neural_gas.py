"""The numbers of docs/models/growing_neural_gas.md."""

from measured.dimensions import neighbors
from measured.formats import EXACT, Commands, Numbers, only


def numbers(ran: Commands) -> Numbers:
    """Return in how many runs the units form two groups, and numbers of neighbors."""
    run = only(ran, "hydra.sweep.dir=multirun/growing_neural_gas")
    found = sum(result["metrics"]["components"] == 2 for result in run.results)
    two = {"two": (str(found), EXACT), "runs": (str(len(run.results)), EXACT)}
    return two | neighbors(only(ran, "hydra.sweep.dir=multirun/growing_topology"))
