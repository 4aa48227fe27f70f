"""Data modules of objects in memory."""

import numpy as np
import pandas as pd
import pytest
import torch

from nnzoo import InputError, create_data, create_model

X = [[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]]


@pytest.mark.parametrize(
    "x", [X, np.array(X), torch.tensor(X), torch.tensor(X, requires_grad=True)], ids=str
)
@pytest.mark.parametrize("y", [[0, 1, 0], np.array([0, 1, 0]), torch.tensor([0, 1, 0])], ids=str)
def test_arrays(x, y):
    data = create_data(x, y)
    assert data.points.x.tolist() == X
    assert data.points.y.tolist() == [0, 1, 0]
    assert (data.feature_names, data.class_names) == (["x1", "x2"], ["0", "1"])


@pytest.mark.parametrize(
    ("y", "classes", "targets"),
    [
        (["b", "a", "b"], ["a", "b"], []),
        ([True, False, True], ["False", "True"], []),
        ([1.0, 2.0, 3.0], [], ["y"]),
        (pd.Series([1.5, 2, 3], name="price"), [], ["price"]),
        ([[1, 2], [3, 4], [5, 6]], [], ["y1", "y2"]),
        (None, [], []),
    ],
    ids=str,
)
def test_targets(y, classes, targets):
    data = create_data(X, y)
    assert (data.class_names, data.target_names) == (classes, targets)


def test_tables_in_memory(tmp_path):
    columns = {"size": [1.0, 2.0, 3.0], "big": [True, False, True], "kind": ["a", "b", "a"]}
    frame = pd.DataFrame(columns)
    frame.to_csv(tmp_path / "t.csv", index=False)
    for table in (columns, frame, tmp_path / "t.csv"):
        data = create_data(table, "kind")
        assert data.points.x.tolist() == [[1, 1], [2, 0], [3, 1]]
        assert data.class_names == ["a", "b"]
    data = create_data(frame, ["size"], drop=["kind"])
    assert data.target_names == ["size"]


def test_polars():
    polars = pytest.importorskip("polars")
    data = create_data(polars.DataFrame({"x": [1, 2, 3], "kind": ["a", "b", "a"]}), "kind")
    assert data.class_names == ["a", "b"]


def test_a_model_takes_its_sizes_from_them():
    rng = np.random.default_rng(0)
    data = create_data(rng.normal(size=(50, 3)), rng.integers(0, 4, 50))
    assert create_model("mlp", data).units == 4
    assert len(data.raw[1].x) == 10
    assert data.train.x.mean(0).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, [0, 1], "y must be a column of the data or 3 values"),
        (X, "kind", "y must be a column of the data or 3 values"),
        ([[[[1.0]]]], None, r"must be \(sequences, time, features\), got the shape \(1, 1, 1, 1\)"),
        ([], None, "must be .points, features."),
        ([[1.0], [1.0, 2.0]], None, "the data must be a table"),
        ({"y": [1, 2]}, [0, 1], "already have a column y"),
        (np.ones((2, 3, 1)), [0, 1], "y must have a target for each step"),
        ([np.ones((k, 2)) for k in (3, 4, 3)], None, "the same number of steps, got 3 to 4"),
        ([np.ones((k, 2)) for k in (3, 4)], None, "the same number of steps, got 3 to 4"),
        ([np.ones((k, 2)) for k in (3, 4)], [0, 1], "y must have a target for each step"),
        ("iris", [0, 1], "has its own targets"),
    ],
)
def test_objects_that_are_no_table_are_refused(x, y, message):
    with pytest.raises(InputError, match=message):
        create_data(x, y)
