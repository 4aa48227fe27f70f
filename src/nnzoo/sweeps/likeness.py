"""Which runs of a sweep can be trained as one, and why others cannot."""

import json
from functools import cache
from typing import Any

from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.core.hooks import DataHooks, ModelHooks
from torch import Tensor, nn
from torch.optim import LBFGS

from nnzoo.data.base import LARGE
from nnzoo.data.blocks import may_block
from nnzoo.errors import whole
from nnzoo.models import Model
from nnzoo.sweeps.stack import varying_of
from nnzoo.training.recorder import Recorder
from nnzoo.training.run import Run
from nnzoo.training.trainer import build_callbacks, trainer_with

KNOWN = ("nnzoo.", "lightning.", "torch.")
"""Modules whose methods are known to be no obstacle."""

KEPT = ("amsgrad", "centered", "fused", "momentum")
"""Options of optimizers that decide what they keep of each number, and how they go through them."""

OF_LIGHTNING = tuple(name for name in {**vars(ModelHooks), **vars(DataHooks)} if name[0] != "_")
"""Methods that Lightning calls of a model and of its data, and not for a member."""

HOOKS = (
    *OF_LIGHTNING,
    *("_batch", "_noisy_loss", "adopt", "backward", "build_optimizers", "check"),
    *("configure_callbacks", "configure_gradient_clipping", "configure_optimizers", "descend"),
    *("learn", "measure", "on_pass_end", "on_pass_start", "optimizer_step", "parts"),
    *("training_step", "validation_step"),
)
"""Methods of a model that are not called for a member, or keep what may differ between members."""


def obstacle(run: Run, known: dict[str, str | None]) -> str | None:
    """Why a run cannot be trained as one with others like it; None: it can.

    Args:
        run: not yet trained.
        known: what was found of configs like its own, which this adds to.
    """
    model, config = run.model, run.config
    if model.unstackable is not None:
        return model.unstackable
    kinds: Any = type(model), type(run.data)  # mypy takes classes of modules for unhashable
    if reason := _own_method(kinds[0], HOOKS) or _own_method(kinds[1], OF_LIGHTNING):
        return reason
    for module in model.modules():
        if any(isinstance(value, Tensor) for value in vars(module).values()):
            return f"{type(module).__name__} has numbers that are neither parameters nor buffers"
    if any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules()):
        return "batch normalisation changes its state in the loss"
    optimizers = model.build_optimizers()
    parameters = list(model.parameters())
    if optimizers and not all(p.requires_grad for p in parameters):
        return "some of its weights are frozen"
    if len(parameters) < len(list(model.named_parameters(remove_duplicate=False))):
        return "some of its weights are the same"
    if optimizers and type(model).begin_pass is not Model.begin_pass:
        return "each pass sets some of its weights anew"
    if len(optimizers) > 1:
        return "it has several optimizers"
    if optimizers and isinstance(optimizers[0], LBFGS):
        return "the steps of L-BFGS hang on all parameters together"
    if run.data.raw[0].x.numel() > LARGE:
        return "its data are too large to be scaled and ordered for each member"
    parts = ("resume", "logger", "callbacks", "trainer")
    key = json.dumps({k: config[k] for k in parts}, default=str)
    key = key.replace(json.dumps(config["run"]["folder"]), "")  # which each job has its own of
    if key not in known:
        known[key] = _obstacle_of_config(run)
    return known[key]


def _obstacle_of_config(run: Run) -> str | None:
    config = run.config
    if config["resume"] is not None:
        return "it resumes another run"
    if config["logger"]:
        return f"it logs as it trains (logger {', '.join(config['logger'])})"
    trainer = trainer_with(config, [], [])
    callbacks = build_callbacks(config, run.model, run.data)
    for callback in callbacks:
        if type(callback) not in (EarlyStopping, Recorder):
            return f"its callback {type(callback).__name__} acts on one model"
        options = (config["callbacks"] or {}).values()
        at_other_times = any({"check_on_train_epoch_end", "strict"} & set(node) for node in options)
        if isinstance(callback, EarlyStopping) and (
            at_other_times or trainer.check_val_every_n_epoch != 1
        ):
            return "its early stopping does not look after each epoch"
    if sum(isinstance(callback, EarlyStopping) for callback in callbacks) > 1:
        return "it has several early stoppings"
    recorders = [callback for callback in callbacks if isinstance(callback, Recorder)]
    if [recorder.folder for recorder in recorders] != [run.folder]:
        return "it has not the one recorder of its folder"
    whole("trainer.max_epochs", config["trainer"]["max_epochs"])
    if trainer.checkpoint_callbacks or trainer.limit_val_batches != 1.0 or trainer.max_steps > 0:
        return "options of its trainer act on one model"
    if not may_block(trainer):
        return "options of its trainer act on each step"
    if trainer.min_epochs or trainer.min_steps:
        return "its trainer has a least number of epochs or steps"
    return None


def likeness(run: Run) -> str:
    """What must be equal for runs to be trained as one, as text."""
    model, config, data = run.model, run.config, run.data
    given = {**config["model"], **model.hparams}
    varying = varying_of(model)
    free = {name: value for name, value in given.items() if name in varying}
    kind: dict[str, Any] = {
        # What is built of an optimizer's arguments is compared below; schedules may differ.
        "model": {k: v for k, v in given.items() if k not in ("optimizer", "scheduler", *free)},
        # Whether a term or noise is there at all is no matter of its size.
        "without": [k for k, v in free.items() if isinstance(v, int | float) and not v],
        "words": {k: v for k, v in free.items() if isinstance(v, str) and varying[k]},
        "weights": [[name, list(value.shape)] for name, value in model.state_dict().items()],
        "data": [data.batch_size, data.repeat, data.shuffle],
        "points": [_shapes(part) for part in (data.train, data.val)],
        "threads": config["threads"],
        "trainer": config["trainer"],
        "callbacks": [
            {k: v for k, v in node.items() if k != "folder"}
            for node in (config["callbacks"] or {}).values()
        ],
    }
    for optimizer in model.build_optimizers():
        options = optimizer.param_groups[0]
        kind["optimizer"] = [str(type(optimizer)), [k for k in KEPT if options.get(k)]]
    return json.dumps(kind, sort_keys=True, default=str)


def _shapes(part: Any) -> list[Any]:
    return [None if v is None else [list(v.shape), str(v.dtype)] for v in part or (None, None)]


@cache
def _own_method(kind: type, names: tuple[str, ...]) -> str | None:
    """The first of some methods that a class has from elsewhere than the libraries, in words."""
    for name in names:
        owner = next((owner for owner in kind.__mro__ if name in vars(owner)), None)
        if owner is not None and not owner.__module__.startswith(KNOWN):
            return f"{owner.__name__} has a method {name} of its own"
    return None
