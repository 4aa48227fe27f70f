"""A training that diverges keeps the rows and the best weights before the divergence."""

import math
import re

import numpy as np
import pytest
from run_folder import result_of, rows

import nnzoo
from nnzoo.engine.loop import Engine
from nnzoo.errors import RunError
from nnzoo.runs.run import train

OPTIONS = (  # 2 steps an epoch, a measurement every 5 epochs
    *("model=sigmoid_classifier", "++data.batch_size=2", "trainer.max_epochs=10", "figures=none"),
    "++trainer.check_val_every_n_epoch=5",
)


def breaking(monkeypatch, at, act):
    """Let ``act(engine, losses)`` change the losses of the step ``at``."""
    take = Engine._take

    def taken(engine, batch, clock):
        losses = take(engine, batch, clock)
        return act(engine, losses) if clock.step == at else losses

    monkeypatch.setattr(Engine, "_take", taken)


@pytest.mark.parametrize("step", [0, 1, 7, 10, 13, 19])
def test_each_epoch_with_finite_losses_has_its_row(step, composed, monkeypatch):
    whole = composed(*OPTIONS)
    train([whole])
    breaking(monkeypatch, step, lambda engine, losses: losses * math.inf)
    broken = composed(*OPTIONS)
    (result,) = train([broken])
    assert str(result.error).startswith(
        f"the loss became inf in epoch {step // 2}, step {step % 2}: the training diverged; "
        "try a lower learning rate"
    )
    folder = broken["run"]["folder"]
    assert (result.content["status"], result_of(folder)) == ("failed", result.content)
    wanted = [(row["epoch"], row["loss"]) for row in rows(whole["run"]["folder"])]
    assert [(row["epoch"], row["loss"]) for row in rows(folder)] == wanted[: step // 2]


@pytest.mark.parametrize("step", [9, 19])
def test_infinite_weights_end_the_training(step, composed, monkeypatch):
    def fill(engine, losses):
        engine.population.rows[""].fill_(math.inf)
        return losses

    breaking(monkeypatch, step, fill)
    config = composed(*OPTIONS)
    (result,) = train([config])
    epoch = step // 2
    assert f"weights became infinite or NaN in epoch {epoch}: the training" in str(result.error)
    folder = config["run"]["folder"]
    assert [int(row["epoch"]) for row in rows(folder)] == list(range(epoch + 1))
    has_best = step > 9
    assert ("the best weights so far are in" in str(result.error)) == has_best
    if has_best:
        assert all(p.isfinite().all() for p in nnzoo.load_model(folder).parameters())


@pytest.mark.parametrize("more", [[], ["trainer.accumulate_grad_batches=1"]])  # Lightning's loop
def test_the_last_good_weights_are_kept(more, nnzoo_train, tmp_path):
    options = ("model=autoencoder", "data.scale=none", "model.output_activation=identity")
    # A rate that rises from 1e-3 by a factor of 1e4 each epoch: the first epoch goes well.
    rate = ("model.optimizer={name:sgd,lr:.001}", "model.scheduler={name:exponential,gamma:10000}")
    printed = nnzoo_train(*options, *rate, *more, "hydra.run.dir=run")
    assert printed.code == 1
    assert printed.err.startswith("error: the loss became ")
    assert "in epoch 1, step" in printed.err
    assert printed.err.count("\n") == 1
    (row,) = rows("run")
    assert row["epoch"] == "0"
    result = result_of(tmp_path / "run")
    assert result["status"] == "failed"
    assert printed.err == f"error: {result['error']}\n"
    model = nnzoo.load_model(tmp_path / "run")
    x = nnzoo.create_data("blobs").points.x
    assert float((model.predict(x) - x).square().mean()) == pytest.approx(float(row["mse"]))


@pytest.mark.parametrize("model", ["autoencoder", "gan", "vae"])
def test_a_run_fails_if_its_monitored_metric_is_never_finite(model, composed, tmp_path):
    """One point of the validation part is so large that its error overflows."""
    x = np.random.default_rng(0).normal(size=(60, 2))
    x[3] = 1e22
    np.save(tmp_path / "points.npy", x)
    npy = ("data=npy", f"data.path={tmp_path}/points.npy", "++data.val_fraction=0.5")
    typed = (f"model={model}", *npy, "trainer.max_epochs=3", "figures=none")
    for more in ((), ("++trainer.accumulate_grad_batches=1",)):
        config = composed(*typed, *more)
        (result,) = train([config])
        assert isinstance(result.error, RunError)
        assert re.match(
            r"val_(loss|energy_distance) is (inf|nan) even in the best", result.error.args[0]
        )
        assert result_of(config["run"]["folder"])["status"] == "failed"


def test_divergence_within_the_first_epoch_leaves_no_weights(composed, trained_result):
    config = composed("model=autoencoder", "++model.optimizer.lr=1e30", "figures=none")
    (result,) = train([config])
    assert "in epoch 0, step 1: the training diverged" in str(result.error)
    assert isinstance(result.error, RunError)
    assert rows(config["run"]["folder"]) == []
