"""The numbers of docs/models/rbm.md."""

from torch import Tensor

from measured.formats import Commands, Numbers, only, spread
from nnzoo import load_model


def share_valid(samples: Tensor, side: int) -> float:
    """Return the share of images with columns, or rows, of one color each."""
    images = samples.reshape(-1, side, side)
    bars = (images == images[:, :1]).all((1, 2)) | (images == images[:, :, :1]).all((1, 2))
    return float(bars.double().mean())


def numbers(ran: Commands) -> Numbers:
    """Return the exact likelihoods, and how many samples are bars or stripes."""
    sweep = only(ran, "hydra.sweep.dir=multirun/rbm")
    valid = [share_valid(load_model(folder).sample(1000), 4) for folder in sweep.folders[1:]]
    found = spread("valid", valid)
    likelihoods = spread("likelihood", sweep.all("log_likelihood"))
    by_steps = only(ran, "hydra.sweep.dir=multirun/bars").results
    for k in (1, 10):
        chosen = [r["metrics"] for r in by_steps if f"model.gibbs_steps={k}" in r["overrides"]]
        likelihoods |= spread(f"steps_{k}", [metrics["log_likelihood"] for metrics in chosen])
    return found | likelihoods
