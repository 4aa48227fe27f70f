"""What the counterpropagation network refuses."""

import pytest
from helpers import Batches, fit, own_model
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from nnzoo import InputError, create_data, create_model
from nnzoo.runs.evaluation import evaluate

NAME = "counterpropagation"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stages": [0.5, 0.5]}, r"model\.stages must be three shares .* got \[0\.5, 0\.5\]"),
        ({"stages": 0.5}, r"model\.stages must be three shares"),
        ({"stages": [0.5, 0.5, 0.5]}, r"model\.stages must add up to 1; .* add up to 1\.5"),
        ({"stages": [1.5, -0.5, 0]}, r"each of model\.stages must be a number >= 0 and <= 1"),
        ({"stages": ["a", 0.5, 0.5]}, r"each of model\.stages must be a number"),
        ({"stages": [0.5, 0.5, 0]}, r"the last of model\.stages must be above 0"),
        ({"lr": 1.5}, r"model\.lr must be a number > 0 and <= 1"),
        ({"head_lr": 0}, r"model\.head_lr must be a number > 0"),
        ({"clusters": 0}, r"model\.clusters must be a whole number"),
        ({"latent": 0}, r"model\.latent must be a whole number"),
        ({"task": "ranking"}, r"unknown model\.task"),
        ({"activation": "tan"}, "unknown activation 'tan'"),
    ],
)
def test_what_cannot_be_built_is_an_input_error_of_one_line(options, message):
    with pytest.raises(InputError, match=message) as raised:
        create_model(NAME, in_features=3, **options)
    assert "\n" not in str(raised.value)


def test_clusters_are_no_more_than_the_points():
    data = create_data("xor")
    assert len(create_model(NAME, data).state) == 4
    assert len(create_model(NAME, create_data("iris")).state) == 50
    message = r"model\.clusters is 5 but there are only 4 training points"
    with pytest.raises(InputError, match=message):
        fit(create_model(NAME, data, clusters=5), data)
    loader = DataLoader(TensorDataset(*data.train), batch_size=2)
    with pytest.raises(InputError, match=message):
        fit(create_model(NAME, in_features=2, clusters=5), loader)


class Stream(IterableDataset):
    """Points of unknown number."""

    def __iter__(self):
        x, y = create_data("iris").train
        return zip(x, y, strict=True)


def test_the_length_of_the_training_must_be_known():
    loader = DataLoader(Stream(), batch_size=10)
    with pytest.raises(InputError, match=r"length is not known: set trainer\.max_steps"):
        fit(own_model(NAME, create_data("iris")), loader)
    model = own_model(NAME, create_data("iris"))
    batches = Batches()
    fit(model, loader, max_epochs=-1, max_steps=100, callbacks=[batches])
    assert batches.count == 100
    assert evaluate(model, create_data("iris"))["accuracy"] > 0.8
