"""The numbers of docs/models/hamming.md."""

from measured.formats import CLOSE, Commands, Numbers, only, short
from nnzoo import load_run


def numbers(ran: Commands) -> Numbers:
    """Return how many letters are recalled, by the share of wrong pixels."""
    run = only(ran, "hydra.sweep.dir=multirun/hamming")
    numbers: Numbers = {}
    for result, folder in zip(run.results, run.folders[1:], strict=True):
        noise = short(float(load_run(folder).model.noise)).replace(".", "_")
        numbers[f"recalled_{noise}"] = (short(result["metrics"]["recalled"]), CLOSE)
    return numbers
