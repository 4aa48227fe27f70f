"""Inputs that every model accepts or refuses: raw values, sizes, labels, data that do not fit."""

import pytest
import torch
from helpers import MODELS, OF_POINTS, PATTERNS, TINY, fit, tiny_data, tiny_model

from nnzoo import InputError, create_data, create_model
from nnzoo.batch import Batch
from nnzoo.models import Model, Reconstructor, Supervised
from nnzoo.models.parts.align import data_for

SUPERVISED = [name for name in OF_POINTS if isinstance(tiny_model(name), Supervised)]
RECONSTRUCTORS = [name for name in MODELS if isinstance(tiny_model(name), Reconstructor)]


@pytest.mark.parametrize("name", OF_POINTS)
def test_predict_takes_raw_values_in_any_form(name):
    data = tiny_data(name)
    model = tiny_model(name, data)
    fit(model, data)
    raw, scaled = data.raw[0].x, data.train.x
    wanted = model(scaled).detach()
    if model.output_scaling is not None:
        wanted = model.output_scaling.inverse(wanted)
    output = model.predict(raw)
    torch.testing.assert_close(output, wanted)
    assert not output.requires_grad
    for form in (raw.double(), raw.numpy(), raw.tolist()):
        torch.testing.assert_close(model.predict(form), wanted)
    torch.testing.assert_close(model.predict(raw[0]), wanted[0])
    assert len(model.output_names) == output.shape[-1]
    if (labels := model.predict_labels(raw)) is None:
        assert name in PATTERNS
        return
    assert len(labels) == len(raw)
    assert all(isinstance(label, str) for label in labels)
    assert model.predict_labels(raw[0]) == model.predict_labels(raw[0].tolist()) == labels[:1]
    assert model.predict_labels(raw.reshape(2, -1, 4)) == labels
    if name in PATTERNS:
        return
    # Points out of the range of those trained on can be evaluated.
    classes = [data.class_names[k] for k in data.raw[0].y.tolist()]
    assert torch.equal(data_for(model.eval(), (9 * raw, classes)).raw[0].x, 9 * raw)


@pytest.mark.parametrize("name", OF_POINTS)
def test_methods_take_a_single_point(name):
    data = tiny_data(name)
    model = tiny_model(name, data)
    model.calibrate(data)
    raw = data.raw[0].x
    for method in ("is_anomaly", "reconstruction_error"):
        if hasattr(model, method):
            several, one = (getattr(model, method)(x) for x in (raw, raw[3]))
            assert one.shape == ()
            torch.testing.assert_close(one, several[3])
    for method in ("decide", "winners", "encode"):
        if hasattr(model, method):
            several, one = (getattr(model, method)(model.scaled(x)) for x in (raw, raw[3]))
            torch.testing.assert_close(one, several[3])


@pytest.mark.parametrize("name", OF_POINTS)
@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[1.0, 2.0]], "must have 4 values"),
        (1.0, "must have 4 values"),
        (["0", "a"], "the input must be numbers: could not convert string to float: 'a'"),
        ([[1.0], [1.0, 2.0]], "must be numbers: the lists have different lengths"),
    ],
)
def test_predict_of_what_does_not_fit_is_an_input_error(name, x, message):
    model = tiny_model(name)
    has_labels = type(model).predict_labels is not Model.predict_labels
    for method in (model.predict, *([model.predict_labels] if has_labels else [])):
        if name in RECONSTRUCTORS:
            model.threshold.fill_(1.0)
        with pytest.raises(InputError, match=message):
            method(x)


@pytest.mark.parametrize("name", OF_POINTS)
def test_data_with_other_features_are_an_input_error(name):
    with pytest.raises(InputError, match=r"model\.in_features is 4 but the data have 13"):
        fit(tiny_model(name), create_data("wine"))


@pytest.mark.parametrize("name", MODELS)
def test_sizes_must_be_possible(name):
    for options in ({"in_features": 0}, {"in_features": 2.5}, {"in_features": True}):
        with pytest.raises(InputError, match=r"in_features must be a whole number"):
            create_model(name, **(TINY[name] | options))
    with pytest.raises(InputError, match=r"unknown key of model 'unit_count'"):
        create_model(name, "iris", unit_count=3)


@pytest.mark.parametrize("name", SUPERVISED)
def test_a_supervised_model_needs_labels(name):
    unlabeled = create_data("gaussian_clusters")
    with pytest.raises(InputError, match="learns from labels, but the data have none"):
        create_model(name, unlabeled, **TINY[name])
    model = create_model(name, in_features=3, **TINY[name])
    with pytest.raises(InputError, match="learns from labels, but the data have none"):
        fit(model, unlabeled)
    with pytest.raises(InputError, match="learns from labels, but the batch has none"):
        model.loss(Batch(torch.zeros(1, 3)))
    loader = torch.utils.data.DataLoader(torch.zeros(8, 3), batch_size=8)
    with pytest.raises(InputError, match="learns from labels, but the batch has none"):
        fit(model, loader)


@pytest.mark.parametrize("name", SUPERVISED)
def test_a_classifier_needs_enough_units(name):
    data = create_data("wine")
    with pytest.raises(InputError, match="one output unit separates two classes"):
        fit(create_model(name, in_features=13, units=1, **TINY[name]), data)
    with pytest.raises(InputError, match=r"model\.units is 2 but the data have 3 classes"):
        fit(create_model(name, in_features=13, units=2, **TINY[name]), data)


@pytest.mark.parametrize("name", SUPERVISED)
def test_classes_labels_and_one_unit(name):
    """One unit for two classes, one per class, one per label."""
    assert create_model(name, "xor").units == 1
    assert create_model(name, "iris").units == 3
    y = [[0, 1], [1, 1], [0, 0], [1, 0]]
    data = create_data("xor", y=y)
    if create_model(name, "xor").tasks == ("classification",):
        with pytest.raises(InputError, match="this model learns classes, but the targets"):
            create_model(name, data)
        return
    model = create_model(name, data, **({"clusters": 4} if "clusters" in TINY[name] else {}))
    assert (model.units, model.task) == (2, "multilabel")
    assert model.decide(data.train.x).shape == (4, 2)
    labels = model.predict_labels(data.points.x)
    assert all(set(label.split()) <= {"0", "1"} for label in labels)
