"""The numbers of docs/models/cascade_correlation.md."""

from statistics import mean

from measured.formats import CLOSE, EXACT, Commands, Numbers, only, short


def numbers(ran: Commands) -> Numbers:
    """Return how many seeds solve the two spirals, and with how many hidden units."""
    run = only(ran, "hydra.sweep.dir=multirun/two_spirals")
    units = run.all("hidden_units")
    return {
        "solved": (str(list(run.all("accuracy")).count(1)), EXACT),
        "least": (short(min(units)), 0.3),
        "most": (short(max(units)), 0.3),
        "mean": (short(mean(units), 3), CLOSE),
    }
