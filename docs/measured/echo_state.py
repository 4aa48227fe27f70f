"""The numbers of docs/models/echo_state.md."""

from math import log10
from statistics import mean

from measured.formats import CLOSE, Commands, Numbers, only, short


def numbers(ran: Commands) -> Numbers:
    """Return the logarithm of the error after 84 steps of free runs."""
    found = [log10(nrmse) for nrmse in only(ran, "hydra.sweep.dir=multirun/free").all("nrmse_84")]
    return {"nrmse": (short(mean(found), 2), CLOSE), "worst": (short(max(found), 2), CLOSE)}
