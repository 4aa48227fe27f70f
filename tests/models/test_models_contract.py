"""What every model keeps: pure losses, gradients, checkpoints, raw values, reproducible bits."""

import pytest
import torch
from helpers import fit, own_model, same, state

import nnzoo
from nnzoo import InputError, create_data, create_model
from nnzoo.batch import Batch, Block, as_batch
from nnzoo.errors import RunError

MODELS = [
    "autoencoder",
    "competitive",
    "counterpropagation",
    "gan",
    "mlp",
    "perceptron",
    "sigmoid_classifier",
    "sigmoid_neuron",
    "vae",
]
GRADIENT = ["autoencoder", "mlp", "sigmoid_classifier", "vae"]
REBUILDS = ["autoencoder", "vae"]
LABELLED = ["counterpropagation", "mlp", "perceptron", "sigmoid_classifier", "sigmoid_neuron"]


def test_every_model_is_told_of_here():
    assert nnzoo.list_models() == MODELS


def some_data(name):
    """Data of three features or classes, scaled, that are not the model's own."""
    return create_data("wine", scale="minmax" if name in REBUILDS else "standard")


@pytest.mark.parametrize("name", MODELS)
def test_loss_is_pure(name):
    data = some_data(name)
    model = own_model(name, data)
    fit(model, data)
    before, stream = state(model), torch.get_rng_state()
    one, other = model.loss(data.train), model.loss(data.train)
    assert one.shape == ()
    assert torch.equal(one, other)
    assert same(before, state(model))
    assert torch.equal(stream, torch.get_rng_state())


class Loss(torch.nn.Module):
    """A model's loss as a forward, which functional_call needs."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, batch):
        return self.model.loss(batch)


@pytest.mark.parametrize("name", GRADIENT)
def test_the_losses_of_many_models_can_be_computed_at_once(name):
    data = some_data(name)
    batch = data.train
    losses = [Loss(own_model(name, data, seed)) for seed in range(3)]
    stacked = torch.func.vmap(
        lambda parameters, buffers: torch.func.functional_call(
            losses[0], (parameters, buffers), (batch,)
        )
    )(*torch.func.stack_module_state(losses))
    torch.testing.assert_close(stacked, torch.stack([loss(batch) for loss in losses]))
    assert len(set(stacked.tolist())) == 3


@pytest.mark.parametrize("hidden", [[], [6], [6, 5]])
@pytest.mark.parametrize("name", GRADIENT)
def test_every_parameter_gets_a_gradient_and_the_loss_falls(name, hidden):
    data = some_data(name)
    model = own_model(name, data, hidden=hidden)
    model.loss(data.train, model.draw(data.train)).backward()
    for parameter, value in model.named_parameters():
        assert value.grad is not None, parameter
        assert value.grad.any(), parameter
    before = model.score(data)["loss"]
    fit(model, data, max_epochs=5)
    assert model.score(data)["loss"] < 0.95 * before


@pytest.mark.parametrize("loss", ["mse", "bce"])
def test_both_losses_of_the_classifier_fall(loss):
    data = some_data("sigmoid_classifier")
    model = own_model("sigmoid_classifier", data, loss=loss)
    before = model.score(data)
    fit(model, data, max_epochs=5)
    assert model.score(data)["loss"] < 0.7 * before["loss"]
    assert model.score(data)["accuracy"] >= 0.9


@pytest.mark.parametrize("name", MODELS)
def test_same_seed_same_bits(name):
    states = []
    for seed in (1, 1, 2):
        data = create_data("wine", scale="minmax", batch_size=20, seed=seed)
        model = own_model(name, data, seed)
        fit(model, data, max_epochs=3)
        states.append(state(model))
    assert same(states[0], states[1])
    assert not same(states[0], states[2])


@pytest.mark.parametrize("name", MODELS)
def test_a_checkpoint_gives_the_same_outputs(name, tmp_path):
    data = some_data(name)
    model = own_model(name, data)
    file = tmp_path / "a.ckpt"
    fit(model, data, max_epochs=2).save_checkpoint(file)
    held = torch.load(file, weights_only=True)  # nothing in it needs code to be run
    assert held["nnzoo"] == {
        "class": type(model).__name__,
        "feature_names": data.feature_names,
        "class_names": data.class_names,
        "target_names": data.target_names,
    }
    loaded = nnzoo.load_model(file)
    assert loaded.feature_names == data.feature_names
    assert type(loaded) is type(model)
    assert not loaded.training
    assert same(state(loaded), state(model))
    raw = data.points.x
    assert torch.equal(loaded.predict(raw), model.predict(raw))
    assert torch.equal(loaded(data.train.x), model(data.train.x))
    assert loaded.score(data) == model.score(data)


@pytest.mark.parametrize("name", MODELS)
def test_predict_takes_raw_values_in_any_form(name):
    data = some_data(name)
    model = own_model(name, data)
    fit(model, data)
    raw, scaled = data.raw[0].x, data.train.x
    wanted = model(scaled).detach()
    if name in REBUILDS:
        wanted = data.scaling.inverse(wanted)
    output = model.predict(raw)
    torch.testing.assert_close(output, wanted)
    assert not output.requires_grad
    for form in (raw.double(), raw.numpy(), raw.tolist()):
        torch.testing.assert_close(model.predict(form), wanted)
    torch.testing.assert_close(model.predict(raw[0]), wanted[0])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[1.0, 2.0]], "must have 13 values"),
        (1.0, "must have 13 values"),
        (["0", "1"], "the input must be numbers"),
        ([[1.0], [1.0, 2.0]], "the input must be numbers"),
    ],
)
def test_predict_of_what_does_not_fit_is_an_input_error(name, x, message):
    with pytest.raises(InputError, match=message):
        own_model(name, some_data(name)).predict(x)


@pytest.mark.parametrize("name", MODELS)
def test_data_with_other_features_are_an_input_error(name):
    model = own_model(name, some_data(name))
    with pytest.raises(InputError, match=r"model\.in_features is 13 but the data have 4"):
        fit(model, create_data("iris"))


@pytest.mark.parametrize("name", LABELLED)
def test_a_classifier_needs_labels(name):
    unlabelled = create_data("gaussian_clusters")
    with pytest.raises(InputError, match="learns from labels and the data have none"):
        create_model(name, unlabelled)
    with pytest.raises(InputError, match="learns from labels and the data have none"):
        fit(create_model(name, in_features=3), unlabelled)
    with pytest.raises(InputError, match="learns from labels and the batch has none"):
        create_model(name, in_features=3).loss(Batch(torch.zeros(1, 3)))


@pytest.mark.parametrize("name", LABELLED)
def test_a_classifier_needs_enough_units(name):
    with pytest.raises(InputError, match="one output unit tells two classes apart"):
        fit(create_model(name, in_features=13, units=1), some_data(name))
    with pytest.raises(InputError, match=r"model\.units is 2 but the data have 3 classes"):
        fit(create_model(name, in_features=13, units=2), some_data(name))


def test_a_diverging_loss_stops_the_training():
    data = create_data("blobs", scale="none")
    options = {"output_activation": "identity", "optimizer": {"name": "sgd", "lr": 10.0}}
    model = own_model("autoencoder", data, **options)
    with pytest.raises(RunError, match=r"loss became (nan|inf) in epoch 0, step \d+"):
        fit(model, data, max_epochs=5)


def test_what_a_loader_gives_becomes_a_batch():
    x, y = torch.zeros(2, 3), torch.ones(2)
    assert as_batch(x) == Batch(x)
    assert as_batch([x, y]) == Batch(x, y)
    assert as_batch((x,)) == Batch(x)
    assert as_batch((x, y, "more")) == Batch(x, y)
    batch = Batch(x, y)
    assert as_batch(batch) is batch
    assert isinstance(Block([batch]), list)
