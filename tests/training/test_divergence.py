"""A training that diverges leaves the rows of what it did."""

import math

import pytest
from test_run import rows

import nnzoo.models
from nnzoo.errors import RunError
from nnzoo.training.run import train


@pytest.mark.parametrize(
    ("step", "passes"),
    [(0, 0), (1, 1), (7, 7), (49, 49), (50, 50), (53, 53)],  # of 50 an epoch
)
def test_divergence_leaves_a_row_for_each_finite_loss(step, passes, composed, monkeypatch):
    options = ("model=sigmoid_classifier", "trainer.max_epochs=2", "figures=none")
    whole = composed(*options)
    train(whole, quiet=True)
    learn, steps = nnzoo.models.MLP.learn, iter(range(1000))
    monkeypatch.setattr(
        nnzoo.models.MLP,
        "learn",
        lambda *given: learn(*given) * (math.inf if next(steps) == step else 1),
    )
    broken = composed(*options)
    with pytest.raises(RunError, match=f"the loss became inf in epoch {step // 50}"):
        train(broken, quiet=True)
    written = [(row["pass"], row["loss"]) for row in rows(broken.run.folder)]
    assert written == [(row["pass"], row["loss"]) for row in rows(whole.run.folder)][:passes]


def test_weights_that_become_infinite_leave_each_row_once(composed, monkeypatch):
    learn = nnzoo.models.MLP.learn

    def last_step_breaks(model, batch):
        loss = learn(model, batch)
        if model.progress > 0.485:
            model.net[0].weight.data.fill_(math.inf)
        return loss

    monkeypatch.setattr(nnzoo.models.MLP, "learn", last_step_breaks)
    cfg = composed("model=sigmoid_classifier", "trainer.max_epochs=2", "figures=none")
    with pytest.raises(RunError, match="weights became infinite or nan in epoch 0"):
        train(cfg, quiet=True)
    assert [int(row["pass"]) for row in rows(cfg.run.folder)] == list(range(50))
