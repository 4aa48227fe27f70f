"""The trainings that are timed, told so that nnzoo and its peers do the same work."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from nnzoo.data import DataModule
from nnzoo.zoo import build, composed


@dataclass
class Task:
    """A training.

    Attributes:
        overrides: what a user types for it.
        widths: of the layers, the input's first.
        hidden, output: activations; of the output sigmoid or softmax.
        loss: mse, binary_crossentropy or sparse_categorical_crossentropy, as Keras calls them.
        rate: Adam's.
        passes: over the data.
        batch: points a step.
        x, y: (points, features) and what is to be learnt from them.
    """

    overrides: tuple[str, ...]
    widths: list[int]
    hidden: str
    output: str
    loss: str
    rate: float
    passes: int
    batch: int
    x: Tensor
    y: Tensor

    @property
    def steps(self) -> int:
        """Batches learnt in the whole training."""
        return self.passes * -(-len(self.x) // self.batch)


OVERRIDES = {
    "autoencoder": ("model=autoencoder",),
    "sigmoid_classifier": ("model=sigmoid_classifier",),
    "mlp": ("model=mlp", "data=digits"),
}
"""The tutorial's autoencoder; XOR in 50 passes an epoch; the digits."""


def config(folder: Path, *overrides: str) -> DictConfig:
    """``conf/train.yaml`` composed for a run without pictures in a folder of its own."""
    named = dict(override.split("=", 1) for override in overrides)
    names = [f"run.{group}={named.get(group, 'default')}" for group in ("model", "data")]
    run = Path(tempfile.mkdtemp(dir=folder))
    return composed([f"run.folder={run}", *names, "figures=none", *overrides])


def task(name: str, folder: Path, *overrides: str) -> Task:
    """A training of ``OVERRIDES``, with further overrides, as its config says it."""
    overrides = (*OVERRIDES[name], *overrides)
    cfg: Any = OmegaConf.to_container(config(folder, *overrides), resolve=True)
    data: DataModule = build(cfg["data"], "data")
    model = cfg["model"]
    x, y = data.train
    sizes = list(model["hidden"])
    if "latent" in model:
        sizes += [model["latent"], *reversed(sizes)]
        units, y, loss = data.n_features, x, "mse"
    else:
        classes = data.n_classes or 2
        units = classes if classes > 2 else 1
        loss = "sparse_categorical_crossentropy" if units > 1 else "binary_crossentropy"
    assert y is not None
    return Task(
        overrides,
        widths=[data.n_features, *sizes, units],
        hidden=model["activation"],
        output="softmax" if units > 1 and loss != "mse" else "sigmoid",
        loss=loss,
        rate=model["optimizer"]["lr"],
        passes=cfg["trainer"]["max_epochs"] * data.repeat,
        batch=min(data.batch_size or len(x), len(x)),
        x=x,
        y=y,
    )


def plain_loop(task: Task, device: torch.device) -> None:
    """The loop that a user of torch writes for a task: slices, fused Adam."""
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
    for _ in range(task.passes):
        order = torch.randperm(len(x), device=device)
        for xs, ys in zip(x[order].split(task.batch), y[order].split(task.batch), strict=True):
            optimizer.zero_grad()
            loss(model(xs), ys).backward()
            optimizer.step()
    if device.type == "cuda":
        torch.cuda.synchronize()
