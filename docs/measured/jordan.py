"""The numbers of docs/models/jordan.md."""

from pathlib import Path
from statistics import mean

import torch

from measured.formats import CLOSE, EXACT, Commands, Numbers, only, short
from nnzoo import load_model
from nnzoo.data.sequences import SQUARE

STARTS, STEPS, NEAR = 100, 100, 0.05
"""Number of random starts, steps after them, and distance from the corners that counts as near."""


def numbers(ran: Commands) -> Numbers:
    """Return how well the square is learned and how it attracts, and errors beside Elman's."""
    found: Numbers = {}
    for name, folder in (("forced", "square"), ("free", "free"), ("cut", "cut")):
        run = only(ran, f"hydra.sweep.dir=multirun/{folder}")
        found[name] = (short(mean(run.all("rmse")), 2), 2 * CLOSE)
        shares = [attracted(jobs) for jobs in run.folders[1:]]
        found[f"{name}_back"] = (short(100 * mean(shares), 3), CLOSE if name == "forced" else 0.3)
        found[f"{name}_all"] = (str(shares.count(1.0)), EXACT if name == "forced" else 0.5)
    run = only(ran, "hydra.sweep.dir=multirun/amplitude")
    for model in ("elman", "jordan"):
        own = [r["metrics"]["rmse"] for r in run.results if f"model={model}" in r["overrides"]]
        found[model] = (short(mean(own), 2), CLOSE)
    return found


@torch.no_grad()
def attracted(folder: Path) -> float:
    """Return the share of random starts after which the outputs of both plans get to the corners of
    the square, in order."""
    model, corners = load_model(folder), torch.tensor(SQUARE)
    before = torch.rand(STARTS, 2, generator=torch.Generator().manual_seed(0))
    shares = []
    for plan, ordered in ((0.0, corners), (1.0, corners.flip(0))):
        last = model.predict_from(torch.full((STARTS, STEPS, 1), plan), before)[:, -4:]
        turned = torch.stack([ordered.roll(k, 0) for k in range(4)])
        far = (last[:, None] - turned).norm(dim=-1).amax(2).amin(1)
        shares.append(float((far < NEAR).float().mean()))
    return mean(shares)
