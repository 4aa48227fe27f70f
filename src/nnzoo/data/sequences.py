"""Data with a time axis: sequences in memory, generated ones, and one long series cut to pieces."""

import math
from collections.abc import Sequence as Many
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nnzoo.data.base import DataModule
from nnzoo.data.points import Points
from nnzoo.data.split import split_in_time
from nnzoo.errors import InputError, check_choice, check_float, check_int, counted, message
from nnzoo.limits import check_memory

KINDS = ("amplitude", "sines", "square", "xor")
"""Kinds of generated sequences; see ``Sequence``."""

SEGMENT = 20
"""Steps of ``Sequence`` in which an amplitude stays."""

PERIODS = 10, 30
"""Shortest and longest period of a sine, in steps."""

SQUARE = (0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)
"""Corners of the square of ``Sequence``, counterclockwise."""

STEPS_PER_UNIT = 10
"""Integration steps of ``MackeyGlass`` per unit of time."""


class Sequences(DataModule):
    """Sequences of equally many steps in memory, with numbers to learn at each step.

    Args:
        x: (sequences, time, features).
        y: (sequences, time, targets), or (sequences, time) for one target; None: the features
            ``horizon`` steps later, as in a forecast.
        horizon: number of steps between features and targets, if there is no y.
        feature_names: one name per feature; None: x1, x2, ...
        options: see ``DataModule``.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        horizon: int = 1,
        feature_names: Many[str] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        inputs = as_sequences("x", x)
        self.horizon = check_int("data.horizon", horizon)
        names = list(feature_names or ())
        if y is None:
            both = pieces(list(inputs), None, self.horizon, "x")
            self._points = forecast(both, self.horizon, names)
            return
        targets = as_sequences("y", y)
        if targets.shape[:2] != inputs.shape[:2]:
            raise InputError(
                f"y must have {counted(len(inputs), 'sequence')} of "
                f"{counted(inputs.shape[1], 'step')} as x has, got the shape {tuple(targets.shape)}"
            )
        self._points = Points(inputs, targets, names)

    def load(self) -> Points:
        return self._points


class Sequence(DataModule):
    """Generated sequences, random for ``seed``.

    - ``amplitude``: ``a sin k``, k = 0, 1, ..., where a changes between 1 and 2 every 20 steps; the
      target is a. The first sequence starts with 1 at k = 0, as in the example of neurolab's
      ``newelm``; the others start with either, and their sines at a random phase.
    - ``sines``: sines of random phases and periods of 10 to 30 steps; the target is the next value.
    - ``square``: two targets, the corners of a square in turn: counterclockwise for the plan 0, and
      clockwise for the plan 1. The plan is constant over a sequence, and alternates between them.
      Source: M. I. Jordan, 1986, "Serial order: a parallel distributed processing approach", which
      has the first plan.
    - ``xor``: bits, of which each third is the exclusive or of the two random ones before it; the
      target is the next bit. Source: J. L. Elman, 1990, "Finding structure in time".

    Args:
        kind: one of ``KINDS``.
        n_sequences: number of sequences.
        length: number of steps of each.
        options: see ``DataModule``.
    """

    def __init__(
        self, kind: str = "amplitude", n_sequences: int = 100, length: int = 80, **options: Any
    ) -> None:
        super().__init__(**options)
        self.kind = check_choice("data.kind", kind, KINDS)
        self.n_sequences = check_int("data.n_sequences", n_sequences)
        self.length = check_int("data.length", length)
        check_memory("data.n_sequences", self.n_sequences, 2 * self.length)

    def load(self) -> Points:
        generator = torch.Generator().manual_seed(self.seed)
        random = torch.rand(2, self.n_sequences, 1, generator=generator)
        time = torch.arange(self.length + 1)
        if self.kind == "xor":
            bits = torch.rand(self.n_sequences, self.length // 3 + 1, 3, generator=generator) > 0.5
            bits[..., 2] = bits[..., 0] ^ bits[..., 1]
            return forecast(bits.flatten(1)[:, : self.length + 1, None].float(), 1, ["bit"])
        if self.kind == "square":
            plan = torch.arange(self.n_sequences)[:, None] % 2
            corner = (1 - 2 * plan) * time[:-1] % len(SQUARE)
            x = plan.expand(-1, self.length)[..., None].float()
            return Points(x, torch.tensor(SQUARE)[corner], ["plan"])
        if self.kind == "sines":
            low, high = PERIODS
            turns = time / (low + (high - low) * random[0]) + random[1]
            return forecast((2 * math.pi * turns).sin()[..., None], 1, ["value"])
        first, phase = (random[0] > 0.5).long(), 2 * math.pi * random[1]
        first[0], phase[0] = 0, 0
        amplitude = 1.0 + (first + time[:-1] // SEGMENT) % 2
        x = amplitude * (time[:-1] % SEGMENT + phase).sin()
        return Points(x[..., None], amplitude[..., None], ["signal"], target_names=["amplitude"])


class InTime(DataModule):
    """Sequences cut from one long series, one after the other; a subclass defines ``load``.

    The validation part follows the training part in time, and the test part comes last.
    """

    def split(self, n: int, y: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        shares = {"val_fraction": self.val_fraction, "test_fraction": self.test_fraction}
        return split_in_time(n, shares, self.folds, self.fold)


class MackeyGlass(InTime):
    """The forecast of a chaotic series, the solution of a delay differential equation.

    ``dx/dt = .2 x(t - tau) / (1 + x(t - tau)^10) - .1 x(t)``, integrated by the Runge-Kutta method
    of fourth order in steps of 0.1, with linear interpolation of the delayed value, from the
    constant history ``start``. One value per unit of time is kept, and the first ``skip`` are
    left out. The target is the value ``horizon`` steps later.

    Source: M. C. Mackey, L. Glass, 1977, "Oscillation and chaos in physiological control systems".

    Args:
        length: number of steps of the whole series.
        tau: the delay, in steps; above about 16.8 the series is chaotic.
        horizon: number of steps to the target; 6 and 84 are common.
        window: number of steps of each sequence.
        start: value of the history.
        skip: number of first steps to leave out, in which the series approaches its attractor.
        options: see ``DataModule``.
    """

    def __init__(
        self,
        length: int = 3000,
        tau: int = 17,
        horizon: int = 6,
        window: int = 100,
        start: float = 1.2,
        skip: int = 1000,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.length, self.tau = check_int("data.length", length), check_int("data.tau", tau)
        self.horizon = check_int("data.horizon", horizon)
        self.window = check_int("data.window", window)
        self.start = check_float("data.start", start, above=0)
        self.skip = check_int("data.skip", skip, low=0)
        check_memory("data.length", self.length + self.skip, 2 * STEPS_PER_UNIT)

    def load(self) -> Points:
        values = mackey_glass(self.skip + self.length, self.tau, self.start)[self.skip :]
        series = torch.tensor(values, dtype=torch.float32)[:, None]
        both = pieces([series], self.window, self.horizon, "the series")
        return forecast(both, self.horizon, ["x"])


def mackey_glass(n: int, tau: int, start: float) -> list[float]:
    """Return n values of the series of ``MackeyGlass``, one per unit of time."""
    step, delay = 1 / STEPS_PER_UNIT, tau * STEPS_PER_UNIT
    values = [start] * (delay + 1)
    for _ in range((n - 1) * STEPS_PER_UNIT):
        x = values[-1]
        old, new = values[-1 - delay], values[-delay]
        middle = (old + new) / 2
        in_old, in_middle, in_new = (0.2 * d / (1 + d**10) for d in (old, middle, new))
        k1 = in_old - 0.1 * x
        k2 = in_middle - 0.1 * (x + step / 2 * k1)
        k3 = in_middle - 0.1 * (x + step / 2 * k2)
        k4 = in_new - 0.1 * (x + step * k3)
        values.append(x + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    return values[delay::STEPS_PER_UNIT]


def forecast(x: Tensor, horizon: int, names: Many[str]) -> Points:
    """Return sequences (sequences, time + horizon, features) as features and, as their targets, the
    features ``horizon`` steps later."""
    names = list(names) or [f"x{i + 1}" for i in range(x.shape[2])]
    ahead = names_ahead(names, horizon)
    return Points(x[:, :-horizon], x[:, horizon:], names, target_names=ahead)


def as_sequences(what: str, values: Any) -> Tensor:
    """Return numbers (sequences, time, features) or (sequences, time) in the first form, as float32
    if they are such, otherwise as float64.

    Raises:
        InputError: if they are not such numbers, or sequences of unequal length.
    """
    try:
        lengths = sorted({len(sequence) for sequence in values})
        if len(lengths) > 1:
            raise unequal(what, lengths[0], lengths[-1], "cut them to the same length")
        numbers = values.detach().cpu() if isinstance(values, Tensor) else np.asarray(values)
        tensor = torch.as_tensor(numbers)
        tensor = tensor if tensor.dtype == torch.float32 else tensor.double()
    except InputError:
        raise
    except (RuntimeError, TypeError, ValueError) as error:
        raise InputError(f"{what} must be (sequences, time, features): {message(error)}") from error
    tensor = tensor[..., None] if tensor.ndim == 2 else tensor
    if tensor.ndim != 3 or not tensor.numel():
        raise InputError(
            f"{what} must be (sequences, time, features), got the shape {tuple(tensor.shape)}"
        )
    if not tensor.isfinite().all():
        raise InputError(f"{what} has NaN or infinite values; it must be finite")
    return tensor


def pieces(sequences: Many[Tensor], window: int | None, horizon: int, what: str) -> Tensor:
    """Cut sequences (time, features) to pieces of ``window`` steps, one after the other, each with
    the ``horizon`` steps that follow it.

    Args:
        sequences: at least one; the last steps of each that fill no piece are left out.
        window: None: whole sequences, which must be equally long.
        horizon: number of steps beyond the window.
        what: where they come from, for messages.

    Returns:
        (pieces, window + horizon, features).

    Raises:
        InputError: if sequences are unequally long, or shorter than a piece.
    """
    lengths = [len(sequence) for sequence in sequences]
    shortest, longest = min(lengths), max(lengths)
    if window is None:
        if shortest < longest:
            raise unequal(what, shortest, longest, f"data.window={shortest - horizon} cuts them")
        window = max(shortest - horizon, 1)
    size = window + horizon
    if shortest < size:
        raise InputError(
            f"{what} has {counted(shortest, 'step')}, and {size} are needed: data.window={window} "
            f"and data.horizon={horizon}"
        )
    return torch.cat([s.unfold(0, size, window).transpose(1, 2) for s in sequences])


def unequal(what: str, shortest: int, longest: int, fix: str) -> InputError:
    """Return the error for sequences of unequal length."""
    return InputError(
        f"the sequences of {what} must have the same number of steps, got {shortest} to {longest}; "
        f"{fix}"
    )


def names_ahead(names: Many[str], horizon: int) -> list[str]:
    """Return the names of targets that are features ``horizon`` steps later."""
    return [f"next {name}" if horizon == 1 else f"{name} in {horizon} steps" for name in names]
