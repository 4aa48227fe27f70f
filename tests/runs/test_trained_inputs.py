"""Training from Python: its arguments, and the containers of data and predictions."""

import numpy as np
import pandas as pd
import pytest
import torch
from helpers import TINY
from scipy.sparse import csr_array

import nnzoo
from nnzoo import InputError

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 3))
LABELS = np.where(X[:, 0] > 0, "up", "down")


def short(name, data=None, y=None, **options):
    return nnzoo.train(name, data, y, **(TINY[name] | {"epochs": 2} | options))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("mpl",), {}, "unknown model 'mpl'; did you mean 'mlp'"),
        (("mlp", "irs"), {}, "unknown data 'irs'; did you mean 'iris'"),
        (("autoencoder",), {"units": 3}, "autoencoder has no option 'units'; its own are "),
        (("perceptron",), {"hidden": [3]}, "perceptron has no option 'hidden'; its own are "),
        (("mlp", X, LABELS), {"latent": 3}, "mlp has no option 'latent'; its own are "),
        (("mlp", "iris", LABELS), {}, "y is for points and tables"),
        (("mlp", X, LABELS[:9]), {}, "y must be a column of the data or 60 values"),
        (("mlp", X), {}, "learns from labels, but the data have none"),
        (("mlp", "/nope.csv"), {}, "there is no file /nope"),
        (("mlp", "~/nope.csv", "y"), {}, "there is no file /"),
        (("mlp", "iris"), {"options": [1]}, "options must be a mapping"),
        (("mlp", "iris"), {"options": {1: 2}}, "options must be a mapping"),
        (("mlp", "iris"), {"folder": 5}, "folder must be a path, got 5"),
        (("mlp", "iris"), {"threads": 10**6}, "threads must be a whole number from 1 to"),
        (("mlp", "iris"), {"lr": 1, "options": {"model.optimizer.lr": 2}}, "lr is given twice, as"),
        (("mlp", "iris"), {"callbacks": []}, "callbacks is a group; name a key in it"),
        (
            ("mlp", "iris"),
            {"device": "gpu"},
            "device is a group; .*trainer='auto'",
        ),
        (("mlp", "iris"), {"logger": "tensorbord"}, "unknown logger 'tensorbord'; did you mean"),
        (("mlp", "iris"), {"figures": True}, "figures is a group; name a key in it"),
        (("mlp", "iris"), {"activation": min}, "model.activation must be a number, text, list"),
        (("autoencoder", (row for row in X)), {}, r"must be \(points, features\), got generator"),
        (("autoencoder", csr_array(X)), {}, "the data are sparse; use their toarray"),
        (("autoencoder", torch.empty(3, 2, device="meta")), {}, "the data must be a table: Cannot"),
        (("autoencoder", np.zeros(5, [("a", float)])), {}, "the data are a structured array"),
        (("autoencoder", X + 1j), {}, "the data are complex numbers"),
        (("autoencoder", {"a": X}), {}, r"the column a must have one value per row, got \(60, 3\)"),
        (("mlp", X, LABELS), {"target": "y"}, "y and target are both given; leave one out"),
        (("mlp", X, LABELS), {"path": "a.csv"}, "data are given, and path names a file of others"),
        (("mlp", X, 3), {}, "y must be a column of the data or 60 values, one per point; got 3"),
        (("mlp", X, np.full(60, np.nan)), {}, "the table: y has no value in any row"),
        (("mlp", X, [np.nan, *X[1:, 0]]), {}, "the table: y has no value in 1 of 60 rows"),
        (("mlp", (X, LABELS), LABELS), {}, r"the data are a pair \(x, y\), and y is given again"),
        (("mlp", "iris"), {"epochs": -1}, "trainer.max_epochs must be a whole number"),
        (("autoencoder", [[1, 2], [3]]), {}, "must be a table: the lists have different lengths"),
        (
            ("mlp", "parabola"),
            {"optimizer": "scg", "batch_size": None, "lr": 0.1},
            "scg has neither a rate nor a gradient to clip: remove lr=0.1",
        ),
    ],
)
def test_errors(arguments, options, message):
    with pytest.raises(InputError, match=message):
        nnzoo.train(*arguments, **options)


def test_frames():
    frame = pd.DataFrame(X, columns=["a", "b", "c"], index=range(100, 160))
    frame["kind"] = LABELS
    run = short("mlp", frame, "kind")
    head = frame.head(4)
    predicted = run.predict(head)
    assert (list(predicted.columns), list(predicted.index)) == (["kind"], [100, 101, 102, 103])
    pd.testing.assert_frame_equal(run.predict(head[["c", "kind", "a", "b"]]), predicted)
    assert list(run.predict_proba(head).columns) == ["down", "up"]
    np.testing.assert_array_equal(run.predict(head[["a", "b", "c"]].to_numpy()), predicted["kind"])
    assert torch.equal(run.model.predict(head), run.model.predict(torch.tensor(X[:4])))
    with pytest.raises(InputError, match="does not have the feature c"):
        run.predict(head[["a", "b"]])
    with pytest.raises(InputError, match="unknown feature 'd'"):
        run.predict(head.assign(d=1.0))
    sampled = short("vae", frame[["a", "b"]]).sample(3)
    assert (type(sampled), list(sampled.columns), len(sampled)) == (pd.DataFrame, ["a", "b"], 3)
    code = short("autoencoder", frame[["a", "b", "c"]]).encode(head[["c", "b", "a"]])
    assert list(code.columns) == ["latent 0", "latent 1"]


def test_polars_frames():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": X[:, 0], "b": X[:, 1], "kind": LABELS})
    found = short("mlp", frame, "kind").predict(frame)
    assert isinstance(found, polars.DataFrame)
    assert found.columns == ["kind"]
    sampled = short("vae", frame[["a", "b"]]).sample(3)
    assert (type(sampled), sampled.columns, len(sampled)) == (polars.DataFrame, ["a", "b"], 3)


def test_a_pair_is_points_and_their_targets():
    expected = short("mlp", X, LABELS).metrics
    mapping = {"x": X.tolist(), "y": LABELS}
    for pair in ((X, LABELS), [pd.DataFrame(X), LABELS], (torch.tensor(X), LABELS), mapping):
        assert short("mlp", pair).metrics == expected
    assert nnzoo.create_data((X, LABELS)).class_names == ["down", "up"]
    two = nnzoo.create_data(((1, 2), (3, 4)))  # points
    assert two.points.x.tolist() == [[1, 2], [3, 4]]


def test_a_mapping_after_the_data_holds_options():
    run = nnzoo.train("perceptron", None, {"trainer.max_epochs": 2}, seed=3)
    assert (run.config["trainer"]["max_epochs"], run.config["seed"]) == (2, 3)


def test_targets_with_an_index():
    frame = pd.DataFrame(X)
    expected = short("mlp", X, LABELS).metrics
    for index in (frame.index, frame.index + 7):  # other labels: matched by position
        assert short("mlp", frame, pd.Series(LABELS, index=index)).metrics == expected
    assert short("mlp", frame, LABELS.tolist()).metrics == expected
    with pytest.raises(InputError, match="y has the index of the data in another order"):
        short("mlp", frame, pd.Series(LABELS, index=frame.index[::-1]))


def test_predicted_classes_have_the_type_of_the_targets():
    for y, kind in ((LABELS, str), (X[:, 0] > 0, bool), (np.int64(X[:, 0] > 0) + 3, int)):
        run = short("mlp", X, y, epochs=60, lr=0.05, val_fraction=0)
        found = run.predict(X)
        assert (found == y).mean() > 0.9
        assert all(isinstance(value, kind) for value in found.tolist())
        assert isinstance(run.predict(torch.tensor(X)), np.ndarray if kind is str else torch.Tensor)
        proba = run.predict_proba(X)
        np.testing.assert_allclose(proba.sum(1), 1, rtol=1e-5)
        np.testing.assert_array_equal(np.unique(y)[proba.argmax(1)], found)


def test_integer_names_of_columns_are_names():
    frame = pd.DataFrame(X)
    run = short("mlp", frame, X @ [1.0, 2.0, 3.0])
    expected = run.predict(frame)
    for order in ([2, 1, 0], [1, 0, 2]):
        pd.testing.assert_frame_equal(run.predict(frame[order]), expected)
    with_target = frame.assign(**{"3": LABELS}).set_axis([0, 1, 2, 3], axis=1)
    assert short("mlp", with_target, 3).model.feature_names == ["0", "1", "2"]
    with pytest.raises(InputError, match="does not have the feature 0"):
        run.predict(pd.DataFrame(np.c_[X, X])[[1, 2]])


def test_text_in_arrays():
    table = np.c_[X.astype(object), np.where(X[:, 1] > 0, "b", "c")]
    run = short("mlp", table, LABELS)
    frame = pd.DataFrame(table, columns=["x1", "x2", "x3", "x4"])
    np.testing.assert_array_equal(run.predict(table), run.predict(frame)["y"])
    with pytest.raises(InputError, match="the model does not know the value 'q'"):
        run.predict(np.array([[1, 2, 3, "q"]], dtype=object))


def test_arrays_of_any_strides_and_what_is_not_numbers():
    run = short("mlp", X, X.sum(1))
    np.testing.assert_array_equal(run.predict(X.astype(object)), run.predict(X))
    single = short("mlp", X[:, 0], X.sum(1))
    np.testing.assert_array_equal(single.predict(X[:, 0]), single.predict(X[:, :1]))
    np.testing.assert_array_equal(run.predict(X[::-1]), run.predict(X)[::-1])
    for wrong in (None, [["a", "b", "c"]], X + 1j, csr_array(X), np.ma.masked_array(X, X > 0)):
        with pytest.raises(InputError, match="must be numbers"):
            run.predict(wrong)
    with pytest.raises(InputError, match=r"the value 1e\+300, which is too large for float32"):
        run.predict([[0, 1e300, 0]])
    with pytest.raises(InputError, match="the input has NaN or infinite values"):
        run.predict([[0, np.inf, 0]])
    with pytest.raises(InputError, match="masked values"):
        short("mlp", np.ma.masked_array(X, X > 0), X.sum(1))


def test_frames_that_lack_something():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    run = short("mlp", frame, pd.DataFrame({"p": X[:, 0], "q": X[:, 1]}))
    assert list(run.predict(frame).columns) == ["p", "q"]
    for wrong, message in (
        (frame.head(0), "has no rows"),
        (frame.head(1).assign(a=np.nan), "row 1: a has no value"),
        (pd.DataFrame(X, columns=["a", "a", "b"]), "more than one column a"),
    ):
        with pytest.raises(InputError, match=message):
            run.predict(wrong)


def test_columns_that_were_not_used_are_ignored():
    frame = pd.DataFrame(X, columns=["a", "b", "c"]).assign(day="2026-01-01", kind=LABELS)
    run = short("mlp", frame, "kind", drop=["day", "c"])
    assert run.model.feature_names == ["a", "b"]
    pd.testing.assert_frame_equal(run.predict(frame), run.predict(frame[["b", "a"]]))


def test_text_columns_are_encoded_as_in_training():
    frame = pd.DataFrame({"size": X[:, 0], "kind": LABELS, "y": X[:, 1]})
    run = short("mlp", frame, ["y"])
    assert run.model.feature_names == ["size", "kind=down", "kind=up"]
    assert run.predict(frame.head(3)).shape == (3, 1)


def test_a_table_in_a_file(tmp_path):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame.to_csv(tmp_path / "t.csv", index=False)
    run = short("mlp", str(tmp_path / "t.csv"), ["c"], folder=tmp_path / "run")
    assert nnzoo.load_run(tmp_path / "run").data.target_names == ["c"]
    assert run.folder == tmp_path / "run"


BITS = (X[:, 0] > 0).astype(int)
SINGLE = {
    "floats": BITS * 1.0,
    "a column": BITS[:, None],
    "a column of floats": torch.tensor(BITS)[:, None].float(),
    "a frame": pd.DataFrame({"k": BITS}),
    "text": np.where(BITS, "1", "0")[:, None],
}


@pytest.mark.parametrize("name", SINGLE)
def test_a_single_column_of_two_values_is_classes(name):
    run = short("mlp", X, SINGLE[name])
    assert (run.model.task, run.model.class_names) == ("classification", ["0", "1"])
    assert run.predict(X).astype(int).shape == BITS.shape


@pytest.mark.parametrize("model", ["mlp", "sigmoid_classifier", "perceptron"])
def test_several_labels_are_measured_as_they_are_predicted(model):
    labels = np.c_[BITS, X[:, 1] > 0]
    run = short(model, X, labels, epochs=60, val_fraction=0)
    assert run.model.task == "multilabel"
    right = (run.predict(X) == labels).all(1).mean()
    assert right > 0.7
    assert run.metrics["accuracy"] == pytest.approx(right)
