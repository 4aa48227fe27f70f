"""Rows, best epochs, and stopping of members that train together."""

import pytest
import torch
from helpers import fit, same, state, tiny_data, tiny_model

from nnzoo.engine.history import History
from nnzoo.engine.loop import Engine, Plan
from nnzoo.engine.progress import Member, Progress
from nnzoo.engine.stopping import EarlyStopping


def make_member(seed=0, name="mlp", epochs=6, data=None, stopping=None, log=None, **options):
    data = tiny_data(name) if data is None else data
    written = []
    model = tiny_model(name, data, seed, **options)
    progress = Progress(epochs)
    return Member(model, data, seed, progress, written.append, stopping, log)


def add(history, values, losses=None):
    """Add an epoch of one step with these values of the metric, and with weights equal to them."""
    losses = values if losses is None else losses
    history.add_losses(torch.tensor([losses]))
    weights = {"weight": torch.tensor(values)[:, None].expand(-1, 2).clone()}
    history.add_metrics({"loss": values, "val_loss": values}, weights)
    return weights


def test_each_member_has_its_best_epoch():
    members = [make_member(seed) for seed in range(3)]
    history = History(members, [1])
    for values in ([3.0, 1.0, 2.0], [2.0, 2.0, 2.0], [1.0, 3.0, 1.5]):
        weights = add(history, values)
    for position in range(3):
        history.write(position, weights, {})
    progress = [member.progress for member in members]
    assert [(p.best.epoch, p.best.value) for p in progress] == [(2, 1.0), (0, 1.0), (2, 1.5)]
    assert [p.best.weights["weight"].tolist() for p in progress] == [[1, 1], [1, 1], [1.5, 1.5]]
    assert [p.weights["weight"][0] for p in progress] == [1.0, 3.0, 1.5]
    assert [p.last for p in progress] == [{"epoch": 2, "value": v} for v in (1.0, 3.0, 1.5)]
    assert [row["val_loss"] for row in progress[1].rows] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(("name", "best"), [("mlp", 0), ("lvq", 2)])
def test_the_first_of_equal_epochs_is_the_best_unless_rates_fall(name, best):
    member = make_member(name=name)
    history = History([member], [1])
    for _ in range(3):
        weights = add(history, [1.0])
    history.write(0, weights, {})
    assert member.progress.best.epoch == best


@pytest.mark.parametrize("last", [[2.0, 3.0], [3.0, 2.0]])
def test_the_best_epoch_is_one_of_the_last_stage(last):
    member = make_member(name="counterpropagation", epochs=5)  # stages of 2, 1 and 2 epochs
    history = History([member], [1])
    for value in [1.0, 1.0, 1.0, *last]:
        add(history, [value])
    assert member.progress.best.epoch == 3 + last.index(2.0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_member_that_diverges_leaves_the_others(bad):
    members = [make_member(seed) for seed in range(3)]
    history = History(members, [1])
    add(history, [3.0, 3.0, 3.0])
    weights = add(history, [2.0, bad, 2.0])
    assert history.done == [1]
    history.write(1, weights, {})
    history.keep([0, 2])
    assert history.members == [members[0], members[2]]
    weights = add(history, [1.0, 2.5])
    for position in (0, 1):
        history.write(position, weights, {})
    one, failed, other = (member.progress for member in members)
    message = f"the loss became {bad} in epoch 1, step 0: the training diverged; try a lower"
    assert str(failed.error).startswith(message)
    assert (len(failed.rows), failed.epochs, failed.best.epoch) == (1, 1, 0)
    assert failed.best.weights["weight"].tolist() == [3, 3]
    assert (one.error, other.error) == (None, None)
    assert [one.best.value, other.best.value] == [1.0, 2.0]
    assert other.best.weights["weight"].tolist() == [2, 2]


def test_weights_that_are_not_finite_end_a_member():
    member = make_member()
    history = History([member], [1])
    history.add_losses(torch.tensor([[1.0]]))
    history.add_metrics({"val_loss": [1.0]}, {"weight": torch.tensor([[1.0, float("inf")]])})
    assert history.done == [0]
    assert "weights became infinite or NaN in epoch 0" in str(member.progress.error)


def test_the_loss_of_an_epoch_is_the_mean_over_its_points():
    members = [make_member(seed) for seed in range(2)]
    history = History(members, [3, 1])
    history.add_losses(torch.tensor([[1.0, 2.0], [5.0, 6.0], [3.0, 3.0], [3.0, 7.0]]))
    rows = [member.progress.rows for member in members]
    assert rows[0] == [{"epoch": 0, "step": 2, "loss": 2.0}, {"epoch": 1, "step": 4, "loss": 3.0}]
    assert [row["loss"] for row in rows[1]] == [3.0, 4.0]


def test_members_without_loss_are_done():
    members = [make_member(seed, "perceptron") for seed in range(2)]
    history = History(members, [2, 1])
    losses = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    assert not history.reached_zero_loss(losses[:2], 1)
    assert history.reached_zero_loss(losses[2:], 2)
    history.add_losses(losses)
    weights = {"weight": torch.zeros(2, 1)}
    history.add_metrics({history.monitor: [0.0, 0.0]}, weights)
    assert history.done == [0, 1]
    assert [len(member.progress.rows) for member in members] == [2, 1]
    assert [member.progress.rows[0]["loss"] for member in members] == [2.0, 0.0]  # a sum
    assert [member.progress.complete for member in members] == [True, True]


def test_members_stop_early_by_themselves():
    members = [make_member(seed, stopping=EarlyStopping(patience=1)) for seed in range(2)]
    for member in members:
        member.stopping.set_monitor("val_loss", ["val_loss"])
    history = History(members, [1])
    add(history, [3.0, 3.0])
    assert history.done == []
    weights = add(history, [2.0, 4.0])
    assert history.done == [1]
    history.write(1, weights, {})
    assert [member.progress.complete for member in members] == [False, True]
    assert members[1].progress.stopping == {"wait": 1, "best": 3.0}
    assert len(members[1].progress.rows) == 2


def test_a_failed_write_ends_no_other_member():
    members = [make_member(seed) for seed in range(2)]

    def full(progress):
        raise OSError("no space left")

    members[0].write = full
    history = History(members, [1])
    weights = add(history, [1.0, 1.0])
    for position in (0, 1):
        history.write(position, weights, {})
    assert str(members[0].progress.error) == "OSError: no space left"
    assert members[1].progress.error is None


# In a training


def train(members, **plan):
    engine = Engine(members, Plan(**({"epochs": members[0].progress.length} | plan)))
    fit(engine, max_epochs=1)
    return engine


@pytest.mark.parametrize(
    ("epochs", "every", "measured"), [(7, 3, [2, 5, 6]), (6, 3, [2, 5]), (2, 5, [1])]
)
def test_members_are_measured_at_multiples_and_at_the_end(epochs, every, measured):
    member = make_member(epochs=epochs)
    train([member], every=every)
    rows = member.progress.rows
    assert [row["epoch"] for row in rows] == list(range(epochs))
    assert [row["epoch"] for row in rows if "val_loss" in row or "accuracy" in row] == measured


def test_a_member_saves_its_own_weights_alone():
    """A view would keep the memory of all members."""
    members = [make_member(seed) for seed in range(3)]
    train(members)
    for weights in (members[1].progress.weights, members[1].progress.best.weights):
        for value in weights.values():
            assert value.untyped_storage().nbytes() == value.nbytes


def test_a_member_that_diverges_leaves_the_training_of_others():
    options = [{"optimizer": {"name": "sgd", "lr": lr}} for lr in (0.1, 1e38, 0.05)]
    members = [make_member(seed, **o) for seed, o in enumerate(options)]
    train(members)
    assert [member.progress.error is None for member in members] == [True, False, True]
    alone = make_member(2, **options[2])
    train([alone])
    for one, other in zip(members[2].progress.rows, alone.progress.rows, strict=True):
        assert one == pytest.approx(other, rel=1e-4)


def test_a_member_that_stops_leaves_the_training_of_others():
    members = [make_member(seed, epochs=20) for seed in range(3)]
    members[1].stopping = EarlyStopping(stopping_threshold=100.0)
    members[1].stopping.set_monitor("val_loss", ["val_loss"])
    train(members, every=2)
    assert [member.progress.epochs for member in members] == [20, 2, 20]
    rows = members[0].progress.rows
    assert [row["epoch"] for row in rows if "val_loss" in row] == list(range(1, 20, 2))
    assert [member.progress.best is not None for member in members] == [True] * 3


def test_models_stay_as_they_are_and_rows_are_logged():
    logged = []
    members = [make_member(seed) for seed in range(2)]
    members[0].log = logged.append
    before = [state(member.model) for member in members]
    train(members)
    assert all(same(one, state(m.model)) for one, m in zip(before, members, strict=True))
    assert logged == members[0].progress.rows
    assert [row["step"] for row in logged] == [4 * k for k in range(1, 7)]
