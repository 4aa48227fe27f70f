"""Training of estimators by the engine, without files."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import inf
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch

from nnzoo.engine import optimizers
from nnzoo.engine.loop import Engine, Plan
from nnzoo.engine.progress import Member
from nnzoo.errors import InputError, unexpected
from nnzoo.models import Model
from nnzoo.models.training.optimizers import probe_optimizers
from nnzoo.runs import trainer as runs_trainer
from nnzoo.runs.isolated import isolated
from nnzoo.sklearn.points import Arrays


@dataclass
class Fit:
    """A training of an estimator.

    Attributes:
        kind, params: class and parameters of the estimator.
        inputs: the arrays that it learns from, without preparations.
        model: with its first weights; gets the trained ones from the estimator.
        data: of the training.
        member: of the population, with the progress.
        epochs, every: of the training, and between two measurements.
        only: epochs to train now; None: all.
    """

    kind: type
    params: dict[str, Any]
    inputs: tuple[Any, ...]
    model: Model
    data: Arrays
    member: Member
    epochs: int
    every: int
    only: int | None = None


def train(fits: Sequence[Fit]) -> None:
    """Train models of one kind as a population; an error of one is in its progress.

    Raises:
        KeyboardInterrupt: if it was interrupted.
    """
    first = fits[0]
    with isolated():
        torch.set_num_threads(1)  # more threads make small models slower
        runs_trainer.silence_warnings()
        plan = Plan(first.epochs, every=first.every, every_seconds=inf)
        engine = Engine([fit.member for fit in fits], plan)
        trainer = pl.Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=1,
            logger=False,
            limit_train_batches=None if first.only is None else first.only,
            **runs_trainer.DEFAULTS,
        )
        runs_trainer.fit(trainer, engine.interrupts, engine)
    if engine.interrupts.asked:
        raise KeyboardInterrupt(f"interrupted by {engine.interrupts.name}")


def train_or_keep_error(fits: Sequence[Fit]) -> list[Fit]:
    """Train as ``train`` does and return the fits, also from another process; an error becomes that
    of each."""
    try:
        train(fits)
    except Exception as error:
        for fit in fits:
            fit.member.progress.error = unexpected(error)
    return list(fits)


def check_engine(model: Model) -> None:
    """Raise an InputError if the engine cannot train a model, or not by its optimizer."""
    model.check_parts()
    for _, name, optimizer in probe_optimizers(model):
        if reason := optimizers.why_not(name, optimizer.param_groups[0]):
            raise InputError(f"optimizer={name!r} is not possible here: {reason}")


_TRAINED: ContextVar[Sequence[Fit]] = ContextVar("trained", default=())


@contextmanager
def remembered(fits: Sequence[Fit]) -> Iterator[None]:
    """In a block, estimators take their trained models from these fits if all inputs are equal."""
    token = _TRAINED.set(fits)
    try:
        yield
    finally:
        _TRAINED.reset(token)


def recall(kind: type, params: dict[str, Any], inputs: tuple[Any, ...]) -> Fit | None:
    """Return a remembered fit of the same estimator to the same inputs; None: there is none."""
    for fit in _TRAINED.get():
        if fit.kind is kind and fit.params == params and same(fit.inputs, inputs):
            return fit
    return None


def same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Return whether two tuples of arrays, or None, are equal."""
    return len(one) == len(other) and all(
        a is b or (a is not None and b is not None and np.array_equal(a, b))
        for a, b in zip(one, other, strict=True)
    )
