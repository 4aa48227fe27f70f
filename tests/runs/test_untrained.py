"""Runs of 0 epochs, and initial weights given by hand."""

import numpy as np
import pytest
import torch
from helpers import MODELS, TINY, own_data, same, state, tiny_data, tiny_model
from run_folder import result_of, rows

import nnzoo
from nnzoo import InputError
from nnzoo.models import MLP, Competitive, Perceptron

XOR = {  # by hand: or, nand, and
    "hidden": [2],
    "activation": "sigmoid",
    "initial_weight": [[[20, 20], [-20, -20]], [[20, 20]]],
    "initial_bias": [[-10, 30], [-30]],
}


@pytest.mark.parametrize("name", MODELS)
def test_a_run_of_0_epochs_has_the_initial_weights_and_their_metrics(name):
    data = tiny_data(name)
    run = nnzoo.train(name, data, epochs=0, figures="none", **TINY[name])
    model = tiny_model(name, data)
    model.initialize_from(data.start_batch())
    model.calibrate(data)
    assert same(state(model), state(run.model))
    assert repr(run).endswith(f"not trained, {run.result['monitor']['metric']} {loss_of(run):.4g})")
    assert (run.result["epochs"], run.result["best"]["epoch"]) == (0, 0)
    measured = model.metrics(data.train)
    for metric, value in measured.items():
        assert run.metrics[metric] == pytest.approx(value.item(), rel=1e-5, abs=1e-7)
    assert list(run.history.step) == [0]
    assert torch.equal(run.model.predict(data.points.x), model.predict(data.points.x))


def loss_of(run):
    return run.result["best"]["value"]


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_figures_of_a_run_of_0_epochs_have_no_curve(name):
    run = nnzoo.train(
        name, epochs=0, options={"figures.draw": True, "figures.dpi": 40}, **TINY[name]
    )
    drawn = {file.stem for file in (run.folder / "figures").iterdir()}
    assert drawn
    assert drawn <= {*run.model.figures} - {"curve"}
    with pytest.raises(InputError):
        run.plot("curve")


def test_a_training_can_be_resumed_from_0_epochs(trained):
    options = ("model=mlp", "data=iris", "+model.hidden=[3]")
    start = trained(*options, "trainer.max_epochs=0")
    assert [row["step"] for row in rows(start)] == ["0"]
    resumed = trained(*options, "trainer.max_epochs=2", f"resume={start}")
    whole = trained(*options, "trainer.max_epochs=2")
    assert rows(resumed) == rows(whole)
    assert result_of(resumed)["metrics"] == result_of(whole)["metrics"]


def test_options_that_act_on_steps_play_no_role(trained):
    folder = trained(
        "model=mlp",
        "data=iris",
        "trainer.max_epochs=0",
        "+trainer.accumulate_grad_batches=2",
        "+model.scheduler.name=cosine",
    )
    assert result_of(folder)["epochs"] == 0


def test_xor_by_hand():
    run = nnzoo.train("mlp", "xor", epochs=0, figures="none", **XOR)
    assert run.metrics["accuracy"] == 1
    assert run.predict([[0, 0], [0, 1], [1, 0], [1, 1]]).tolist() == [0, 1, 1, 0]


def test_the_tutorials_sigmoid_by_hand():
    weights = {"hidden": [], "initial_weight": [1.45, -0.66], "initial_bias": [0.0]}
    run = nnzoo.train("sigmoid_classifier", "sigmoid_pairs", epochs=0, figures="none", **weights)
    found = run.model.predict([[1.66, 1.56], [2, 1.5]]).reshape(-1).tolist()
    assert found == pytest.approx([0.7985731, 0.87101915])


def test_a_perceptron_by_hand():
    model = Perceptron(2, initial_weight=[[2, -1]], initial_bias=[0.5])
    assert model.predict([[1, 2], [1, 3]]).tolist() == [[1], [0]]
    assert model.weights()["threshold"].tolist() == [-0.5]


def test_centroids_by_hand_are_in_raw_units_whatever_the_scaling():
    given = [[1, 2, 1], [2, 5, 2], [-3, 3, 0], [5, -1, -1], [-2, -2, -2]]
    data = own_data("competitive", scale="standard")
    model = nnzoo.create_model("competitive", data, initial_weight=given)
    torch.testing.assert_close(model.centroids(), torch.tensor(given).double())
    model.initialize_from(data.start_batch())
    torch.testing.assert_close(model.centroids(), torch.tensor(given).double())
    run = nnzoo.train("competitive", data, epochs=0, figures="none", initial_weight=given)
    assert run.metrics["centroid_distance"] == pytest.approx(0, abs=1e-6)
    assert run.predict([[1, 2, 1], [-2, -2, -2]]).tolist() == [0, 4]
    trained = nnzoo.train("competitive", data, epochs=1, figures="none", initial_weight=given)
    assert 0 < trained.metrics["centroid_distance"] < 0.5


def test_the_number_of_units_is_that_of_the_centroids_by_hand():
    given = [[1, 2, 1], [2, 5, 2]]  # the data have 5 clusters
    data = own_data("competitive")
    for model in (
        nnzoo.create_model("competitive", data, initial_weight=given),
        nnzoo.create_model("competitive", in_features=3, initial_weight=torch.tensor(given)),
        nnzoo.train("competitive", data, epochs=0, options={"model.weight": given}).model,
        nnzoo.train("competitive", data, epochs=0, weight=given).model,
    ):
        assert (model.units, model.hparams["units"]) == (2, 2)
    assert Competitive(1, initial_weight=[3.0]).units == 1


WRONG = [
    (Perceptron, {}, {"initial_weight": [[1, 2, 3]]}, "have the shape [1, 2], got [1, 3]"),
    (Perceptron, {}, {"initial_bias": [[1], [2]]}, "have the shape [1], got [2, 1]"),
    (Perceptron, {}, {"initial_weight": [[1, "a"]]}, "be numbers of the shape [1, 2]"),
    (Perceptron, {}, {"initial_weight": [[1, 2], [3]]}, "be numbers of the shape [1, 2]"),
    (Perceptron, {}, {"initial_bias": [float("nan")]}, "be finite numbers"),
    (Competitive, {"units": 2}, {"initial_weight": [[1, 2]]}, "have the shape [2, 2], got [1, 2]"),
    (Competitive, {}, {"initial_weight": [[1], [2]]}, "have the shape [2, 2], got [2, 1]"),
    (Competitive, {}, {"initial_weight": 3}, "have the shape [1, 2], got []"),
    (MLP, {"hidden": []}, {"initial_weight": [[1, 2, 3]]}, "have the shape [1, 2], got [1, 3]"),
    (MLP, {"hidden": [3]}, {"initial_weight": [[1, 2]]}, "entry for each of the 2 layers"),
    (MLP, {"hidden": [1]}, {"initial_bias": [[1], [2, 3]]}, "have the shape [1], got [2]"),
    (MLP, {"hidden": [], "bias": False}, {"initial_bias": [1]}, "needs model.bias=true"),
]


@pytest.mark.parametrize(("kind", "options", "given", "text"), WRONG)
def test_other_shapes_are_one_clear_error(kind, options, given, text):
    with pytest.raises(InputError) as error:
        kind(2, **options, **given)
    assert str(error.value).startswith(f"model.{next(iter(given))}")
    assert text in str(error.value)


@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_arrays_by_hand_are_kept_in_a_run(kind):
    given = {"initial_weight": kind([[2.0, -1.0]]), "initial_bias": kind([0.5])}
    model = Perceptron(2, **given)
    assert model.hparams["initial_weight"] == [[2.0, -1.0]]
    run = nnzoo.train("perceptron", epochs=0, **given)
    assert same(state(run.model), state(model))
    assert same(state(nnzoo.load_model(run.folder)), state(model))
