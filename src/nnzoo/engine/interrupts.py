"""Signals that stop a training cleanly."""

import signal
import threading
import time
from types import FrameType
from typing import Any

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""Signals that stop a training; not all exist on every system."""

PATIENCE = 1.0
"""Seconds after a signal in which the epoch may finish; then the training stops within it."""


class StopError(Exception):
    """Ends a training within an epoch, after a signal."""


class Interrupts:
    """Records signals instead of raising an error in the middle of a step.

    As a context manager it restores the previous handlers on exit.

    Attributes:
        name: name of the first signal; None: there was none.
    """

    def __init__(self) -> None:
        self.name: str | None = None
        self._at = 0.0
        self._previous: dict[int, Any] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()  # handlers belong to one process

    @property
    def asked(self) -> bool:
        """Whether the training was asked to stop."""
        return self.name is not None

    @property
    def urgent(self) -> bool:
        """Whether the training should stop before the end of the epoch."""
        return self.name is not None and time.monotonic() - self._at > PATIENCE

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():  # others cannot
            for number in SIGNALS:
                previous = signal.getsignal(number)
                if previous is not signal.SIG_IGN:  # nohup ignores SIGHUP
                    self._previous.setdefault(number, previous)
                    signal.signal(number, self._record)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _record(self, number: int, frame: FrameType | None) -> None:
        if self.name is None:
            self.name, self._at = signal.Signals(number).name, time.monotonic()


class Raising(Interrupts):
    """Raises KeyboardInterrupt on a signal within the block, but not during a training.

    A handler may raise it inside a library, which may replace or swallow it. So callers also call
    ``check`` between steps, and treat any error after a recorded signal as the interrupt.
    """

    def __exit__(self, *exception: object) -> None:
        super().__exit__()
        self.name, self._previous = None, {}

    def check(self) -> None:
        """Raise KeyboardInterrupt if there was a signal."""
        if self.name is not None:
            raise KeyboardInterrupt(f"interrupted by {self.name}")

    def ignore(self) -> None:
        """Ignore further signals, except Ctrl-C."""
        for number, previous in self._previous.items():
            signal.signal(number, previous if number == signal.SIGINT else signal.SIG_IGN)

    def _record(self, number: int, frame: FrameType | None) -> None:
        super()._record(number, frame)
        self.check()


outside = Raising()
"""Records signals of a sweep outside its trainings."""
