"""Models as rows of one tensor give the results of each model alone."""

import pytest
import torch
from helpers import MODELS, difference, state, tiny_data, tiny_model

from nnzoo import create_data
from nnzoo.batch import Batch
from nnzoo.engine.population import MEASURED_AT_ONCE, Population
from nnzoo.engine.replay import MIN_CALLS
from nnzoo.models import MLP, Clock, Descend
from nnzoo.models.training.steps import step_generator

SEEDS = [3, 5, 8]


class Case:
    """Models of one kind on one batch, and their population."""

    def __init__(self, name, seeds=SEEDS):
        self.data = tiny_data(name)
        self.models = [tiny_model(name, self.data, seed) for seed in seeds]
        for model in self.models:
            model.double().initialize_from(self.data.start_batch().like(torch.empty(0).double()))
        self.population = Population(self.models, seeds)
        self.seeds = seeds

    def batch(self, start=0):
        """Points for each member, (members, 16, ...)."""
        x, y = self.data.train
        order = torch.stack([torch.arange(16) * (k + 1) + start for k in range(len(self.seeds))])
        return Batch(x.double()[order], None if y is None else y[order])

    def member(self, batch, k):
        return Batch(batch.x[k], None if batch.y is None else batch.y[k])


def close(one, other):
    torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seeds", [SEEDS, [4]])
def test_each_action_gives_what_the_models_give(name, seeds):
    case = Case(name, seeds)
    population, first = case.population, case.models[0]
    for step in range(MIN_CALLS + 3):  # so that the last ones are replayed
        clock = Clock(step, 20, 4)
        batch = case.batch(step)
        noise = population.sample_noise(batch, step)
        for action in first.steps(clock):
            losses = []
            for k, model in enumerate(case.models):
                own = case.member(batch, k)
                drawn = model.sample_noise(own, step_generator(case.seeds[k], step))
                assert (drawn is None) == (noise is None)
                if isinstance(action, Descend):
                    part = model.get_submodule(action.part)
                    loss = getattr(model, action.loss)(own, drawn)
                    model.zero_grad()
                    loss.backward(inputs=list(part.parameters()))
                    wanted = torch.cat([p.grad.flatten() for p in part.parameters()])
                    losses.append((loss, wanted))
                else:
                    with torch.no_grad():
                        more = (drawn,) if action.noisy else ()
                        changed = dict(getattr(model, action.update)(own, clock, *more))
                    losses.append((changed.pop("loss", None), changed))
            if isinstance(action, Descend):
                found, gradients = population.gradients(action, batch, noise)
                for k, (loss, wanted) in enumerate(losses):
                    close(found[k], loss.detach())
                    close(gradients[k], wanted)
                rows = population.rows[action.part]
                rows.sub_(0.01 * gradients)
                for model, gradient in zip(case.models, gradients, strict=True):
                    trained = list(model.get_submodule(action.part).parameters())
                    sizes = [p.numel() for p in trained]
                    for p, piece in zip(trained, gradient.split(sizes), strict=True):
                        p.data.sub_(0.01 * piece.view_as(p))
            else:
                found = population.update(action, batch, clock, noise)
                for k, (model, (loss, changed)) in enumerate(zip(case.models, losses, strict=True)):
                    assert loss is None or found[k] == pytest.approx(float(loss), rel=1e-9)
                    known = dict(model.named_parameters()) | dict(model.named_buffers())
                    for key, value in changed.items():
                        known[key].data.copy_(value)
    for k, model in enumerate(case.models):
        kept = {key: value[k] for key, value in population.state().items()}
        assert difference(state(model), kept) < 1e-9


@pytest.mark.parametrize("name", MODELS)
def test_metrics_are_those_of_each_model(name):
    case = Case(name)
    part = case.data.train.like(torch.zeros((), dtype=torch.float64))
    shared = case.population.measure(part, shared=True)
    own = case.batch()
    each = case.population.measure(own, shared=False)
    for k, model in enumerate(case.models):
        with torch.no_grad():
            for found, batch in ((shared, part), (each, case.member(own, k))):
                wanted = model.metrics(batch)
                assert list(found) == list(wanted)
                for key, value in wanted.items():
                    close(found[key][k].double(), value.double())


def test_more_members_than_are_measured_at_once():
    case = Case("mlp", list(range(MEASURED_AT_ONCE + 3)))
    part = case.data.train.like(torch.zeros((), dtype=torch.float64))
    for _ in range(MIN_CALLS + 2):
        found = case.population.measure(part, shared=True)["loss"]
    with torch.no_grad():
        close(found, torch.stack([model.metrics(part)["loss"] for model in case.models]))


def test_the_population_after_a_member_left():
    case = Case("gan")
    before, batch = case.population.state(), case.batch()
    noise = case.population.sample_noise(batch, 2)
    case.population.keep([0, 2])
    assert len(case.population) == 2
    assert case.population.seeds == [3, 8]
    for name, value in case.population.state().items():
        assert torch.equal(value, before[name][[0, 2]])
    kept = Batch(batch.x[[0, 2]], None if batch.y is None else batch.y[[0, 2]])
    assert torch.equal(case.population.sample_noise(kept, 2), noise[[0, 2]])
    action = case.models[0].steps(Clock(0, 1, 1))[0]
    losses, gradients = case.population.gradients(action, kept, noise[[0, 2]])
    assert losses.shape == (2,)
    assert gradients.shape == case.population.rows["discriminator"].shape
    case.population.keep([1])
    assert case.population.gradients(
        action, Batch(kept.x[1:], None if kept.y is None else kept.y[1:]), noise[[2]]
    )[0] == pytest.approx(float(losses[1]), rel=1e-9)


def test_the_rows_are_the_parameters():
    case = Case("mlp")
    before = case.population.state()
    case.population.rows[""].add_(1.0)
    after = case.population.state()
    for name, _ in case.models[0].named_parameters():
        assert torch.equal(after[name], before[name] + 1)
    assert torch.equal(after["scaling.offset"], before["scaling.offset"])
    assert torch.equal(case.models[0].state_dict()["scaling.offset"], after["scaling.offset"][0])


def test_a_coefficient_may_differ_between_members():
    data = tiny_data("vae")
    models = [tiny_model("vae", data, 0, beta=beta) for beta in (0.0, 1.0, 2.0)]
    population = Population(models, [0, 0, 0])
    x = data.train.x[:16].expand(3, 16, 4)
    batch = Batch(x)
    noise = population.sample_noise(batch, 0)
    assert torch.equal(noise[0], noise[1])
    losses = population.call("loss", batch, noise)
    close((losses[1] - losses[0]) * 2, losses[2] - losses[0])
    assert losses[1] != losses[0]


class Dropped(MLP):
    """A network that leaves out inputs at random."""

    def loss(self, batch, noise=None):
        x = torch.nn.functional.dropout(batch.x, 0.5)
        return super().loss(batch._replace(x=x), noise)


def test_dropout_differs_between_members_and_steps():
    data = create_data("wine", scale="standard")
    torch.manual_seed(0)
    population = Population([Dropped(13, 3)] * 3, [0, 1, 2])
    batch = Batch(*(v[:16].expand(3, *v[:16].shape) for v in data.train))
    losses = torch.stack([population.gradients(Descend(), batch, None)[0] for _ in range(8)])
    assert len(population.replay.operations) == 1
    assert len(losses.unique()) == losses.numel()
