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
"""Seconds that an epoch has to finish after a signal; then the training stops within it."""


class StopError(Exception):
    """Ends a training within an epoch, after a signal."""


class Interrupts:
    """Records signals instead of raising an error in the middle of a step.

    As a context it restores the handlers from before at its end.

    Attributes:
        name: of the first signal; None: there was none.
    """

    def __init__(self) -> None:
        self.name: str | None = None
        self._at = 0.0
        self._former: dict[int, Any] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()  # handlers are of one process

    @property
    def asked(self) -> bool:
        """Whether the training was asked to stop."""
        return self.name is not None

    @property
    def urgent(self) -> bool:
        """Whether the training should stop before the end of the epoch."""
        return self.name is not None and time.monotonic() - self._at > PATIENCE

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():  # only it can
            for number in SIGNALS:
                former = signal.getsignal(number)
                if former is not signal.SIG_IGN:  # nohup ignores SIGHUP
                    self._former.setdefault(number, former)
                    signal.signal(number, self._record)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def _record(self, number: int, frame: FrameType | None) -> None:
        if self.name is None:
            self.name, self._at = signal.Signals(number).name, time.monotonic()


class Raising(Interrupts):
    """Raises KeyboardInterrupt at a signal in the block, outside of trainings.

    Python raises it anywhere, also in code of others, which may turn it into another error or
    swallow it. So ``check`` is called between the steps of the work, and any error that leaves them
    counts as the interrupt if a signal was recorded.
    """

    def __exit__(self, *exception: object) -> None:
        super().__exit__()
        self.name, self._former = None, {}

    def check(self) -> None:
        """Raise KeyboardInterrupt if there was a signal."""
        if self.name is not None:
            raise KeyboardInterrupt(f"interrupted by {self.name}")

    def ignore(self) -> None:
        """Ignore further signals, except Ctrl-C."""
        for number, former in self._former.items():
            signal.signal(number, former if number == signal.SIGINT else signal.SIG_IGN)

    def _record(self, number: int, frame: FrameType | None) -> None:
        super()._record(number, frame)
        self.check()


outside = Raising()
"""Signals outside of the trainings of a sweep."""
