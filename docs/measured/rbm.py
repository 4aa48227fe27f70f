"""The numbers of docs/models/rbm.md."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from measured.formats import ROUGH, Commands, Numbers, only, spread
from nnzoo import load_model, load_run
from nnzoo.nn import coverage, energy_distance


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
    return (
        found | likelihoods | gaussian(only(ran, "hydra.sweep.dir=multirun/gaussian").folders[1:])
    )


def gaussian(folders: Sequence[Path]) -> Numbers:
    """Return how samples of gaussian units on clusters differ from the points, beside those of a
    normal distribution."""
    distances, normals, near = [], [], []
    for folder in folders:
        run = load_run(folder)
        points = run.data.scaling(run.data.points.x).double()
        samples = run.data.scaling(torch.as_tensor(run.sample(len(points)))).double()
        mean, covariance = points.mean(0), points.T.cov()
        torch.manual_seed(0)
        normal = MultivariateNormal(mean, covariance).sample((len(points),))
        distances.append(float(energy_distance(samples, points)))
        normals.append(float(energy_distance(normal, points)))
        centroids = run.data.scaling(run.data.points.centroids).double()
        near.append(coverage(samples, points, centroids)["within_3sd"])
    return (
        spread("distance", distances, ROUGH)
        | spread("distance_normal", normals, ROUGH)
        | spread("near", near)
    )
