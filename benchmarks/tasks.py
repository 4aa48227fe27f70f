"""The timed trainings, described so that nnzoo and other libraries do the same work."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from omegaconf import OmegaConf
from torch import Tensor

from benchmarks.measure import Seconds
from benchmarks.stages import Stopwatch
from nnzoo.catalogue import build, build_model, composed
from nnzoo.data import DataModule
from nnzoo.models.bases.winner_take_all import WinnerTakeAll
from nnzoo.models.training.optimizers import build_optimizer
from nnzoo.runs.run import train


@dataclass
class Task:
    """A training.

    Attributes:
        overrides: of the command line.
        widths: of the layers, beginning with the inputs.
        hidden, output: activations; the output is sigmoid or softmax.
        loss: mse, binary_crossentropy or sparse_categorical_crossentropy, as in Keras.
        rate: learning rate of Adam.
        epochs: number of epochs.
        batch: points per step.
        x: (points, features).
        y: targets.
    """

    overrides: tuple[str, ...]
    widths: list[int]
    hidden: str
    output: str
    loss: str
    rate: float
    epochs: int
    batch: int
    x: Tensor
    y: Tensor

    @property
    def steps(self) -> int:
        """Number of batches in the whole training."""
        return self.epochs * -(-len(self.x) // self.batch)


OVERRIDES = {
    "autoencoder": ("model=autoencoder",),
    "sigmoid_classifier": ("model=sigmoid_classifier",),
    "mlp": ("model=mlp", "data=digits"),
}
"""The autoencoder of the tutorial; XOR; the digits."""


def config(folder: Path, *overrides: str) -> dict[str, Any]:
    """Compose ``conf/train.yaml`` for a run without figures in a new folder."""
    named = dict(override.split("=", 1) for override in overrides)
    names = [f"run.{group}={named.get(group, 'default')}" for group in ("model", "data")]
    run = Path(tempfile.mkdtemp(dir=folder))
    # ++ as the command does: keys that the YAML leaves out are set too.
    forced = [f"++{item}" if "." in item.partition("=")[0] else item for item in overrides]
    found = composed([f"run.folder={run}", *names, "figures=none", *forced])
    plain: Any = OmegaConf.to_container(found, resolve=True)
    return dict(plain)


def train_one(folder: Path, *overrides: str) -> dict[str, Any]:
    """Train one model by nnzoo, without figures; return the content of its ``result.json``."""
    (result,) = train([config(folder, *overrides)])
    if result.error is not None:
        raise result.error
    return dict(result.content)


def train_centroids(
    kind: type[WinnerTakeAll], folder: Path, *overrides: str
) -> tuple[Tensor, Seconds]:
    """Train a model with a competitive layer as ``train_one``; return its last weights, and the
    seconds of the initial weights and of ``fit``."""
    watch = Stopwatch()
    with (
        patch.object(DataModule, "start_batch", watch.timed(DataModule.start_batch, "start")),
        patch.object(kind, "initialize", watch.timed(kind.initialize, "start")),
    ):
        result = train_one(folder, *overrides)
    checkpoint = torch.load(result["paths"]["last"], weights_only=True)
    weight: Tensor = checkpoint["state_dict"]["layer.weight"].cpu()
    return weight, Seconds(watch.seconds["start"] + result["fit_seconds"])


def task(name: str, folder: Path, *overrides: str) -> Task:
    """Describe a training of ``OVERRIDES``, with further overrides."""
    overrides = (*OVERRIDES[name], *overrides)
    found = config(folder, *overrides)
    data: DataModule = build(found["data"], "data")
    model = build_model(found["model"], data)
    options = model.hparams  # with the defaults of the constructor
    optimizer = build_optimizer(model.parameters(), model.optimizer_options(""))
    x, y = data.train
    sizes = list(options["hidden"])
    if "latent" in options:
        sizes += [options["latent"], *reversed(sizes)]
        units, y, loss = data.n_features, x, "mse"
    else:
        classes = data.n_classes or 2
        units = classes if classes > 2 else 1
        loss = "sparse_categorical_crossentropy" if units > 1 else "binary_crossentropy"
    assert y is not None
    return Task(
        overrides,
        widths=[data.n_features, *sizes, units],
        hidden=options["activation"],
        output="softmax" if units > 1 and loss != "mse" else "sigmoid",
        loss=loss,
        rate=optimizer.param_groups[0]["lr"],
        epochs=found["trainer"]["max_epochs"],
        batch=data.batch_points(),
        x=x,
        y=y,
    )


def save(task: Task, folder: Path) -> Path:
    """Write a task to a file for a program of another library."""
    described = {key: getattr(task, key) for key in ("widths", "hidden", "output", "loss", "rate")}
    described |= {"epochs": task.epochs, "batch": task.batch, "steps_per_execution": 1}
    path = Path(tempfile.mkdtemp(dir=folder)) / "task.npz"
    np.savez(path, x=task.x.numpy(), y=task.y.numpy(), task=json.dumps(described))
    return path


def plain_loop(task: Task, device: torch.device) -> None:
    """Train by the loop that a user of torch writes: slices and fused Adam."""
    from torch import nn
    from torch.nn import functional as F

    activation = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}[task.hidden]
    layers: list[nn.Module] = []
    for fan_in, fan_out in zip(task.widths, task.widths[1:], strict=False):
        layers += [nn.Linear(fan_in, fan_out), activation()]
    layers.pop()
    x, y = task.x.to(device), task.y.to(device)
    if task.loss == "mse":
        layers.append(nn.Sigmoid())
        loss: Any = F.mse_loss
    elif task.loss == "binary_crossentropy":
        loss, y = F.binary_cross_entropy_with_logits, y[:, None].float()
    else:
        loss = F.cross_entropy
    model = nn.Sequential(*layers).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=task.rate, fused=True)
    for _ in range(task.epochs):
        order = torch.randperm(len(x), device=device)
        for xs, ys in zip(x[order].split(task.batch), y[order].split(task.batch), strict=True):
            optimizer.zero_grad()
            loss(model(xs), ys).backward()
            optimizer.step()
    if device.type == "cuda":
        torch.cuda.synchronize()
