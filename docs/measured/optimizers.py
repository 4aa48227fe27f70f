"""The numbers of docs/optimizers.md."""

from measured.formats import EXACT, ROUGH, Commands, Numbers, only, short


def numbers(ran: Commands) -> Numbers:
    """Return how many networks of the sweep fit the parabola, and the largest error."""
    errors = only(ran, "hydra.sweep.dir=multirun/lm").all("loss")
    reached = sum(error <= 1e-7 for error in errors)
    return {"reached": (str(reached), EXACT), "largest": (short(max(errors), 1), ROUGH)}
