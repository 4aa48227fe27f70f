"""Data with a time axis: generated, in memory, and your own in files."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

import nnzoo
from nnzoo import InputError
from nnzoo.data import Sequences, Series
from nnzoo.data.sequences import mackey_glass
from nnzoo.models.parts.align import data_for


@pytest.mark.parametrize(
    ("name", "options", "shape"),
    [
        ("sequence", {}, (100, 80, 1)),
        ("sequence", {"kind": "xor", "n_sequences": 3, "length": 7}, (3, 7, 1)),
        ("sequence", {"kind": "sines", "n_sequences": 2, "length": 1}, (2, 1, 1)),
        ("mackey_glass", {}, (29, 100, 1)),
        ("mackey_glass", {"length": 60, "horizon": 10, "window": 50, "skip": 0}, (1, 50, 1)),
    ],
)
def test_shapes(name, options, shape):
    data = nnzoo.create_data(name, **({"val_fraction": 0} | options))
    assert data.points.x.shape == data.points.y.shape == shape
    assert data.n_features == data.n_targets == 1
    again = nnzoo.create_data(name, **({"val_fraction": 0} | options))
    assert torch.equal(data.points.x, again.points.x)


def test_each_third_bit_is_the_exclusive_or_of_the_two_before():
    data = nnzoo.create_data("sequence", kind="xor", n_sequences=50, length=12)
    bits = torch.cat([data.points.x[:, :, 0], data.points.y[:, -1:, 0]], 1).int()
    assert torch.equal(bits[:, 2::3], bits[:, 0:-1:3] ^ bits[:, 1::3])
    assert torch.equal(data.points.y[:, :-1], data.points.x[:, 1:])
    assert 0.4 < float(bits[:, :2].float().mean()) < 0.6


def test_corners_of_a_square_in_the_direction_of_the_plan():
    data = nnzoo.create_data("sequence", kind="square", n_sequences=3, length=5, val_fraction=0)
    assert (data.feature_names, data.n_targets) == (["plan"], 2)
    assert data.points.x[..., 0].tolist() == [[0] * 5, [1] * 5, [0] * 5]
    corners = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75], [0.25, 0.25]]
    assert data.points.y.tolist() == [corners, corners[::-1], corners]


def test_sines_are_ahead_by_one_step():
    data = nnzoo.create_data("sequence", kind="sines", length=50)
    x, y = data.points.x[..., 0].double(), data.points.y[..., 0].double()
    assert torch.equal(x[:, 1:], y[:, :-1])
    # x(t+1) + x(t-1) = 2 cos(w) x(t), for a period of 10 to 30 steps
    doubled = 2 * (y[:, 1:] * x[:, 1:] + x[:, :-1] * x[:, 1:]).sum(1) / x[:, 1:].square().sum(1)
    periods = 2 * math.pi / (doubled / 4).acos()
    assert ((periods > 9.9) & (periods < 30.1)).all()


def test_the_delay_equation_against_a_fine_solution_by_steps():
    """With a history of .5 and before tau, the delayed term is constant: a linear equation."""
    gain = 0.2 * 0.5 / (1 + 0.5**10)
    found = mackey_glass(18, 17, 0.5)
    expected = [10 * gain + (0.5 - 10 * gain) * math.exp(-0.1 * t) for t in range(18)]
    assert found == pytest.approx(expected, rel=1e-7)
    long = mackey_glass(600, 17, 1.2)[100:]
    assert 0.2 < min(long) < 0.6
    assert 1.2 < max(long) < 1.5


def test_a_series_is_split_in_time():
    data = nnzoo.create_data("mackey_glass", test_fraction=0.1, horizon=1, scale="none")
    train, val = data.raw
    assert [len(part.x) for part in (train, val, data.raw_test)] == [20, 6, 3]
    whole = torch.cat([train.x, val.x, data.raw_test.x]).flatten()
    assert torch.equal(whole, data.points.x.flatten())
    folds = [nnzoo.create_data("mackey_glass", folds=4, fold=k).raw for k in range(4)]
    vals = torch.cat([val.x for _, val in folds])
    assert torch.equal(vals, nnzoo.create_data("mackey_glass").points.x)
    assert all(len(train.x) + len(val.x) == 29 for train, val in folds)


def test_scaling_is_of_all_steps():
    data = nnzoo.create_data("mackey_glass", val_fraction=0)
    assert float(data.train.x.mean()) == pytest.approx(0, abs=1e-5)
    assert float(data.train.x.std(unbiased=False)) == pytest.approx(1, abs=1e-5)


# In memory


def test_arrays_and_lists():
    x = np.arange(24.0).reshape(2, 4, 3)
    data = nnzoo.create_data(x, x[..., 0], scale="none", target_scale="none")
    assert isinstance(data, Sequences)
    assert data.points.y.shape == (2, 4, 1)
    assert torch.equal(nnzoo.create_data(x.tolist(), x[..., :1]).points.x, data.points.x)
    assert torch.equal(nnzoo.create_data((x, x[..., :1])).points.x, data.points.x)
    assert data.summary == "2 sequences of 4 steps x 3 features, regression of y"
    ahead = nnzoo.create_data(x, scale="none", target_scale="none")
    assert torch.equal(ahead.train.y, torch.from_numpy(x[:, 1:]))
    assert ahead.target_names == ["next x1", "next x2", "next x3"]


@pytest.mark.parametrize(
    ("x", "y", "text"),
    [
        ([[[1.0], [2.0]], [[1.0]]], None, "same number of steps, got 1 to 2"),
        (np.ones((2, 4, 1)), np.ones((2, 3, 1)), "y must have 2 sequences of 4 steps as x has"),
        (np.full((2, 4, 1), np.nan), None, "x has NaN or infinite values"),
        (np.ones((2, 1, 1)), None, "x has 1 step, and 2 are needed"),
        (np.array([[["a"]]]), None, r"x must be \(sequences, time, features\)"),
    ],
)
def test_arrays_that_fail(x, y, text):
    with pytest.raises(InputError, match=text):
        nnzoo.create_data(x, y)


# Files


@pytest.fixture
def table(tmp_path):
    """A table of 10 steps: t, a = t squared, b = -t, and c = even or odd trial of 5 steps."""
    rows = [f"{t},{t * t},{-t},{'even' if t % 2 == 0 else 'odd'}" for t in range(10)]
    file = tmp_path / "steps.csv"
    file.write_text("\n".join(["t,a,b,trial", *rows]) + "\n")
    return str(file)


def test_one_series_in_a_table(table):
    data = Series(table, drop=["t", "trial"], window=3, scale="none")
    assert data.feature_names == ["a", "b"]
    assert data.target_names == ["next a", "next b"]
    assert data.points.x[:, :, 1].tolist() == [[0, -1, -2], [-3, -4, -5], [-6, -7, -8]]
    assert data.points.y[1].tolist() == [[16, -4], [25, -5], [36, -6]]
    assert sorted(data.unused_columns) == ["t", "trial"]


def test_columns_to_learn(table):
    now = Series(table, target="b", drop=["t", "trial"], window=5)
    assert (now.feature_names, now.target_names) == (["a"], ["b"])
    assert now.points.y.flatten().tolist() == [-t for t in range(10)]
    assert now.target_columns == ["b"]
    later = Series(table, target="b", drop=["t", "trial"], window=4, horizon=2)
    assert (later.feature_names, later.target_names) == (["a", "b"], ["b in 2 steps"])
    assert later.points.y[0].flatten().tolist() == [-2, -3, -4, -5]
    assert later.target_columns == []


@pytest.mark.parametrize(
    ("rows", "window", "left_out"), [(300, 29, 9), (1000, 99, 9), (1001, 100, 0), (60, 10, 9)]
)
def test_one_series_has_a_validation_part(rows, window, left_out):
    data = Series(frame=pd.DataFrame({"v": np.arange(float(rows))}))
    assert data.points.x.shape[1] == window
    assert len(data.val or ()) == (2 if len(data.points.x) >= 10 else 0)
    expected = [f"{left_out} steps of {rows - 1} left out"] if left_out else []
    assert [note.split(":")[0] for note in data.notes] == expected


def test_sequences_in_a_table(table):
    data = Series(table, drop=["t"], features=["b"], sequence="trial")
    assert data.points.x[..., 0].tolist() == [[0, -2, -4, -6], [-1, -3, -5, -7]]
    assert data.points.y[..., 0].tolist() == [[-2, -4, -6, -8], [-3, -5, -7, -9]]


@pytest.mark.parametrize("shape", [(12, 2), (3, 4, 2)])
def test_arrays_in_a_file(tmp_path, shape):
    array = np.arange(24.0).reshape(shape)
    np.save(tmp_path / "a.npy", array)
    data = Series(str(tmp_path / "a.npy"), window=3 if len(shape) == 2 else None)
    assert data.points.x.shape == (3, 3, 2)
    expected = array[:9].reshape(3, 3, 2) if len(shape) == 2 else array[:, :3]
    assert data.points.x.tolist() == expected.tolist()


def test_sequences_of_unequal_length(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("v,id\n1,1\n2,1\n3,1\n4,2\n5,2\n6,2\n7,2\n8,2\n")
    text = r"must have the same number of steps, got 3 to 5; data\.window=2 cuts them"
    with pytest.raises(InputError, match=text):
        _ = Series(str(file), sequence="id").points
    hole = tmp_path / "hole.csv"
    hole.write_text("v,id\n1,1\n2,\n3,1\n")
    with pytest.raises(InputError, match="row 2: id has no value"):
        _ = Series(str(hole), sequence="id").points
    hole.write_text("v,id\n1,1\n,1\n3,1\n")
    with pytest.raises(InputError, match=r"v has no value .*a sequence needs a value at each step"):
        _ = Series(str(hole), sequence="id").points
    data = Series(str(file), sequence="id", window=2)
    assert data.points.x.flatten(1).tolist() == [[1, 2], [4, 5], [6, 7]]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"window": 20}, "has 10 steps, and 21 are needed"),
        ({}, r"has 10 steps, and 11 are needed: data\.window=10"),
        ({"target": "z"}, "unknown column of .* 'z'"),
        ({"sequence": "z"}, "unknown column of .* 'z'"),
        ({"horizon": 0}, r"data\.horizon=0 needs numbers to learn"),
        ({"target": ["a", "b"], "drop": ["t", "trial"], "window": 5}, "no column to learn from"),
    ],
)
def test_tables_that_fail(table, options, text):
    with pytest.raises(InputError, match=text):
        _ = Series(table, **options).points


def test_a_run_predicts_from_the_table_of_its_steps(table, tmp_path):
    run = nnzoo.train(
        "elman", "series", epochs=2, options={"data.path": table, "data.drop": ["t", "trial"]},
        window=3, hidden=2,
    )  # fmt: skip
    found = run.predict(pd.read_csv(table))
    assert list(found.columns) == ["next a", "next b"]
    assert len(found) == 10
    assert run.data.points.x.shape == (3, 3, 2)
    other = Series(table, drop=["t", "trial"])  # by default cut to the steps of the training
    assert data_for(run.model, other).points.x.shape == (3, 3, 2)
    figure = run.plot("series", data=other)
    assert "steps.csv" in run.plot("series").get_suptitle()
    assert figure.axes[0].lines[0].get_xdata().tolist() == [0, 1, 2]
