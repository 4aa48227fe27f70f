"""``scripts/evaluate.py``: a trained model is scored on its own or other data."""

import json
import shutil
from importlib.metadata import version

import pytest
import torch

import nnzoo
from nnzoo.models import Autoencoder, Model
from nnzoo.training import evaluate

IRIS = ("model=sigmoid_classifier", "data=iris", "trainer.max_epochs=5")
LABELS = (
    *("model=mlp", "model.hidden=[4]", "data=xor", "trainer.max_epochs=2"),
    "data.y=[[0,1],[1,1],[1,0],[0,0]]",
)
EACH = {
    "perceptron": (("model=perceptron",), {"points", "boundary"}),
    "sigmoid_classifier": (IRIS, {"points"}),
    "sigmoid_neuron": (("model=sigmoid_neuron", "trainer.max_epochs=2"), {"points"}),
    "regression": (("model=mlp", "trainer.max_epochs=2"), set()),
    "labels": (LABELS, {"points", "boundary"}),
    "autoencoder": (
        ("model=autoencoder", "trainer.max_epochs=2"),
        {"latent", "reconstruction"},
    ),
    "competitive": (("model=competitive", "trainer.max_epochs=2"), {"clusters"}),
}


@pytest.fixture
def run(trained, tmp_path):
    """``run("model=...")``: a copy of a trained run, to be written into."""

    def copy(*overrides):
        shutil.copytree(trained(*overrides), tmp_path / "run")
        return tmp_path / "run"

    return copy


def result_of(folder):
    return json.loads((folder / "result.json").read_text())


@pytest.mark.parametrize("name", EACH)
def test_every_kind_of_model(name, run, nnzoo_evaluate):
    overrides, pictures = EACH[name]
    folder = run(*overrides)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    last = folder / "checkpoints" / "last.ckpt"
    said = nnzoo_evaluate(f"run={last}")
    assert (said.code, said.err) == (0, "")
    # The last weights on the run's own data: the numbers that the run came to.
    found, wanted = result_of(folder / "evaluation"), result_of(folder)
    shared = {name: found["metrics"][name] for name in wanted["metrics"]}
    assert shared == pytest.approx(wanted["metrics"], rel=1e-5, abs=1e-7)
    for key in ("status", "error", "model", "data", "seed", "parameters", "versions"):
        assert found[key] == wanted[key]
    drawn = {path.stem for path in (folder / "evaluation" / "figures").iterdir()}
    assert drawn >= pictures
    assert "curve" not in drawn
    assert {path: path.read_bytes() for path in before} == before


def test_the_folder(run, nnzoo_evaluate):
    folder = run(*IRIS)
    said = nnzoo_evaluate("run=run", "figures=none")
    assert {path.name for path in (folder / "evaluation").iterdir()} == {"result.json"}
    result = result_of(folder / "evaluation")
    assert (result["status"], result["error"]) == ("completed", None)
    assert (result["model"], result["data"], result["seed"]) == ("sigmoid_classifier", "iris", 0)
    assert result["checkpoint"] == str(folder / "checkpoints" / "best.ckpt")
    assert result["overrides"] == ["run=run", "figures=none"]
    assert result["versions"]["torch"] == version("torch")
    assert result["paths"] == {
        "folder": str(folder / "evaluation"),
        "result": str(folder / "evaluation" / "result.json"),
    }
    lines = said.out.splitlines()
    assert lines[0] == (
        "sigmoid_classifier (67 parameters) on iris "
        "(120 points x 4 features, 30 more for validation, 3 classes), cpu, seed 0"
    )
    assert f"  val_accuracy  {result['metrics']['val_accuracy']:.6g}" in lines
    assert "result       run/evaluation/result.json" in lines


def test_nothing_is_overwritten(run, nnzoo_evaluate):
    folder = run("model=perceptron")
    for _ in range(3):
        assert nnzoo_evaluate("run=run", "figures=none").code == 0
    written = sorted(path.name for path in folder.glob("evaluation*"))
    assert written == ["evaluation", "evaluation-2", "evaluation-3"]
    texts = {(folder / name / "result.json").read_text().replace(name, "") for name in written}
    assert len(texts) == 1


def test_the_newest_run_is_said(trained, nnzoo_evaluate, tmp_path):
    shutil.copytree(trained("model=perceptron"), tmp_path / "outputs" / "perceptron" / "day")
    said = nnzoo_evaluate("figures=none")
    assert said.out.splitlines()[0] == "run outputs/perceptron/day"
    assert (tmp_path / "outputs/perceptron/day/evaluation/result.json").is_file()


def test_other_data_are_seen_in_the_model_s_scale(run, nnzoo_evaluate, tmp_path, monkeypatch):
    """Half the flowers have another mean and deviation than those that the model was trained on."""
    folder = run(*IRIS)
    points = nnzoo.create_data("iris").points
    kept = points.y > 0
    x, y = points.x[kept], points.y[kept]
    rows = [[*row, points.class_names[k]] for row, k in zip(x.tolist(), y.tolist(), strict=True)]
    header = ",".join([*points.feature_names, "species"])
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "half.csv").write_text("\n".join(lines))
    drawn = []
    monkeypatch.setattr("nnzoo.training.pictures.draw", lambda drawing, to: drawn.append(drawing))
    options = ("data=csv", "data.path=half.csv", "data.target=species")
    said = nnzoo_evaluate("run=run", *options)
    assert (said.code, said.err) == (0, "")
    model = nnzoo.load_model(folder)
    right = (model.predict(x).argmax(-1) == y).float().mean()
    result = result_of(folder / "evaluation")
    assert result["metrics"]["accuracy"] == pytest.approx(float(right))
    assert result["data"] == "csv"
    assert result["overrides"] == ["run=run", *options]
    # What the pictures are drawn from.
    (drawing,) = drawn
    torch.testing.assert_close(drawing.data.train.x, model.scaling(x))
    assert drawing.data.train.y.tolist() == y.tolist()
    assert drawing.data.class_names == model.class_names
    assert (drawing.data.scale, drawing.title) == ("standard", "sigmoid_classifier on csv")


def test_columns_in_another_order(run, nnzoo_evaluate, tmp_path):
    (tmp_path / "one.csv").write_text("a,b,target\n0,1,.5\n1,5,2.5\n2,0,.25\n")
    (tmp_path / "other.csv").write_text("b,target,a\n1,.5,0\n5,2.5,1\n0,.25,2\n")
    folder = run(
        *("model=mlp", "data=csv", f"data.path={tmp_path}/one.csv", "data.target=target"),
        *("+data.scale=standard", "+data.target_scale=standard", "trainer.max_epochs=2"),
    )
    assert nnzoo_evaluate("run=run", "figures=none").code == 0
    said = nnzoo_evaluate("run=run", "figures=none", f"data.path={tmp_path}/other.csv")
    assert (said.code, said.err) == (0, "")
    own, other = (result_of(folder / name)["metrics"] for name in ("evaluation", "evaluation-2"))
    assert own == pytest.approx(other)


def test_other_names_are_said(run, nnzoo_evaluate, tmp_path):
    run("model=autoencoder", "data=iris", "trainer.max_epochs=1")
    (tmp_path / "other.csv").write_text("a,b,c,d\n1,2,3,4\n5,6,7,9\n")
    said = nnzoo_evaluate("run=run", "data=csv", "data.path=other.csv", "figures=none")
    assert said.code == 0
    assert said.out.splitlines()[1] == (
        "note: the data's features a, b, c, d are taken in this order for the model's "
        "sepal length (cm), sepal width (cm), petal length (cm), petal width (cm)"
    )


def test_the_run_s_own_data_can_be_changed(run, nnzoo_evaluate):
    folder = run("model=mlp", "trainer.max_epochs=2")
    assert nnzoo_evaluate("run=run", "data.n_points=7", "data.high=5", "figures=none").code == 0
    model = nnzoo.load_model(folder)
    x = torch.linspace(-10, 5, 7)[:, None]
    error = model.predict(x) - (2 * x.square() + 7)
    metrics = result_of(folder / "evaluation")["metrics"]
    assert metrics["rmse"] == pytest.approx(float(error.square().mean().sqrt()), rel=1e-5)


def test_whole_numbers_are_no_classes_to_a_regression(run, nnzoo_evaluate, tmp_path):
    folder = run("model=mlp", "trainer.max_epochs=2")
    (tmp_path / "whole.csv").write_text("t,value\n3,25\n-1,9\n2,15\n")
    said = nnzoo_evaluate("run=run", "data=csv", "data.path=whole.csv", "data.target=value")
    assert (said.code, said.err) == (0, "")
    error = nnzoo.load_model(folder).predict([[3], [-1], [2]])[:, 0] - torch.tensor([25, 9, 15])
    metrics = result_of(folder / "evaluation")["metrics"]
    assert metrics["mae"] == pytest.approx(float(error.abs().mean()), rel=1e-5)


def test_fewer_points_than_units(run, nnzoo_evaluate, tmp_path):
    run("model=competitive", "trainer.max_epochs=1")
    (tmp_path / "few.csv").write_text("1,2,3\n4,5,6\n")
    said = nnzoo_evaluate("run=run", "data=csv", "data.path=few.csv")
    assert (said.code, said.err) == (0, "")


def test_data_take_the_run_s_seed(run, nnzoo_evaluate, monkeypatch):
    run("model=competitive", "seed=3", "trainer.max_epochs=1")
    seen = []
    monkeypatch.setattr(
        Model, "assess", lambda model, data, untrained: seen.append(data.seed) or {}
    )
    for data in ("gaussian_clusters", "blobs"):
        options = () if data == "gaussian_clusters" else ("data.n_features=3",)
        assert nnzoo_evaluate("run=run", f"data={data}", "figures=none", *options).code == 0
    assert seen == [3, 42]  # blobs have a seed of their own


def test_further_metrics_and_the_model_before_training(run, nnzoo_evaluate, monkeypatch):
    folder = run("model=autoencoder", "seed=5", "trainer.max_epochs=1")
    seen = []

    def assess(model, data, untrained):
        seen.extend((model, untrained))
        return {"purity": 0.75}

    monkeypatch.setattr(Autoencoder, "assess", assess)
    nnzoo_evaluate("run=run", "figures=none")
    assert result_of(folder / "evaluation")["metrics"]["purity"] == 0.75
    model, untrained = seen
    torch.manual_seed(5)
    started = nnzoo.create_model("autoencoder", "blobs")
    for name, weight in started.net.state_dict().items():
        assert torch.equal(untrained.net.state_dict()[name], weight)
        assert not torch.equal(model.net.state_dict()[name], weight) or not weight.any()
    assert torch.equal(untrained.scaling.divisor, model.scaling.divisor)


def test_a_checkpoint_alone(trained, nnzoo_evaluate, tmp_path):
    shutil.copy(trained(*IRIS) / "checkpoints" / "best.ckpt", tmp_path / "model.ckpt")
    said = nnzoo_evaluate("run=model.ckpt")
    assert said == (
        1,
        "",
        f"error: there is no config.yaml of a run beside {tmp_path}/model.ckpt: name the data, "
        "data=NAME\n",
    )
    said = nnzoo_evaluate("run=model.ckpt", "data=iris")
    assert (said.code, said.err) == (0, "")
    result = result_of(tmp_path / "evaluation")
    assert (result["model"], result["data"]) == ("MLP", "iris")
    assert (tmp_path / "evaluation" / "figures" / "points.png").is_file()


def test_double_precision(run, nnzoo_evaluate):
    run("model=autoencoder", "trainer.max_epochs=1", "+trainer.precision=64-true")
    said = nnzoo_evaluate("run=run")
    assert (said.code, said.err) == (0, "")


BAD = {
    "run=nowhere": "there is no checkpoint nowhere",
    "run=empty": "the folder empty holds no checkpoints/best.ckpt or last.ckpt",
    "run=broken": "broken/config.yaml is no config of a run: it lacks data, model, run, seed",
    "": "there is no run below outputs or multirun",
    "run=run data=irs": "unknown data 'irs'; did you mean 'iris'?",
    "run=run data=blobs": "the data have 2 features (x1, x2) and the model 4 (sepal length (cm), ",
    "run=run data=csv": "data.path must name a file",
    "run=run data=csv data.path=gone.csv": "cannot read gone.csv: No such file or directory",
    "run=run data=csv data.path=plain.csv": "the model tells the classes setosa, versicolor, "
    "virginica apart and the data have no targets; choose data with classes",
    "run=run data=csv data.path=other.csv data.target=kind": "the data have the classes setosa, "
    "tulip and the model knows setosa, versicolor, virginica",
    "run=run data=car_decision": "the data have the classes leave, buy and the model knows",
    "run=run data.valfraction=.5": "unknown key of data 'valfraction'; did you mean 'val_fraction'",
    "run=run data.val_fraction=all": "data.val_fraction must be a number >= 0, got 'all'",
    "run=run data.scale=none": "data.scale cannot be set: the scaling saved with the model is",
    "run=run dat=iris": "unknown key 'dat'; did you mean 'data'?",
    "run=run figures=all": "unknown figures 'all'; known: default, none",
    "run=run iris": "cannot read 'iris'; write KEY=VALUE",
    "run=numbers data=iris": "the data have 4 features",
    "run=numbers data=csv data.path=pairs.csv data.target=kind": "the model learnt numbers (y) and "
    "the data have classes; of a CSV file data.target=[COLUMN] holds numbers",
    "run=numbers data=csv data.path=plain.csv": "the data have 4 features (x1, x2, x3, x4) and the "
    "model 1 (x)",
}
FILES = {
    "plain.csv": "1,2,3,4\n5,6,7,8\n",
    "other.csv": "a,b,c,d,kind\n1,2,3,4,setosa\n5,6,7,8,tulip\n",
    "pairs.csv": "t,kind\n1,a\n2,b\n",
}


@pytest.mark.parametrize("command", BAD)
def test_bad_input(command, trained, nnzoo_evaluate, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    shutil.copytree(trained(*IRIS), tmp_path / "run")
    shutil.copytree(trained("model=mlp", "trainer.max_epochs=2"), tmp_path / "numbers")
    shutil.copytree(trained(*IRIS), tmp_path / "broken")
    (tmp_path / "broken" / "config.yaml").write_text("")
    (tmp_path / "empty").mkdir()
    before = {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")}
    said = nnzoo_evaluate(*command.split())
    assert said.code == 1
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1
    assert BAD[command] in said.err
    assert {path: path.is_file() and path.read_bytes() for path in tmp_path.rglob("*")} == before


def test_data_that_are_gone(run, nnzoo_evaluate, tmp_path):
    (tmp_path / "data.csv").write_text("0,0,0\n0,1,1\n1,0,1\n")
    run(
        *("model=perceptron", "data=csv", f"data.path={tmp_path}/data.csv", "data.target=x3"),
    )
    (tmp_path / "data.csv").unlink()
    said = nnzoo_evaluate("run=run")
    assert said == (1, "", f"error: cannot read {tmp_path}/data.csv: No such file or directory\n")


def test_a_failing_picture_loses_no_number(run, nnzoo_evaluate, monkeypatch):
    folder = run("model=perceptron")

    def fail(drawing, to):
        raise OSError(28, "No space left on device", str(to))

    monkeypatch.setattr("nnzoo.training.pictures.draw", fail)
    said = nnzoo_evaluate("run=run")
    assert said.code == 1
    assert said.err == f"error: cannot use {folder}/evaluation/figures: No space left on device\n"
    assert result_of(folder / "evaluation")["metrics"]["accuracy"] == 1


def test_from_python(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run("model=perceptron")
    result = evaluate.evaluate(["run=run", "figures=none"])
    assert result == result_of(tmp_path / "run" / "evaluation")
