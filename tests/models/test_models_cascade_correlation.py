"""Cascade correlation: numbers by hand, gradients by autograd, and what growth leaves alone."""

import pytest
import torch
from helpers import fit, train_by_engine

import nnzoo
from nnzoo import InputError
from nnzoo.models import CascadeCorrelation
from nnzoo.nn import Cascade
from nnzoo.nn.cascade_correlation import correlation

WHOLE = {"batch_size": None, "shuffle": False, "val_fraction": 0}


def test_a_cascade_of_two_units_by_hand():
    """For x = 2: h_1 = s(ln 3 (2 - 1)) = 3/4 - 1/2, h_2 = s(0) = 0 where 1/2 x and -4 h_1 cancel,
    and the output is 1 + 3 x + 8 h_1."""
    net, third = Cascade(1, 1, 3), float(torch.log(torch.tensor(3.0)))
    net.hidden[0, :2] = torch.tensor([-third, third])
    net.hidden[1, :3] = torch.tensor([0, 0.5, -4])
    net.output[0] = torch.tensor([1.0, 3, 8, 5, 0])
    assert net.columns(torch.tensor([2.0])).tolist() == pytest.approx([1, 2, 0.25, 0, 0], abs=1e-6)
    assert float(net(torch.tensor([2.0]))) == pytest.approx(9)


def test_covariances_by_hand_and_their_slopes_by_autograd():
    """The errors 1, -1, 3 have the mean 1 and the squared sum 11, so with values v their
    covariance is (-2 v_2 + 2 v_3) / 11."""
    columns = torch.tensor([[1.0, 0.0], [1, 1], [1, 2]], dtype=torch.float64)
    errors = torch.tensor([[1.0], [-1], [3]], dtype=torch.float64)
    pool = torch.tensor([[0.5, 1.0], [0, -0.3]], dtype=torch.float64)
    v = torch.sigmoid(columns @ pool.T)
    found, _ = correlation(columns, errors, pool)
    torch.testing.assert_close(found, (2 * (v[2] - v[1]) / 11)[:, None])

    generator = torch.Generator().manual_seed(0)
    columns, errors, pool = (
        torch.randn(shape, generator=generator, dtype=torch.float64)
        for shape in ((20, 5), (20, 3), (4, 5))
    )
    found, slope = correlation(columns, errors, pool.requires_grad_())
    torch.testing.assert_close(slope, torch.autograd.grad(found.abs().sum(), pool)[0])


@torch.no_grad()
def test_growth_changes_no_unit_and_no_output():
    """The weights of a unit stay; while candidates learn, so do the outputs."""
    data = nnzoo.create_data("moons", **WHOLE)
    torch.manual_seed(0)
    model = nnzoo.create_model("cascade_correlation", data, max_units=2, patience=3, tolerance=0)
    (rule,), batch, kept, phases = model.steps(None), data.train, [], set()
    for step in range(100):
        n, adding = int(model.hidden_units), bool(model.adding)
        output = model.net.output.clone()
        noise = model.sample_noise(batch, torch.Generator().manual_seed(step))
        model.apply_rule(rule, batch, None, noise)
        kept += model.net.hidden[len(kept) : int(model.hidden_units)].clone()
        assert all(torch.equal(*pair) for pair in zip(kept, model.net.hidden, strict=False))
        assert not model.net.hidden[len(kept) :].any()
        assert not model.net.output[:, model.net.first + len(kept) :].any()
        if adding and len(kept) == n:
            assert torch.equal(model.net.output, output)
        phases.add((n, adding))
    assert phases == {(n, adding) for n in range(2) for adding in (False, True)} | {(2, False)}
    assert model.finished == 1
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.apply_rule(rule, batch, None, noise)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.slow
def test_two_spirals():
    data = nnzoo.create_data("two_spirals", **WHOLE)
    torch.manual_seed(1)
    model = nnzoo.create_model("cascade_correlation", data)
    progress = train_by_engine(model, data, 3000, seed=1, every=50)
    assert model.metrics(data.train.like(model.prototype))["accuracy"] == 1
    assert progress.complete
    assert progress.epochs < 3000
    assert 8 <= model.diagnostics(data)["hidden_units"] <= 20


def test_a_training_that_has_finished_ends():
    """A single output unit separates two far blobs; the textbook path ends at the same epoch."""
    data = nnzoo.create_data([[0.0], [1]] * 5, ["a", "b"] * 5, **WHOLE)
    ends = []
    for by_engine in (True, False):
        torch.manual_seed(0)
        model = nnzoo.create_model("cascade_correlation", data, max_units=1)
        if by_engine:
            ends.append(train_by_engine(model, data, 100, every=1, weights="last").epochs)
        else:
            ends.append(fit(model, data, max_epochs=100).current_epoch)
        assert model.finished == 1
        assert model.hidden_units == 0
        batch = data.train.like(model.prototype)
        assert float((model(batch.x) - model.targets(batch)).abs().max()) <= 0.4
    assert ends[0] == ends[1] < 100


@pytest.mark.parametrize("task", ["numbers", "classes"])
def test_other_tasks(task):
    x = torch.linspace(-1, 1, 40)[:, None]
    numbers = torch.cat([x.square(), (3 * x).sin()], 1)
    y = numbers if task == "numbers" else [str(int(k)) for k in 3.999 * numbers[:, 0]]
    data = nnzoo.create_data(x, y, **WHOLE)
    torch.manual_seed(0)
    model = nnzoo.create_model("cascade_correlation", data, max_units=4, patience=4)
    train_by_engine(model, data, 250)
    found = model.metrics(data.train.like(model.prototype))
    assert found["r2"] > 0.9 if task == "numbers" else found["accuracy"] > 0.9


def test_small_batches_and_wrong_numbers_are_errors():
    data = nnzoo.create_data("moons", batch_size=8)
    with pytest.raises(InputError, match=r"data\.batch_size=null"):
        CascadeCorrelation(2).check(data)
    for name in ("max_units", "candidates", "patience"):
        with pytest.raises(InputError, match=f"model.{name} must be"):
            CascadeCorrelation(2, **{name: 0})
