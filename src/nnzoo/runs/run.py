"""Training: from configs to trained models, their results, checkpoints and figures."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from nnzoo.data import DataModule
from nnzoo.engine.interrupts import Interrupts
from nnzoo.engine.loop import Engine
from nnzoo.errors import InputError, RunError, unexpected
from nnzoo.runs.checkpoint import read_checkpoint, write_progress
from nnzoo.runs.evaluation import measure, recalls
from nnzoo.runs.figure_options import figure_options
from nnzoo.runs.files import write_json
from nnzoo.runs.job import Job
from nnzoo.runs.lightning_fit import fit_by_lightning
from nnzoo.runs.loggers import build_loggers, close, log_hyperparameters, log_row
from nnzoo.runs.resume import resume_file
from nnzoo.runs.trainer import build_trainer, fit, set_threads, silence_warnings


@dataclass
class Result:
    """The result of a job.

    Attributes:
        content: content of ``result.json``.
        error: why it failed; None: it did not.
        rows: rows of ``metrics.csv``.
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
    """Build jobs from configs and train them together; see ``train_jobs``.

    Args:
        configs: ``conf/train.yaml`` composed, in plain containers; ``run`` names the folder, the
            model and the data.
        overrides: what the user changed, for ``result.json``.
        announce: called with each job before its training starts.
        data: the data module, if it exists already.

    Raises:
        InputError: if a config asks for something impossible; then nothing is written.
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
        jobs: untrained jobs; a single one if Lightning's loop trains it.
        announce: called with each job before its training starts.
        total: number of jobs in training, including those in other processes.

    Raises:
        Exception: any kind, if the training itself fails; an error of one of several jobs, such as
            in its files, is in its result.
        KeyboardInterrupt: if it was interrupted, after everything was written.
    """
    try:
        if jobs[0].is_trained:
            interrupts = write_trained(jobs[0], announce)
        elif jobs[0].plan.epochs == 0:
            interrupts = measure_untrained(jobs, announce)
        elif jobs[0].reason is None:
            interrupts = fit_by_engine(jobs, announce, total)
        else:
            interrupts = fit_by_lightning(jobs[0], announce)
    except Exception as error:
        for job in jobs:
            job.fail(error)
        raise
    then = "the training is complete"
    for job in jobs if interrupts.asked else ():
        progress = job.member.progress
        if progress.epochs < job.plan.epochs and not progress.complete and not progress.error:
            progress.error = RunError(f"interrupted after epoch {progress.epochs}")
            names = job.folder if len(jobs) == 1 else "each job's folder"
            then = f"continue with resume={names}"
    results = [finish(job) for job in jobs]
    if interrupts.asked:
        raise KeyboardInterrupt(f"interrupted by {interrupts.name}; {then}")
    return results


def write_trained(job: Job, announce: Announce | None) -> Interrupts:
    """Write the files of a training that was killed before it wrote its result."""
    trainer = build_trainer(job.config, [], [])
    job.open(trainer.strategy.root_device)
    if announce is not None:
        announce(job)
    last = read_checkpoint(resume_file(job.config["resume"]))
    write_progress(job.folder, job.model, job.data, job.member.progress, last)
    return Interrupts()


def fit_by_engine(jobs: Sequence[Job], announce: Announce | None, total: int | None) -> Interrupts:
    """Train jobs by the engine; return the recorded signals."""
    changes = {"max_epochs": 1, "check_val_every_n_epoch": 1, "gradient_clip_val": None}
    progress = jobs[0].member.progress if len(jobs) == 1 else None
    trainer = build_trainer(jobs[0].config, [], [], progress, **changes)
    opened, logged = open_jobs(jobs, announce, trainer.strategy.root_device)
    if not opened:
        return Interrupts()
    engine = Engine([job.member for job in opened], jobs[0].plan)
    # The C library returns large freed blocks to the system, and clearing new ones can take longer
    # than a layer. Once a large block has been freed, it keeps blocks of up to twice that size.
    torch.empty(31 * 2**20, dtype=torch.uint8)
    seconds = fit(trainer, engine.interrupts, engine)
    seconds /= total or len(opened)  # shared by all jobs in training
    for job in opened:
        job.result |= {"fit_seconds": seconds, "members": len(opened)}
    close_loggers(opened, logged)
    return engine.interrupts


def close_loggers(jobs: Sequence[Job], logged: Sequence[Sequence[Any]]) -> None:
    """Close the loggers of each job; an error of one is kept in its job."""
    for job, loggers in zip(jobs, logged, strict=True):
        try:
            close(loggers, job.member.progress.error is None)
        except Exception as error:  # each library has its own
            job.error = unexpected(error)


def measure_untrained(jobs: Sequence[Job], announce: Announce | None) -> Interrupts:
    """Measure jobs of 0 epochs on the CPU, and write them as trained ones."""
    opened, logged = open_jobs(jobs, announce, torch.device("cpu"))
    if opened:
        Engine([job.member for job in opened], jobs[0].plan).measure_untrained()
    close_loggers(opened, logged)
    return Interrupts()


def open_jobs(
    jobs: Sequence[Job], announce: Announce | None, device: torch.device
) -> tuple[list[Job], list[list[Any]]]:
    """Open jobs with their loggers; return those that could be opened and the loggers of each. An
    error of one of several jobs is kept in it."""
    opened: list[Job] = []
    logged: list[list[Any]] = []
    for job in jobs:
        try:
            loggers = build_loggers(job.config)
            job.open(device)
            if loggers:
                job.member.log = partial(log_row, loggers)
                log_hyperparameters(loggers, job)
            if announce is not None:
                announce(job)
            opened.append(job)
            logged.append(loggers)
        except Exception as error:
            if len(jobs) == 1:
                raise
            job.error = error
    return opened, logged


def finish(job: Job) -> Result:
    """Write and return the result of a trained job."""
    try:
        return Result(finalize(job), rows=job.member.progress.rows)
    except Exception as error:
        return Result(job.fail(error), error)


def _rows(known: torch.Tensor) -> list[Any]:
    """Return the rows of a matrix as lists; None for a row that is not known."""
    return [row.tolist() if bool(row.isfinite().all()) else None for row in known]


def finalize(job: Job) -> dict[str, Any]:
    """Load the best weights of a trained job; write its result and figures; return the content of
    ``result.json``.

    Raises:
        RunError: if the training failed.
        InputError: if nothing was trained.
    """
    if job.error is not None:
        raise job.error
    progress, model, folder = job.member.progress, job.model, job.folder
    best = progress.best
    if progress.error is not None:
        checkpoints = folder / "checkpoints"
        kept = f"; the best weights so far are in {checkpoints}"
        raise RunError(f"{progress.error}{kept if (checkpoints / 'best.ckpt').exists() else ''}")
    if best is None or not progress.rows:
        raise InputError("nothing was trained: trainer's options leave no epoch or no batch")
    if not math.isfinite(best.value):
        raise RunError(
            f"{job.monitor} is {best.value} even in the best epoch, {best.epoch}: look for extreme "
            "numbers in the data, or try a lower learning rate"
        )
    model.load_state_dict(best.weights)
    model.eval()
    (weights, outputs), (new_weights, new_outputs) = job.before, job.few_numbers()
    paths = {
        "folder": folder,
        "config": folder / "config.yaml",
        "metrics": folder / "metrics.csv",
        "best": folder / "checkpoints" / "best.ckpt",
        "last": folder / "checkpoints" / "last.ckpt",
    }
    learned = None
    if weights and new_weights and all(len(v) == len(weights[n]) for n, v in new_weights.items()):
        learned = {"before": weights, "after": new_weights}
    if learned is not None and (true := model.known_weights(job.data)):
        learned["true"] = {name: _rows(value) for name, value in true.items()}
    if job.untrained is not None:
        paths["figures"] = folder / "figures"
    job.result |= {
        "epochs": progress.epochs,
        "best": {"epoch": best.epoch, "value": best.value},
        "last": progress.last,
        "metrics": best.metrics | measure(model, job.data, ["test"]) | model.diagnostics(job.data),
        "recalls": recalls(model, job.data),
        "weights": learned,
        "paths": {name: str(path) for name, path in paths.items()},
    }
    if outputs is not None:
        x, y = job.data.raw[0]
        columns = {"input": x.tolist(), "before": outputs, "after": new_outputs}
        if y is not None:
            columns["target"] = y.tolist()
        rows = zip(*columns.values(), strict=True)
        job.result["outputs"] = [dict(zip(columns, row, strict=True)) for row in rows]
    write_json(folder / "result.json", job.result)  # before figures, which may fail
    if job.untrained is not None:
        from nnzoo.runs.pictures import draw, drawing_of

        epochs = progress.rows if progress.epochs else []  # a curve needs a training
        inputs = model, job.untrained, job.data, epochs
        drawing = drawing_of(job.result, *inputs, epochs=job.plan.epochs)
        chosen = job.config["figures"]
        shown = {key: chosen[key] for key in ("show", "rotate")}
        draw(drawing, folder / "figures", options=figure_options(chosen), **shown)
    return job.result
