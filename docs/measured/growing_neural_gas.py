"""The numbers of docs/models/growing_neural_gas.md."""

from measured.formats import EXACT, Commands, Numbers, only


def numbers(ran: Commands) -> Numbers:
    """Return in how many runs the units form two groups."""
    run = only(ran, "hydra.sweep.dir=multirun/growing_neural_gas")
    found = sum(result["metrics"]["components"] == 2 for result in run.results)
    return {"two": (str(found), EXACT), "runs": (str(len(run.results)), EXACT)}
