"""Training: from configs to trained models, their results, checkpoints and figures."""

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import lightning.pytorch as pl
import torch

from nnzoo.data import DataModule
from nnzoo.engine.loop import Engine
from nnzoo.errors import InputError, RunError, check_int, unexpected
from nnzoo.models import Model
from nnzoo.runs.bar import ProgressBar, is_terminal
from nnzoo.runs.files import write_json
from nnzoo.runs.job import FEW, Job
from nnzoo.runs.lightning_fit import fit_by_lightning
from nnzoo.runs.trainer import build_trainer, silence_warnings


@dataclass
class Result:
    """The result of a job.

    Attributes:
        content: of ``result.json``.
        error: why it failed; None: it did not.
        rows: of ``metrics.csv``.
    """

    content: dict[str, Any]
    error: BaseException | None = None
    rows: list[dict[str, float]] = field(default_factory=list)

    @property
    def value(self) -> float:
        """The monitored metric of the best epoch, for optimizing sweepers; NaN if it failed."""
        best = self.content.get("best")
        return float("nan") if best is None else float(best["value"])


Announce = Callable[[Job], object]
"""Called with each job before its training starts."""


def train(
    configs: Sequence[dict[str, Any]],
    overrides: Sequence[list[str]] | None = None,
    announce: Announce | None = None,
    data: DataModule | None = None,
) -> list[Result]:
    """Train models that can train together, and write their folders.

    Args:
        configs: ``conf/train.yaml`` composed, in plain containers; ``run`` names the folder, the
            model and the data.
        overrides: what the user changed, for ``result.json``.
        announce: called with each job before its training starts.
        data: the data module, if it exists already.

    Raises:
        InputError: if a config asks for something impossible; then nothing is written.
        KeyboardInterrupt: if it was interrupted, after everything was written.
    """
    silence_warnings()
    set_threads(configs[0]["threads"])
    overrides = overrides or [[] for _ in configs]
    jobs = [Job(config, own, data) for config, own in zip(configs, overrides, strict=True)]
    return train_jobs(jobs, announce)


def train_jobs(
    jobs: Sequence[Job], announce: Announce | None = None, total: int | None = None
) -> list[Result]:
    """Train jobs that can train together, and write their folders.

    Args:
        jobs: not trained yet.
        announce: called with each job before its training starts.
        total: number of jobs in training, including those in other processes.

    Raises:
        KeyboardInterrupt: if it was interrupted, after everything was written.
    """
    first = jobs[0]
    if first.reason is not None:
        return [_result(job, lambda job=job: fit_by_lightning(job, announce)) for job in jobs]  # type: ignore[misc]
    bar: list[pl.Callback] = [ProgressBar(len(jobs))] if is_terminal() else []
    trainer = build_trainer(
        first.config, bar, [], max_epochs=1, check_val_every_n_epoch=1, gradient_clip_val=None
    )
    opened, results = [], {}
    for number, job in enumerate(jobs):
        try:
            job.open(trainer.strategy.root_device)
            if announce is not None:
                announce(job)
            opened.append(job)
        except Exception as error:
            if len(jobs) == 1:
                raise
            results[number] = Result(job.fail(error), error)
    if opened:
        _fit(trainer, opened, total or len(opened))
    for number, job in enumerate(jobs):
        if number not in results:
            results[number] = _result(job, None)
    return [results[number] for number in range(len(jobs))]


def _fit(trainer: pl.Trainer, jobs: Sequence[Job], total: int) -> None:
    """Train jobs by the engine."""
    engine = Engine([job.member for job in jobs], jobs[0].plan)
    keep_freed_memory()
    start = time.perf_counter()
    try:
        with engine.interrupts:  # Lightning exits on signals outside its loop
            trainer.fit(engine)
    except SystemExit:
        if not engine.interrupts.asked:
            raise
    except Exception as error:
        if len(jobs) == 1:
            jobs[0].fail(error)
            raise
        for job in jobs:
            job.member.progress.error = job.member.progress.error or unexpected(error)
    seconds = (time.perf_counter() - start) / total  # shared by all jobs in training
    for job in jobs:
        job.result |= {"fit_seconds": seconds, "members": len(jobs)}
    if engine.interrupts.asked:
        is_complete = True
        for job in jobs:
            progress = job.member.progress
            if progress.epochs < job.plan.epochs and not progress.complete and not progress.error:
                progress.error = RunError(f"interrupted after epoch {progress.epochs}")
                is_complete = False
        for job in jobs:
            _result(job, None)
        names = "each job's folder" if len(jobs) > 1 else str(jobs[0].folder)
        then = "the training is complete" if is_complete else f"resume={names} continues it"
        raise KeyboardInterrupt(f"interrupted by {engine.interrupts.name}; {then}")


def _result(job: Job, fit: Callable[[], None] | None) -> Result:
    """Return the result of a job; ``fit`` trains it first."""
    try:
        if fit is not None:
            fit()
        return Result(finalize(job), rows=job.member.progress.rows)
    except Exception as error:
        return Result(job.fail(error), error)


def finalize(job: Job) -> dict[str, Any]:
    """Load the best weights of a trained job; write its result and figures.

    Returns:
        The content of ``result.json``.

    Raises:
        RunError: if the training failed.
        InputError: if nothing was trained.
    """
    progress, model = job.member.progress, job.model
    if progress.error is not None:
        checkpoints = job.folder / "checkpoints"
        kept = f"; the best weights so far are in {checkpoints}"
        raise RunError(f"{progress.error}{kept if (checkpoints / 'best.ckpt').exists() else ''}")
    if progress.best is None or not progress.rows:
        raise InputError("nothing was trained: trainer's options leave no epoch or no batch")
    model.load_state_dict(progress.best.weights)
    model.eval()
    folder, best = job.folder, progress.best
    job.result |= {
        "epochs": progress.epochs,
        "best": {"epoch": best.epoch, "value": best.value},
        "last": progress.last,
        "metrics": best.metrics | model.diagnostics(job.data),
        "paths": {
            "folder": str(folder),
            "config": str(folder / "config.yaml"),
            "metrics": str(folder / "metrics.csv"),
            "best": str(folder / "checkpoints" / "best.ckpt"),
            "last": str(folder / "checkpoints" / "last.ckpt"),
        },
    }
    if job.untrained is not None:
        job.result["weights"] = _weights(job.untrained, model)
        job.result["outputs"] = _outputs(job.untrained, model, job.data)
    options = {key: job.config["figures"][key] for key in ("show", "rotate")}
    draws = job.config["figures"]["draw"]
    if draws:
        job.result["paths"]["figures"] = str(folder / "figures")
    write_json(folder / "result.json", job.result)  # before figures, which may fail
    if draws:
        from nnzoo.runs.pictures import Drawing, draw

        title = f"{job.result['model']} on {job.result['data']}"
        drawing = Drawing(model, job.untrained, job.data, progress.rows, title)
        draw(drawing, folder / "figures", **options)
    return job.result


def set_threads(threads: int | None) -> None:
    """Set torch's threads on the CPU; None: leave them unchanged."""
    if threads is not None:
        torch.set_num_threads(check_int("threads", threads))


def keep_freed_memory() -> None:
    """Let the C library keep freed memory.

    It returns large blocks to the system, and clearing new ones can take longer than a layer. After
    a large block was freed once, it keeps up to twice that size.
    """
    torch.empty(31 * 2**20, dtype=torch.uint8)


def _weights(before: Model, model: Model) -> dict[str, Any] | None:
    """Return the weights before and after training; None: they are too many to show."""
    if sum(weight.numel() for weight in model.weights().values()) > FEW:
        return None
    return {
        when: {name: weight.tolist() for name, weight in own.weights().items()}
        for when, own in (("before", before), ("after", model))
    }


def _outputs(old: Model, model: Model, data: DataModule) -> list[dict[str, Any]] | None:
    """Return each training point's outputs before and after training; None: they are too many."""
    x, y = data.raw[0]
    if x.numel() > FEW:
        return None
    before, after = copy.copy(old).eval().predict(x).tolist(), model.predict(x).tolist()
    rows = zip(x.tolist(), before, after, strict=True)
    outputs = [{"input": a, "before": b, "after": c} for a, b, c in rows]
    if y is not None:
        for row, target in zip(outputs, y.tolist(), strict=True):
            row["target"] = target
    return outputs
