"""Early stopping."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from nnzoo.errors import InputError, check_choice, check_float, check_int

UPWARD = ("accuracy", "balanced_accuracy", "r2")
"""Metrics for which larger is better."""


@dataclass
class EarlyStopping:
    """Ends a training when the monitored metric stops improving.

    Args:
        monitor: name of a measured metric; None: the metric that picks the best epoch.
        patience: number of measurements without an improvement after which the training ends.
        min_delta: minimum change that counts as an improvement.
        mode: min or max; None: max for those in ``UPWARD``, otherwise min.
        stopping_threshold: value of the metric at which the training ends.

    Raises:
        InputError: if an argument is not valid.
    """

    monitor: str | None = None
    patience: int = 10
    min_delta: float = 0.0
    mode: str | None = None
    stopping_threshold: float | None = None
    wait: int = field(default=0, init=False)
    best: float = field(default=inf, init=False)

    def __post_init__(self) -> None:
        what = "callbacks.early_stopping"
        check_int(f"{what}.patience", self.patience, low=0)
        check_float(f"{what}.min_delta", self.min_delta, low=0)
        if self.stopping_threshold is not None:
            check_float(f"{what}.stopping_threshold", self.stopping_threshold)
        if self.mode is not None:
            check_choice(f"{what}.mode", self.mode, ("min", "max"))

    def set_monitor(self, default: str, measured: Sequence[str]) -> None:
        """Monitor a default metric unless the user has named one.

        Raises:
            InputError: if the monitored metric is not measured.
        """
        self.monitor = self.monitor or default
        if self.monitor not in measured:
            raise InputError(
                f"callbacks.early_stopping.monitor is {self.monitor!r}, which is not measured; "
                f"choose one of {', '.join(measured)}"
            )
        name = self.monitor.removeprefix("val_")
        self.mode = self.mode or ("max" if name in UPWARD else "min")

    def ends(self, value: float) -> bool:
        """Return whether a measured value ends the training."""
        sign = -1 if self.mode == "max" else 1
        value *= sign
        if self.stopping_threshold is not None and value <= sign * self.stopping_threshold:
            return True
        if value < self.best - self.min_delta:
            self.best, self.wait = value, 0
            return False
        self.wait += 1
        return self.wait >= self.patience

    def resume(self, wait: int, best: float) -> None:
        """Restore what ``state`` returned."""
        self.wait, self.best = wait, best

    def state(self) -> dict[str, Any]:
        """Return the state that a checkpoint keeps."""
        return {"wait": self.wait, "best": self.best}
