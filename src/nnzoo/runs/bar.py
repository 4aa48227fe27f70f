"""The progress of a training: a bar on a terminal or in a notebook, lines elsewhere."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import lightning.pytorch as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from nnzoo.engine.progress import Progress
from nnzoo.errors import check_int

LINES = 10
"""Number of lines of a training without a bar, unless ``show`` is given."""

SECONDS = 0.2
"""Minimum time between two updates of a bar in a notebook."""


def progress_callbacks(config: Mapping[str, Any], progress: Progress | None) -> list[pl.Callback]:
    """Return the callbacks that show how far a training is.

    Args:
        config: of the run; ``show`` is the number of epochs between two lines, 0 for none, None for
            ``LINES`` lines where there is no bar.
        progress: of a run alone; None: of several, or of a job of a sweep, which print no lines.

    Raises:
        InputError: if ``show`` is not valid.
    """
    every = config.get("show")
    if every is not None:
        check_int("show", every, low=0)
    screen = Console()  # rich's shared console caches what it first detects
    found: list[pl.Callback] = []
    if screen.is_jupyter:
        found.append(NotebookBar())
    elif screen.is_terminal:
        found.append(ProgressBar())
    if progress is not None and "job" not in config["run"]:
        if every is None and not found:
            every = -(-progress.length // LINES)
        if every:
            found.append(ProgressLines(progress, every))
    return found


class Bar(pl.Callback):
    """What the bars have in common: the number of epochs completed, and a text."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self._start = time.monotonic()
        plan = getattr(pl_module, "plan", None)  # only the engine has one
        self._epochs = (trainer.max_epochs if plan is None else plan.epochs) or 1

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: Any, *args: Any) -> None:
        epoch = getattr(pl_module, "epoch", trainer.current_epoch)
        members, text = getattr(pl_module, "members", []), ""
        if len(members) > 1:
            trained = epoch / self._epochs * len(members)
            seconds = max(time.monotonic() - self._start, 1e-9)
            text = f"{len(members)} members, {trained / seconds:.3g} members/s"
        elif members and (rows := members[0].progress.rows):
            text = f"loss {rows[-1]['loss']:.4g}"
        self.show(epoch, text)

    def show(self, epoch: int, text: str) -> None:
        """Draw the bar after a number of epochs, with a text."""
        raise NotImplementedError

    def remove(self) -> None:
        """Remove the bar."""
        raise NotImplementedError

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.remove()

    def on_exception(self, trainer: pl.Trainer, *args: Any) -> None:
        if hasattr(self, "_epochs"):
            self.remove()


class ProgressBar(Bar):
    """A rich progress bar over epochs on a terminal."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        super().on_train_start(trainer, pl_module)
        self._progress = RichProgress(
            TextColumn("epoch"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[text]}"),
            TimeRemainingColumn(),
            console=Console(),
            transient=True,
        )
        self._task = self._progress.add_task("", total=self._epochs, text="")
        self._progress.start()

    def show(self, epoch: int, text: str) -> None:
        self._progress.update(self._task, completed=epoch, text=text)

    def remove(self) -> None:
        self._progress.stop()


class NotebookBar(Bar):
    """A progress bar over epochs in a notebook; rich's needs ipywidgets."""

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        super().on_train_start(trainer, pl_module)
        from IPython.display import display

        self._shown = time.monotonic()
        self._handle = display(self._html(0, ""), display_id=True)

    def show(self, epoch: int, text: str) -> None:
        if time.monotonic() - self._shown >= SECONDS:
            self._shown = time.monotonic()
            self._handle.update(self._html(epoch, text))

    def remove(self) -> None:
        from IPython.display import HTML

        self._handle.update(HTML(""))

    def _html(self, epoch: int, text: str) -> Any:
        from IPython.display import HTML

        bar = f'<progress value="{epoch}" max="{self._epochs}"></progress>'
        return HTML(f"epoch {epoch}/{self._epochs} {bar} {text}")


class ProgressLines(pl.Callback):
    """Prints the loss of every so many epochs, and of the last one, and the monitored metric.

    Args:
        progress: of the run.
        every: number of epochs between two lines.
    """

    def __init__(self, progress: Progress, every: int) -> None:
        self._progress, self._every = progress, every

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self._seen = len(self._progress.rows)
        self._printed = self._seen
        members = getattr(pl_module, "members", None)  # of the engine
        self._monitor = (members[0].model if members else pl_module).monitor

    # Lightning's loop ends an epoch after its last batch; the engine trains many in one batch.

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        self._print_new(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self._print_new(trainer)

    def on_train_end(self, trainer: pl.Trainer, pl_module: Any) -> None:
        rows = self._progress.rows
        if len(rows) > self._printed:
            self._print(trainer, len(rows))

    def _print_new(self, trainer: pl.Trainer) -> None:
        first, self._seen = self._seen, len(self._progress.rows)
        for epochs in range(first + 1, self._seen + 1):
            if epochs % self._every == 0:
                self._print(trainer, epochs)

    def _print(self, trainer: pl.Trainer, epochs: int) -> None:
        self._printed = epochs
        row = self._progress.rows[epochs - 1]
        monitored = f"val_{self._monitor}" if f"val_{self._monitor}" in row else self._monitor
        numbers = (f"{n} {row[n]:.6g}" for n in dict.fromkeys(("loss", monitored)) if n in row)
        if trainer.is_global_zero:
            with suppress(OSError):  # a closed pipe or a full disk must not end the training
                print(f"{epochs}/{self._progress.length} epochs: {', '.join(numbers)}", flush=True)
