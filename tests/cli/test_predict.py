"""``nnzoo predict``: raw values in, outputs and labels out, printed and as a file."""

import csv
import os
import re
import shutil

import pytest
import torch

import nnzoo
from nnzoo.models import Perceptron
from nnzoo.runs import find

PERCEPTRON = ("model=perceptron",)
CAR = ("model=perceptron", "data=car_decision")
IRIS = ("model=sigmoid_classifier", "data=iris", "trainer.max_epochs=5")
PARABOLA = ("model=mlp", "trainer.max_epochs=100")
LABELS = (
    *("model=mlp", "+model.hidden=[4]", "data=xor", "trainer.max_epochs=2"),
    "data.y=[[0,1],[1,1],[1,0],[0,0]]",
)
DIGITS = ("model=autoencoder", "data=digits", "trainer.max_epochs=1")
EACH = {
    "perceptron": CAR,
    "sigmoid_classifier": IRIS,
    "sigmoid_neuron": ("model=sigmoid_neuron", "trainer.max_epochs=2"),
    "regression": PARABOLA,
    "labels": LABELS,
    "pixels": ("model=mlp", "data=digits", "trainer.max_epochs=1"),
    "autoencoder": ("model=autoencoder", "trainer.max_epochs=1"),
    "competitive": ("model=competitive", "trainer.max_epochs=2"),
    "art": ("model=art",),
    "sequences": ("model=echo_state",),
}


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(out):
    """The cells of a printed table, below its title."""
    lines = out[out.index("predictions") :].splitlines()[1:]
    return [re.split(r"\s{2,}", line.strip()) for line in lines]


def test_the_output_for_a_point(trained, nnzoo_predict, tmp_path):
    run = trained(*PERCEPTRON)
    printed = nnzoo_predict(f"run={run}", "input=[0.3, 0.2]")
    assert printed == (
        0,
        "predictions\n  input       output    label\n  [0.3, 0.2]  0.000000  0\n",
        "",
    )
    assert not list(tmp_path.iterdir())


def test_the_output_for_several_points(trained, nnzoo_predict):
    printed = nnzoo_predict(f"run={trained(*IRIS)}", "input=[[5.1, 3.5, 1.4, .2], [7, 3, 6, 2]]")
    rows = table(printed.out)
    names = [f"output_{name}" for name in ("setosa", "versicolor", "virginica")]
    assert rows[0] == ["input", *names, "label"]
    assert [row[0] for row in rows[1:]] == ["[5.1, 3.5, 1.4, 0.2]", "[7, 3, 6, 2]"]
    assert [row[-1] for row in rows[1:]] == ["setosa", "virginica"]
    for row in rows[1:]:
        assert all(re.fullmatch(r"\d\.\d{6}", cell) for cell in row[1:-1])


@pytest.mark.parametrize("name", EACH)
def test_the_file_of_every_kind_of_model(name, trained, nnzoo_predict, tmp_path):
    run = trained(*EACH[name])
    model = nnzoo.load_model(run)
    generator = torch.Generator().manual_seed(0)
    points = (torch.rand(3, model.in_features, generator=generator) * 4).round(decimals=2).tolist()
    printed = nnzoo_predict(f"run={run}", f"input={points}", "output=out.csv")
    assert (printed.code, printed.err) == (0, "")
    assert printed.out.endswith("3 rows written to out.csv\n")
    written = read(tmp_path / "out.csv")
    header = list(written[0])
    n = model.in_features
    assert header[:n] == model.feature_names
    labels = model.predict_labels(points)
    outputs = header[n:] if labels is None else header[n:-1]
    if name == "art":  # of many units one wins, and the label states it
        assert outputs == []
    else:
        named = [name for name in model.output_names if name != "output"]
        assert outputs == ([f"output_{name}" for name in named] or ["output"])
        found = torch.tensor([[float(row[column]) for column in outputs] for row in written])
        assert torch.equal(found, model.predict(points))
    assert [[float(row[column]) for column in header[:n]] for row in written] == points
    if labels is not None:
        assert header[-1] == "label"
        assert [row["label"] for row in written] == labels
    assert ("label" in printed.out) == (labels is not None)


def test_the_saved_scaling_is_applied(trained, nnzoo_predict, tmp_path):
    run = trained(*IRIS)
    model = nnzoo.load_model(run)
    x = nnzoo.create_data("iris").raw[0].x.double()
    point = torch.tensor([[6.1, 2.9, 4.7, 1.4]], dtype=torch.float64)
    scaled = (point - x.mean(0)) / x.std(0, correction=0)
    nnzoo_predict(f"run={run}", f"input={point[0].tolist()}", "output=out.csv")
    (row,) = read(tmp_path / "out.csv")
    found = [float(row[f"output_{name}"]) for name in model.class_names]
    wanted = model.double()(scaled)[0].tolist()
    assert found == pytest.approx(wanted, abs=1e-6)
    assert found != pytest.approx(model(point)[0].tolist(), abs=1e-3)  # the output for raw values


def test_predictions_are_in_raw_units(trained, nnzoo_predict):
    printed = nnzoo_predict(f"run={trained(*PARABOLA)}", "input=[[3], [-5]]")
    assert table(printed.out)[0] == ["input", "output_y"]
    (_, near), (_, far) = table(printed.out)[1:]
    assert float(near) == pytest.approx(25, abs=4)
    assert float(far) == pytest.approx(57, abs=4)


@pytest.mark.parametrize("given", ["input=3", "input=3.0", "input=[3]", "input={x: 3}"])
def test_ways_to_give_one_number(given, trained, nnzoo_predict):
    run = trained(*PARABOLA)
    assert nnzoo_predict(f"run={run}", given) == nnzoo_predict(f"run={run}", "input=[[3]]")


@pytest.mark.parametrize(
    "given",
    [
        "[1, 0, .5, 0]",
        "{price: 1, public_transport: 0, driving_skill: .5, model: 0}",
        "{model: 0, driving_skill: .5, public_transport: 0, price: 1}",
        "{price:1,public_transport:0,driving_skill:.5,model:0}",
        "plain.csv",
        "named.csv",
        "turned.csv",
        "tabs.tsv",
    ],
)
def test_ways_to_give_the_same_point(given, trained, nnzoo_predict, tmp_path):
    (tmp_path / "plain.csv").write_text("1,0,.5,0\n")
    (tmp_path / "named.csv").write_text("price,public_transport,driving_skill,model\n1,0,0.5,0\n")
    (tmp_path / "turned.csv").write_text("model;driving_skill;public_transport;price\n0;.5;0;1\n")
    (tmp_path / "tabs.tsv").write_text("\ufeff1\t0\t.5\t0\r\n", encoding="utf-8")
    printed = nnzoo_predict(f"run={trained(*CAR)}", f"input={given}")
    assert (printed.code, printed.err) == (0, "")
    model = nnzoo.load_model(trained(*CAR))
    assert table(printed.out)[1:] == [
        ["[1, 0, 0.5, 0]", f"{float(model.predict([1, 0, 0.5, 0])):.6f}", "leave"]
    ]
    # Another order of the numbers would be another point.
    assert float(model.layer.net_input(model.scaled([0, 0.5, 0, 1.0]))) != pytest.approx(
        float(model.layer.net_input(model.scaled([1, 0, 0.5, 0])))
    )


def test_a_written_file_is_never_overwritten(trained, nnzoo_predict, tmp_path):
    asked = (f"run={trained(*PERCEPTRON)}", "input=[0.1,0.2]", "output=out.csv")
    assert nnzoo_predict(*asked).code == 0
    first = (tmp_path / "out.csv").read_text()
    assert first == "x1,x2,output,label\n0.1,0.2,0.0,0\n"
    assert nnzoo_predict(*asked[:1], "input=[9,9]", asked[2]).code == 1
    assert (tmp_path / "out.csv").read_text() == first
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_long_rows_are_abbreviated_only_in_the_terminal(trained, nnzoo_predict, tmp_path):
    run = trained(*DIGITS)
    printed = nnzoo_predict(f"run={run}", f"input={list(range(64))}", "output=out.csv")
    ((given, output, label),) = table(printed.out)[1:-1]
    assert label == "anomaly"
    assert given == "[0, 1, 2, ..., 61, 62, 63]"
    assert re.fullmatch(r"\[(\d+\.\d{6}, ){3}\.\.\.(, \d+\.\d{6}){3}\]", output)
    (row,) = read(tmp_path / "out.csv")
    assert len(row) == 129
    assert row["pixel_0_3"] == "3.0"


def test_a_long_table_is_abbreviated_only_if_a_file_contains_it(trained, nnzoo_predict):
    asked = (f"run={trained(*PERCEPTRON)}", f"input={[[i, 0] for i in range(50)]}")
    assert len(table(nnzoo_predict(*asked).out)) == 51
    printed = nnzoo_predict(*asked, "output=out.csv").out
    assert printed.splitlines()[-3].split()[0] == "[19,"
    assert printed.splitlines()[-2:] == ["  ... and 30 more", "50 rows written to out.csv"]


def test_the_newest_run(trained, nnzoo_predict, tmp_path):
    folders = ["outputs/perceptron/old", "multirun/day/0", "outputs/mlp/older"]
    for age, folder in zip((2, 1, 3), folders, strict=True):
        shutil.copytree(trained(*PERCEPTRON), tmp_path / folder)
        for file in (tmp_path / folder / "checkpoints").iterdir():
            os.utime(file, (1e9 - age, 1e9 - age))
    printed = nnzoo_predict("input=[1,1]")
    assert printed.out.splitlines()[0] == "run multirun/day/0"
    os.utime(tmp_path / "outputs/mlp/older/checkpoints/last.ckpt")
    assert nnzoo_predict("input=[1,1]").out.splitlines()[0] == "run outputs/mlp/older"
    # A named run is not printed again.
    assert nnzoo_predict("run=multirun/day/0", "input=[1,1]").out.startswith("predictions")


def test_a_folder_name_may_hold_an_equals_sign(trained, nnzoo_predict, tmp_path):
    shutil.copytree(trained(*PERCEPTRON), tmp_path / "seed=1,lr=2")
    assert nnzoo_predict("run=seed=1,lr=2", "input=[1,1]").code == 0


def test_a_checkpoint_may_be_named(trained, nnzoo_predict):
    run = trained(*IRIS)
    for name in ("best", "last"):
        file = run / "checkpoints" / f"{name}.ckpt"
        printed = nnzoo_predict(f"run={file}", "input=[5,3,4,1]")
        wanted = nnzoo.load_model(file).predict([[5, 3, 4, 1]])[0, 0]
        assert table(printed.out)[1][1] == f"{float(wanted):.6f}"


def test_the_output_and_the_file_of_samples(trained, nnzoo_predict, monkeypatch, tmp_path):
    def sample(model, n, seed=0):
        return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))

    monkeypatch.setattr(Perceptron, "sample", sample)
    run = f"run={trained(*PERCEPTRON)}"
    printed = nnzoo_predict(run, "sample=3", "seed=7", "output=out.csv")
    assert (printed.code, printed.err) == (0, "")
    wanted = sample(None, 3, 7).tolist()
    lines = [line.split() for line in printed.out.splitlines()]
    assert lines[:2] == [["samples"], ["x1", "x2"]]
    assert lines[2:-1] == [[f"{item:.6g}" for item in row] for row in wanted]
    assert printed.out.endswith("3 rows written to out.csv\n")
    written = read(tmp_path / "out.csv")
    assert [[float(item) for item in row.values()] for row in written] == wanted
    assert list(written[0]) == ["x1", "x2"]
    assert nnzoo_predict(run, "sample=3").out == nnzoo_predict(run, "sample=3", "seed=0").out


def test_columns_of_the_same_name_are_renamed(trained, nnzoo_predict, tmp_path):
    (tmp_path / "table.csv").write_text("output,output_y,y\n1,2,.5\n3,4,1.5\n")
    run = trained(
        *("model=mlp", "data=csv", f"data.path={tmp_path}/table.csv", "data.target=y"),
        "trainer.max_epochs=1",
    )
    assert nnzoo_predict(f"run={run}", "input=[1,2]", "output=out.csv").code == 0
    assert list(read(tmp_path / "out.csv")[0]) == ["output", "output_y", "output_y_"]


def test_a_checkpoint_outside_a_run_is_not_the_newest_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("checkpoints/incomplete.ckpt", "best.ckpt"):
        file = tmp_path / "outputs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    with pytest.raises(nnzoo.InputError, match="there is no run"):
        find.choose_run(None)
