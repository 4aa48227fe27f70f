"""The seconds of each stage of a command.

    python -m benchmarks.stages REPORT.json scripts/train.py model=autoencoder

runs the script as ``python`` does and writes the seconds of each stage. The time of a stage within
another one counts only for the inner one.
"""

import builtins
import functools
import importlib
import json
import runpy
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

IMPORTS, COMPOSING, BUILDING = "imports", "composing", "data, model, result"
STAGES = {  # module: (object that has the function, its name, the stage)
    "nnzoo.runs.run": ("", "train", BUILDING),
    "nnzoo.runs.pictures": ("", "draw", "figures"),
    "lightning.pytorch": ("Trainer", "fit", "fit"),
}


class Stopwatch:
    """Measures the seconds of stages.

    Attributes:
        seconds: by stage, so far.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running: list[str] = []
        self._since = time.perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of the block for a stage, and not for the stage around it."""
        self._add()
        self._running.append(name)
        try:
            yield
        finally:
            self._add()
            self._running.pop()

    def timed(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        """Return a function whose time counts for a stage."""

        @functools.wraps(function)
        def measured(*args: Any, **kwargs: Any) -> Any:
            if self._running and self._running[-1] == name:
                return function(*args, **kwargs)
            with self.stage(name):
                return function(*args, **kwargs)

        return measured

    def _add(self) -> None:
        now = time.perf_counter()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now


def watch_imports(watch: Stopwatch) -> None:
    """Measure all imports, and the functions of ``STAGES`` as soon as they are imported."""
    waiting = dict(STAGES)

    def then_stages(importing: Callable[..., Any]) -> Callable[..., Any]:
        timed = watch.timed(importing, IMPORTS)

        @functools.wraps(importing)
        def imported(*args: Any, **kwargs: Any) -> Any:
            module = timed(*args, **kwargs)
            for name in [name for name in waiting if _is_complete(name)]:
                holder, function, stage = waiting.pop(name)
                place = getattr(sys.modules[name], holder) if holder else sys.modules[name]
                setattr(place, function, watch.timed(getattr(place, function), stage))
            return module

        return imported

    builtins.__import__ = then_stages(builtins.__import__)
    importlib.import_module = then_stages(importlib.import_module)


def _is_complete(name: str) -> bool:
    module = sys.modules.get(name)
    return module is not None and not getattr(module.__spec__, "_initializing", False)


def main() -> None:
    """Run the script that the command line names."""
    report, script, *arguments = sys.argv[1:]
    sys.argv = [script, *arguments]
    sys.path[0] = str(Path(script).parent)
    watch = Stopwatch()
    watch_imports(watch)
    try:
        with watch.stage(COMPOSING):
            runpy.run_path(script, run_name="__main__")
    finally:
        Path(report).write_text(json.dumps(watch.seconds), encoding="utf-8")


if __name__ == "__main__":
    main()
