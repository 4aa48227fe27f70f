"""Options that act on each step: Lightning's loop trains, and the folder is the same."""

import signal

import lightning.pytorch as pl
import pytest
import torch
from helpers import mostly_slow
from run_folder import checkpoint, result_of, rows

import nnzoo
from nnzoo.errors import InputError
from nnzoo.models import MLP
from nnzoo.runs.evaluation import evaluate
from nnzoo.runs.run import train

IRIS = ("model=mlp", "data=iris", "trainer.max_epochs=4", "figures=none")
FILES = {
    *("checkpoints/best.ckpt", "checkpoints/last.ckpt"),
    *("config.yaml", "metrics.csv", "result.json"),
}
OPTIONS = {
    "trainer.accumulate_grad_batches=2": "trainer.accumulate_grad_batches acts on each step",
    "trainer.limit_train_batches=2": "trainer.limit_train_batches acts on each step",
    "trainer.max_steps=9": "trainer.max_steps acts on each step",
    "trainer.precision=bf16-mixed": "trainer.precision=bf16-mixed is not supported by the engine",
    "model.optimizer.name=lbfgs": None,
    "callbacks.mine._target_=test_lightning_fit.Counter": "callbacks.mine may act on each step",
}


class Counter(pl.Callback):
    """A user's callback."""

    batches = 0

    def on_train_batch_end(self, *args):
        type(self).batches += 1


@pytest.mark.parametrize("option", mostly_slow(OPTIONS, keep=3))
def test_the_same_files(option, nnzoo_train, nnzoo_predict, tmp_path):
    printed = nnzoo_train(*IRIS, option, "hydra.run.dir=run")
    assert (printed.code, printed.err) == (0, "")
    first, *_ = lines = printed.out.splitlines()
    assert first.startswith("Lightning's loop trains this model: ")
    assert sum("Lightning" in line for line in lines) == 1
    if OPTIONS[option] is not None:
        assert first.removeprefix("Lightning's loop trains this model: ") == OPTIONS[option]
    run = tmp_path / "run"
    assert {str(p.relative_to(run)) for p in run.rglob("*") if p.is_file()} == FILES
    engine = nnzoo_train(*IRIS, "hydra.run.dir=engine")
    assert (engine.code, "Lightning" in engine.out) == (0, False)
    ours, theirs = (result_of(tmp_path / name) for name in ("engine", "run"))
    assert list(ours) == list(theirs)
    assert list(ours["metrics"]) == list(theirs["metrics"])
    assert theirs["fit_seconds"] > 0
    written = rows(run)
    assert list(written[0]) == list(rows(tmp_path / "engine")[0])
    assert [row["epoch"] for row in written] == [str(k) for k in range(len(written))]
    best = min(written, key=lambda row: float(row["val_loss"]))
    assert theirs["best"] == {"epoch": int(best["epoch"]), "value": float(best["val_loss"])}
    # Mixed precision uses bfloat16 only in training.
    data = nnzoo.create_data("iris", scale="standard")
    near = pytest.approx(theirs["metrics"], rel=1e-5, abs=1e-6)
    assert evaluate(nnzoo.load_model(run), data) == near
    assert nnzoo_predict("run=run", "input=[5,3,1.5,0.2]").code == 0


def test_the_callback_is_called(trained_result):
    Counter.batches = 0
    trained_result(*IRIS, "++callbacks.mine._target_=test_lightning_fit.Counter")
    assert Counter.batches == 16


@pytest.mark.parametrize("model", ["autoencoder", "competitive", "gan", "mlp", "perceptron"])
def test_the_same_numbers(model, trained_result):
    """A callback changes nothing, so that both loops learn the same."""
    options = (f"model={model}", "data=iris", "figures=none", "trainer.max_epochs=3")
    ours = trained_result(*options)
    theirs = trained_result(*options, "++callbacks.mine._target_=test_lightning_fit.Counter")
    assert theirs["metrics"] == pytest.approx(ours["metrics"], rel=1e-4, abs=1e-5)
    assert theirs["best"]["epoch"] == ours["best"]["epoch"]
    one, two = (rows(result["paths"]["folder"]) for result in (ours, theirs))
    assert [(row["epoch"], row["step"]) for row in one] == [(r["epoch"], r["step"]) for r in two]
    for ours_, theirs_ in zip(one, two, strict=True):
        for name, text in ours_.items():
            assert bool(theirs_[name]) == bool(text)
            if text:
                assert float(theirs_[name]) == pytest.approx(float(text), rel=1e-4, abs=1e-5)


def test_seldom_measured(trained_result):
    result = trained_result(
        *IRIS, "++trainer.accumulate_grad_batches=2", "++trainer.check_val_every_n_epoch=3"
    )
    measured = [row["epoch"] for row in rows(result["paths"]["folder"]) if row["val_loss"]]
    assert measured == ["2", "3"]


def test_early_stopping(trained_result):
    result = trained_result(
        *IRIS[:2],
        "trainer.max_epochs=9",
        "figures=none",
        "++trainer.accumulate_grad_batches=2",
        "callbacks=early_stopping",
        "++callbacks.early_stopping.patience=2",
        "++callbacks.early_stopping.min_delta=10",
    )
    assert result["epochs"] == 3


def test_nothing_is_written_if_the_trainer_cannot_be_built(nnzoo_train, tmp_path):
    for option in ("trainer=ddp_cpu trainer.strategy=ddp_spawn", "trainer.callbacks=[]"):
        printed = nnzoo_train("model=gan", *option.split(), "hydra.run.dir=run")
        assert (printed.code, printed.out) == (1, "")
        assert not list(tmp_path.rglob("*.*"))


def test_the_folder_of_another_run_is_left_alone(nnzoo_train, tmp_path):
    options = (*IRIS, "trainer.limit_train_batches=2", "hydra.run.dir=run")
    assert nnzoo_train(*options).code == 0
    before = (tmp_path / "run" / "result.json").read_text()
    printed = nnzoo_train(*options)
    assert (printed.code, printed.out) == (1, "")
    assert "run holds a run already" in printed.err
    assert (tmp_path / "run" / "result.json").read_text() == before


@pytest.mark.parametrize(
    "option", mostly_slow([*[*OPTIONS][:1], "model.optimizer.name=lbfgs"], keep=1)
)
def test_resumed(option, composed, monkeypatch):
    options = (*IRIS, f"++{option}", "trainer.max_epochs=6", "callbacks=early_stopping")
    whole, broken = composed(*options), composed(*options)
    train([whole])
    with monkeypatch.context() as patch:
        step = MLP.training_step

        def signalled(model, batch, batch_idx):
            if (model.trainer.current_epoch, batch_idx) == (2, 1):
                signal.raise_signal(signal.SIGTERM)
            return step(model, batch, batch_idx)

        patch.setattr(MLP, "training_step", signalled)
        with pytest.raises(KeyboardInterrupt, match="interrupted by SIGTERM; continue with "):
            train([broken])
    folder = broken["run"]["folder"]
    assert result_of(folder)["status"] == "failed"
    assert [row["epoch"] for row in rows(folder)] == ["0", "1", "2"]
    rest = composed(*options, f"resume={folder}")
    (result,) = train([rest])
    assert result.error is None
    one, two = whole["run"]["folder"], rest["run"]["folder"]
    assert rows(one) == rows(two)
    for name in ("best", "last"):
        first, second = (checkpoint(path, name)["state_dict"] for path in (one, two))
        assert all(torch.equal(first[key], second[key]) for key in first)
    kept = [
        {k: v for k, v in result_of(path).items() if k not in ("fit_seconds", "paths", "overrides")}
        for path in (one, two)
    ]
    assert kept[0] == kept[1]


@pytest.mark.parametrize("at", [(3, 0), (3, 3)])
def test_a_signal_in_the_last_epoch(at, composed, monkeypatch):
    step = MLP.training_step

    def signalled(model, batch, batch_idx):
        if (model.trainer.current_epoch, batch_idx) == at:
            signal.raise_signal(signal.SIGTERM)
        return step(model, batch, batch_idx)

    monkeypatch.setattr(MLP, "training_step", signalled)
    config = composed(*IRIS, "++trainer.accumulate_grad_batches=2", "run.every_seconds=0")
    with pytest.raises(KeyboardInterrupt, match="by SIGTERM; the training is complete"):
        train([config])
    assert result_of(config["run"]["folder"])["status"] == "completed"


def test_what_cannot_be_resumed(composed, trained):
    by_engine = trained(*IRIS)
    by_lightning = trained(*IRIS, "++trainer.accumulate_grad_batches=2")
    longer = (*IRIS, "trainer.max_epochs=9")
    for folder, option, text in (
        (by_engine, "++trainer.accumulate_grad_batches=2", "with other options of the trainer"),
        (by_lightning, "++seed=0", "with other options of the trainer"),
    ):
        config = composed(*longer, option, f"resume={folder}")
        with pytest.raises(InputError, match=text):
            train([config])
    finished = composed(*IRIS, "++trainer.accumulate_grad_batches=2", f"resume={by_lightning}")
    with pytest.raises(InputError, match="was trained for 4 epochs"):
        train([finished])


def test_a_cosine_schedule_of_another_length(composed, trained):
    cosine = ("++model.scheduler.name=cosine", "++trainer.accumulate_grad_batches=2")
    folder = trained(*IRIS, *cosine)
    with pytest.raises(InputError, match=r"model\.scheduler\.T_max=9"):
        train([composed(*IRIS, *cosine, "trainer.max_epochs=9", f"resume={folder}")])


BATCHES = "trainer: You requested to check 0.001 of the `train_dataloader` but 0.001 * 4 < 1"
NOT_STARTED = {
    "trainer.accumulate_grad_batches=0": "trainer.accumulate_grad_batches must be a whole number",
    "trainer.limit_train_batches=0.001": BATCHES,
    "trainer.val_check_interval=9": "trainer: `val_check_interval` (9) must be less than or equal",
    "trainer.max_steps=0": "trainer: nothing was trained",
}


@pytest.mark.parametrize("option", NOT_STARTED)
def test_a_training_that_cannot_start_leaves_nothing(option, nnzoo_train, tmp_path):
    printed = nnzoo_train(*IRIS, option, "hydra.run.dir=run")
    assert (printed.code, printed.out) == (1, "")
    assert printed.err.startswith(f"error: {NOT_STARTED[option]}")
    assert printed.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
