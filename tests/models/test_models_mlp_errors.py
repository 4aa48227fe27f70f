"""What the multilayer network refuses."""

import pytest

from nnzoo import InputError, create_data, create_model


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"task": "regress"}, r"unknown model\.task 'regress'; did you mean 'regression'"),
        ({"loss": "cross_entropy", "task": "regression"}, r"are numbers: use model\.loss=mse$"),
        ({"loss": "bce", "units": 3}, r"needs sigmoid outputs, not softmax: use model\.output_act"),
        ({"loss": "cross_entropy", "output_activation": "tanh"}, "or softmax outputs"),
        ({"loss": "rmse"}, r"unknown model\.loss 'rmse'"),
        ({"output_activation": "sigmoidal"}, r"unknown model\.output_activation"),
        ({"activation": "tahn"}, "unknown activation 'tahn'; did you mean 'tanh'"),
        ({"activation": ["tanh"]}, "activation must be one name or 2 names"),
        ({"init": "nguyen"}, "unknown init 'nguyen'; did you mean 'nguyen_widrow'"),
        ({"bias": "no"}, r"model\.bias must be true or false"),
        ({"hidden": [], "bias": False, "initial_bias": [0]}, "initial_bias needs model.bias=true"),
    ],
)
def test_what_cannot_be_built_is_an_input_error(options, message):
    with pytest.raises(InputError, match=message):
        create_model("mlp", **({"in_features": 2} | options))


@pytest.mark.parametrize(
    ("name", "data", "options", "message"),
    [
        ("mlp", "parabola", {"task": "classification"}, "the data have numbers to learn"),
        ("mlp", "xor", {"task": "regression"}, "the data have class labels"),
        ("mlp", "parabola", {"units": 2}, r"model\.units is 2 but the data have 1 target;"),
        ("perceptron", "parabola", {}, "model=mlp learns numbers"),
        ("sigmoid_classifier", "parabola", {}, r"=mse model\.output_activation=identity$"),
        ("mlp", "gaussian_clusters", {}, "learns from labels, but the data have none"),
    ],
)
def test_data_that_do_not_fit(name, data, options, message):
    data = create_data(data)
    with pytest.raises(InputError, match=message):
        create_model(name, data, **options).check(data)
