"""The numbers of docs/models/growing_neural_gas.md."""

from measured.dimensions import neighbors
from measured.formats import EXACT, Commands, Numbers, only


def numbers(ran: Commands) -> Numbers:
    """Return in how many runs the units form two groups, and numbers of neighbors."""
    run = only(ran, "hydra.sweep.dir=multirun/growing_neural_gas")
    found: dict[str, list[bool]] = {}
    for result in run.results:
        options = dict(override.split("=", 1) for override in result["overrides"])
        name = options["data"] + ("_source" if options["model.gap"] == "0" else "")
        found.setdefault(name, []).append(result["metrics"]["components"] == 2)
    two = {name: (str(sum(values)), EXACT) for name, values in found.items()}
    runs = {"runs": (str(len(found["moons"])), EXACT)}
    return two | runs | neighbors(only(ran, "hydra.sweep.dir=multirun/growing_topology"))
