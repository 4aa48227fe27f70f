"""The numbers of docs/models/hopfield.md."""

from statistics import mean

from measured.formats import CLOSE, Commands, Numbers, only, short, spread
from nnzoo import load_run


def numbers(ran: Commands) -> Numbers:
    """Return how the rules recall random patterns from noisy ones, over the seeds."""
    run = only(ran, "hydra.sweep.dir=multirun/hopfield")
    found: dict[str, list[dict[str, float]]] = {}
    for result, folder in zip(run.results, run.folders[1:], strict=True):
        rule = load_run(folder).model.rule
        found.setdefault(rule, []).append(result["metrics"])
    numbers: Numbers = {}
    for rule, metrics in found.items():
        recalled = spread(f"{rule}_recalled", [m["recalled"] for m in metrics])
        if rule != "hebb":  # all seeds are equal
            recalled.pop(f"{rule}_recalled_range")
        numbers |= recalled
        numbers[f"{rule}_error"] = (short(mean(m["noisy_error"] for m in metrics)), CLOSE)
    return numbers
