"""Which jobs of a sweep can train together."""

import json
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nnzoo.data import DataModule
from nnzoo.engine.optimizers import STRUCTURE
from nnzoo.engine.population import Population
from nnzoo.errors import message
from nnzoo.models import Clock, Descend, Model
from nnzoo.models.training.optimizers import probe_optimizers
from nnzoo.runs.job import Job

MAY_DIFFER = {
    *("optimizer_config", "scheduler_config", "feature_names", "class_names", "target_names"),
    "training",
}
"""Plain attributes of models that may differ between members."""


def why_alone(job: Job) -> str | None:
    """Return why a job cannot train with others; None: it can."""
    if job.reason is not None:
        return job.reason
    if job.config["resume"] is not None:
        return "it resumes another run"
    if job.data.is_large:
        return "its data are too large to be shuffled for each member"
    for module in job.model.modules():
        if any(isinstance(value, Tensor) for value in vars(module).values()):
            return f"{type(module).__name__} has tensors that are neither parameters nor buffers"
        if "BatchNorm" in type(module).__name__:
            return "batch normalization changes its state in the loss"
    names = [name for name, _ in job.model.named_parameters(remove_duplicate=False)]
    if len(list(job.model.parameters())) < len(names):
        return "some of its weights are shared"
    return None


def why_not_together(job: Job) -> str | None:
    """Return why jobs like this one cannot train together; None: a step of two models succeeds.

    The models of nnzoo are known to work and are not tried.
    """
    model = job.model
    if type(model).__module__.startswith("nnzoo."):
        return None
    points = slice(job.data.batch_points())
    part = job.data.train.like(model.prototype)
    batch = part.map(lambda values: values[points].expand(2, *values[points].shape))
    try:
        with torch.random.fork_rng(devices=[]):
            population = Population([model, model], [job.seed, job.seed])
            noise, clock = population.sample_noise(batch, 0), Clock(0, 1, 1)
            for action in model.steps(clock):
                if isinstance(action, Descend):
                    population.gradients(action, batch, noise)
                else:
                    population.update(action, batch, clock)
            population.measure(batch, shared=False)
    except Exception as error:  # vmap raises many kinds
        return f"torch.func.vmap cannot call {type(model).__name__}: {message(error)}"
    return None


def group_key(job: Job) -> str:
    """Return a text that is equal for jobs that can train together.

    Of models it has classes, shapes and plain attributes; numbers that may differ are 0-d buffers.
    """
    config = job.config
    training = [config["threads"], config["trainer"], config["run"]["every_seconds"]]
    return kind_key(job.model, job.data, training)


def kind_key(model: Model, data: DataModule, training: Sequence[Any]) -> str:
    """Return as text what must be equal for models to train together on their data, with other
    options of the training."""
    key: dict[str, Any] = {
        "modules": [[name, type(module), _plain(module)] for name, module in model.named_modules()],
        "shapes": [
            [name, value.shape, value.dtype, value.requires_grad]
            for name, value in (*model.named_parameters(), *model.named_buffers())
        ],
        "optimizers": [
            [name, {key: optimizer.param_groups[0].get(key) for key in STRUCTURE}]
            for _, name, optimizer in probe_optimizers(model)
        ],
        "data": [data.batch_points(), data.shuffle, _shapes(data.train), _shapes(data.val)],
        "training": training,
    }
    return json.dumps(key, sort_keys=True, default=str)


def _plain(module: Any) -> dict[str, Any]:
    """Return the plain attributes of a module by name."""
    return {
        name: value
        for name, value in vars(module).items()
        if name[0] != "_"
        and name not in MAY_DIFFER
        and isinstance(value, str | int | float | bool | list | tuple | dict | None)
    }


def _shapes(part: Any) -> list[Any]:
    return [values is not None and [values.shape, values.dtype] for values in part or ()]
