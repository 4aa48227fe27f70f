"""What holds for every model: pure functions, gradients, checkpoints, raw values, equal bits."""

import copy
import pickle

import pytest
import torch
from helpers import (
    FROM_0_TO_1,
    IN_ONE_EPOCH,
    MODELS,
    difference,
    fit,
    same,
    state,
    tiny_data,
    tiny_model,
)
from torch.func import functional_call, vmap

import nnzoo
from nnzoo import InputError
from nnzoo.batch import Batch
from nnzoo.models import Clock, Descend, Rule
from nnzoo.models.parts.saving import CHECKPOINT_FORMAT, checksum

# Clocks of a training of 40 steps, at least one in each stage of a model that has stages.
CLOCKS = [Clock(step, 40, 4) for step in (0, 3, 17, 18, 39)]


def started(name, data, seed=0, **options):
    model = tiny_model(name, data, seed, **options)
    model.initialize_from(data.start_batch())
    return model


def everything(model):
    """All parameters and buffers, including those that are not in a checkpoint."""
    return dict(model.named_parameters()) | dict(model.named_buffers())


def calls(model, batch):
    """Name and result of each pure function of a model."""
    noise = model.sample_noise(batch, torch.Generator().manual_seed(1))
    yield "noise", noise
    yield "metrics", model.metrics(batch)
    for clock in CLOCKS:
        for action in model.steps(clock):
            if isinstance(action, Descend):
                yield action.loss, getattr(model, action.loss)(batch, noise)
            else:
                now = clock if action.timed else None
                more = (noise,) if action.noisy else ()
                yield action.update, getattr(model, action.update)(batch, now, *more)


def tensors(result):
    """The tensors of a result by name."""
    if isinstance(result, dict):
        return {name: value.detach() for name, value in result.items()}
    return {} if result is None else {"": result.detach()}


@pytest.mark.parametrize("name", MODELS)
def test_loss_metrics_rules_and_noise_are_pure(name):
    data = tiny_data(name)
    model = started(name, data)
    batch = Batch(*[None if v is None else v[:32].clone() for v in data.train])
    kept, attributes = copy.deepcopy(batch), dict(vars(model))
    before = {n: value.detach().clone() for n, value in everything(model).items()}
    stream = torch.get_rng_state()
    results = [(method, tensors(result)) for method, result in calls(model, batch)]
    again = [(method, tensors(result)) for method, result in calls(model, batch)]
    for (method, one), (_, other) in zip(results, again, strict=True):
        assert same(one, other), method
    assert same(before, everything(model))
    assert vars(model) == attributes
    assert torch.equal(stream, torch.get_rng_state())
    assert all(torch.equal(*pair) for pair in zip(batch, kept, strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_metrics_are_scalars_and_the_monitored_one_is_among_them(name):
    data = tiny_data(name)
    model = started(name, data)
    measured = model.metrics(data.train)
    assert {"loss", model.monitor} <= measured.keys()
    assert all(value.shape == () for value in measured.values())
    assert measured["loss"].item() == pytest.approx(model.loss(data.train).item(), rel=1e-6)


class Method(torch.nn.Module):
    """A method of a model as the forward method, which functional_call calls."""

    def __init__(self, model, name):
        super().__init__()
        self.model, self.name = model, name

    def forward(self, *arguments):
        return getattr(self.model, self.name)(*arguments)


@pytest.mark.parametrize("name", MODELS)
def test_under_vmap_models_give_what_each_gives_alone(name):
    data = tiny_data(name)
    models = [started(name, data, seed) for seed in range(3)]
    batch = Batch(*[None if v is None else v[:32] for v in data.train])
    states = [everything(model) for model in models]
    stacked = {n: torch.stack([own[n].detach() for own in states]) for n in states[0]}
    generator = torch.Generator().manual_seed(0)
    noises = [model.sample_noise(batch, generator) for model in models]
    actions = {action: clock for clock in CLOCKS for action in models[0].steps(clock)}
    wanted = {("metrics", ()): "metrics"} | {
        (action.loss, "noise") if isinstance(action, Descend) else (action.update, clock): action
        for action, clock in actions.items()
    }
    for (method, argument), action in wanted.items():
        if argument == "noise":
            rest = [(noise,) for noise in noises]
        elif isinstance(action, Rule):
            time = argument if action.timed else None
            rest = [(time, noise) if action.noisy else (time,) for noise in noises]
        else:
            rest = [()] * 3
        alone = [
            tensors(getattr(model, method)(batch, *own))
            for model, own in zip(models, rest, strict=True)
        ]
        module = Method(models[0], method)

        has_noise = noises[0] is not None and getattr(action, "noisy", argument == "noise")

        def one(values, noise, module=module, has_noise=has_noise, own=rest[0]):
            arguments = (*own[:-1], noise) if has_noise else own
            named = {f"model.{n}": value for n, value in values.items()}
            return functional_call(module, named, (batch, *arguments))

        noise = torch.stack(noises) if has_noise else None
        found = tensors(vmap(one, in_dims=(0, 0 if has_noise else None))(stacked, noise))
        for key, value in found.items():
            expected = torch.stack([own[key] for own in alone])
            torch.testing.assert_close(value, expected, msg=f"{method} {key}", check_dtype=False)


@pytest.mark.parametrize("name", MODELS)
def test_every_trainable_parameter_gets_a_gradient_and_is_trained(name):
    data = tiny_data(name)
    model = started(name, data)
    trainable = {n for n, p in model.named_parameters() if p.requires_grad}
    reached = set()
    noise = model.sample_noise(data.train, torch.Generator().manual_seed(0))
    for clock in CLOCKS:
        for action in model.steps(clock):
            if isinstance(action, Descend):
                model.zero_grad()
                getattr(model, action.loss)(data.train, noise).backward()
                prefix = action.part and f"{action.part}."
                reached |= {
                    n
                    for n, p in model.named_parameters()
                    if n.startswith(prefix) and p.grad is not None and p.grad.any()
                }
    assert reached == trainable
    before = state(model)
    fit(model, data, max_epochs=10)
    moved = {n for n, value in state(model).items() if not torch.equal(value, before[n])}
    assert trainable <= moved
    assert moved & {n for n, _ in model.named_parameters()}


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_gives_the_same_bits(name):
    states = []
    for seed in (1, 1, 2):
        data = tiny_data(name, seed=seed)
        model = tiny_model(name, data, seed)
        fit(model, data, max_epochs=3)
        states.append(state(model))
    assert same(states[0], states[1])
    assert not same(states[0], states[2])


@pytest.mark.parametrize("name", MODELS)
def test_noise_depends_on_its_generator_alone(name):
    batch = Batch(torch.zeros(5, 4), torch.zeros(5))
    options = {"noise": 0.1} if name == "autoencoder" else {}
    model = tiny_model(name, **options)

    def drawn(seed):
        torch.manual_seed(seed + 10)
        return model.sample_noise(batch, torch.Generator().manual_seed(seed))

    if drawn(0) is not None:
        assert torch.equal(drawn(0), drawn(0))
        assert not torch.equal(drawn(0), drawn(1))
        double = model.sample_noise(Batch(batch.x.double()), torch.Generator())
        assert double.dtype == torch.float64


def test_models_with_noise_are_tested_with_noise():
    with_noise = {
        name
        for name in MODELS
        if tiny_model(name).sample_noise(tiny_data(name).train, torch.Generator()) is not None
    }
    assert with_noise == {"cascade_correlation", "dbn", "gan", "rbm", "vae"}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
@pytest.mark.parametrize("name", MODELS)
def test_a_copy_is_the_same_and_trains_alone(name, copied):
    data = tiny_data(name)
    model = tiny_model(name, data)
    other = copied(model)
    assert same(everything(model), everything(other))
    before = state(model)
    torch.manual_seed(0)
    fit(other, data)
    assert same(before, state(model))
    torch.manual_seed(0)
    fit(model, data)
    assert same(state(model), state(other))
    assert not same(before, state(model))
    again = copied(model)  # after a training too
    assert torch.equal(again.predict(data.points.x), model.predict(data.points.x))


@pytest.mark.parametrize("name", MODELS)
def test_a_checkpoint_restores_the_model(name, tmp_path):
    data = tiny_data(name)
    model = tiny_model(name, data)
    file = tmp_path / "a.ckpt"
    fit(model, data, max_epochs=2).save_checkpoint(file)
    held = torch.load(file, weights_only=True)  # no content needs code to run
    assert held["nnzoo"] == {
        "checksum": checksum(held["state_dict"]),
        "class": type(model).__name__,
        "module": type(model).__module__,
        "format": CHECKPOINT_FORMAT,
        "feature_names": data.feature_names,
        "class_names": data.class_names,
        "target_names": data.target_names,
        "target_columns": [],
        "unused_columns": [],
    }
    stream = torch.get_rng_state()
    loaded = nnzoo.load_model(file)
    assert torch.equal(stream, torch.get_rng_state())
    assert loaded.feature_names == data.feature_names
    assert loaded.hparams == model.hparams
    assert type(loaded) is type(model)
    assert not loaded.training
    assert same(state(loaded), state(model))
    assert torch.equal(loaded.predict(data.points.x), model.predict(data.points.x))
    assert torch.equal(loaded(data.train.x), model(data.train.x))
    assert loaded.predict_labels(data.points.x) == model.predict_labels(data.points.x)
    plain = type(model).load_from_checkpoint(file)  # Lightning's own way
    assert same(state(plain), state(model))
    assert plain.class_names == data.class_names


@pytest.mark.parametrize("name", MODELS)
def test_a_double_checkpoint_loses_no_digit(name, tmp_path):
    data = tiny_data(name)
    model = tiny_model(name, data)
    file = tmp_path / "a.ckpt"
    fit(model, data, precision="64-true").save_checkpoint(file)
    loaded = nnzoo.load_model(file)
    assert {value.dtype for value in state(loaded).values()} == {torch.float64}
    assert same(state(loaded), state(model))


@pytest.mark.parametrize("name", MODELS)
def test_a_trained_model_can_be_trained_again(name):
    data = tiny_data(name)
    model, fresh = tiny_model(name, data), tiny_model(name, data)
    for one in (model, fresh):
        torch.manual_seed(0)
        fit(one, data, max_epochs=2)
    assert same(state(model), state(fresh))
    certain = "growing_neural_gas", "som", *FROM_0_TO_1, *IN_ONE_EPOCH
    if name not in certain:  # their result does not depend on a start
        fit(model, data, max_epochs=2)
        assert difference(state(fresh), state(model)) > 0


def test_only_generating_models_sample():
    for name in MODELS:
        model = tiny_model(name)
        if name in ("dbn", "gan", "rbm", "vae"):
            assert model.sample(3).shape == (3, 4)
        else:
            with pytest.raises(InputError, match="cannot sample; model=dbn, gan, rbm"):
                model.sample(3)
