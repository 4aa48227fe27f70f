"""The numbers of docs/models/modern_hopfield.md."""

from measured.formats import CLOSE, Commands, Numbers, only, short
from nnzoo import load_run


def numbers(ran: Commands) -> Numbers:
    """Return how many letters are recalled from noisy ones, by beta."""
    run = only(ran, "hydra.sweep.dir=multirun/modern_hopfield")
    numbers: Numbers = {}
    for result, folder in zip(run.results, run.folders[1:], strict=True):
        beta = short(float(load_run(folder).model.beta)).replace(".", "_")
        for name, metric in (("recalled", "recalled"), ("error", "noisy_error")):
            numbers[f"{name}_{beta}"] = (short(result["metrics"][metric], 2), CLOSE)
    return numbers
