"""Which jobs of a sweep train together, and which train alone."""

import pytest
import torch
from comparing import read_csv
from helpers import mostly_slow

import nnzoo
import nnzoo.models
from nnzoo.runs.job import Job
from nnzoo.sweeps.groups import group_key, why_alone


def test_models_of_other_shapes_form_another_group(nnzoo_train):
    printed = nnzoo_train(
        *("-m", "model=sigmoid_classifier", "model.hidden=[4],[8]", "seed=0,1", "debug=default"),
        "figures=none",
    )
    assert "jobs 0-1: trained together\n" in printed.out
    assert "jobs 2-3: trained together\n" in printed.out
    assert "4 jobs, 0 failed" in printed.out


class Hooked(nnzoo.models.MLP):
    def on_train_epoch_end(self):
        super().on_train_epoch_end()


class Annealed(nnzoo.models.MLP):
    def loss(self, batch, noise=None):
        return super().loss(batch, noise) / (1 + self.current_epoch)


class Jittered(nnzoo.models.MLP):
    def __init__(self, in_features, units, task, **options):
        super().__init__(in_features, units, task, **options)
        self.jitter = torch.randn(3)


class Normalized(nnzoo.models.MLP):
    def __init__(self, in_features, units, task, **options):
        super().__init__(in_features, units, task, **options)
        self.norm = torch.nn.BatchNorm1d(self.in_features)

    def forward(self, x):
        return super().forward(self.norm(x))


class Branching(nnzoo.models.MLP):
    def loss(self, batch, noise=None):
        loss = super().loss(batch, noise)
        return loss if loss > 0 else -loss


TIMER = "callbacks.timer._target_=lightning.pytorch.callbacks.Timer"
ALONE = {
    "model.optimizer.name=lbfgs": "the steps of lbfgs depend on all parameters together)",
    f"+{TIMER}": "callbacks.timer may act on each step)",
    "trainer.precision=bf16-mixed": "trainer.precision=bf16-mixed is not supported by the engine)",
    "+trainer.accumulate_grad_batches=2": "trainer.accumulate_grad_batches acts on each step)",
    "Hooked": "Hooked has a hook on_train_epoch_end of its own)",
    "Annealed": "Annealed.loss reads the progress of Lightning's loop)",
    "Jittered": "Jittered has tensors that are neither parameters nor buffers)",
    "Normalized": "batch normalization changes its state in the loss)",
    "Branching": "torch.func.vmap cannot call Branching: ",
}


@pytest.mark.parametrize("option", mostly_slow(ALONE, keep=3))
def test_what_cannot_train_together_trains_alone(nnzoo_train, tmp_path, option):
    own = option if "=" in option else f"model._target_={__name__}.{option}"
    printed = nnzoo_train(
        *("-m", own, "model=mlp", "seed=0,1", "trainer.max_epochs=2", "figures=none"),
        "hydra.sweep.dir=sweep",
    )
    assert printed.code == 0, printed
    assert f"jobs 0-1: trained one by one ({ALONE[option]}" in printed.out
    assert len(read_csv(tmp_path / "sweep" / "results.csv")) == 2
    assert "2 jobs, 0 failed" in printed.out


@pytest.fixture
def job(composed):
    """A job of a small network."""
    return Job(composed("model=mlp", "data=iris"), [])


def test_other_plain_attributes_form_another_group(job, composed):
    assert why_alone(job) is None
    other = Job(composed("model=mlp", "data=iris", "seed=5", "model.optimizer.lr=0.5"), [])
    assert group_key(job) == group_key(other)
    for option in ("+model.activation=relu", "+data.batch_size=7", "+model.optimizer.name=sgd"):
        assert group_key(job) != group_key(Job(composed("model=mlp", "data=iris", option), []))
