"""``nnzoo evaluate``: metrics and figures of a trained model, on its own or on other data."""

import json
import shutil
from importlib.metadata import version

import pytest
import torch
from helpers import mostly_slow
from run_folder import result_of

import nnzoo
from nnzoo.cli import evaluate
from nnzoo.models import Competitive, Model

IRIS = ("model=sigmoid_classifier", "data=iris", "trainer.max_epochs=5")
LABELS = (
    *("model=mlp", "+model.hidden=[4]", "data=xor", "trainer.max_epochs=2"),
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


@pytest.mark.parametrize("name", mostly_slow(EACH, keep=4))
def test_every_kind_of_model_has_the_metrics_of_its_run(name, run, nnzoo_evaluate):
    overrides, pictures = EACH[name]
    folder = run(*overrides)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    printed = nnzoo_evaluate("run=run")
    assert (printed.code, printed.err) == (0, "")
    # The best weights on the run's own data have the metrics of the run.
    found, wanted = result_of(folder / "evaluation"), result_of(folder)
    shared = {name: found["metrics"][name] for name in wanted["metrics"]}
    assert shared == pytest.approx(wanted["metrics"], rel=1e-5, abs=1e-7)
    for key in ("status", "error", "model", "data", "seed", "parameters", "versions"):
        assert found[key] == wanted[key]
    drawn = {path.stem for path in (folder / "evaluation" / "figures").iterdir()}
    assert drawn >= pictures
    assert "curve" in drawn
    assert {path: path.read_bytes() for path in before} == before


def test_the_files_and_the_output(run, nnzoo_evaluate):
    folder = run(*IRIS)
    printed = nnzoo_evaluate("run=run", "figures=none")
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
    lines = printed.out.splitlines()
    assert lines[0] == (
        "sigmoid_classifier (67 parameters) on iris "
        "(120 points x 4 features, 30 more for validation, 3 classes), cpu, seed 0"
    )
    assert f"  val_accuracy           {result['metrics']['val_accuracy']:.6g}" in lines
    assert "result       run/evaluation/result.json" in lines


def test_nothing_is_overwritten(run, nnzoo_evaluate):
    folder = run("model=perceptron")
    for _ in range(3):
        assert nnzoo_evaluate("run=run", "figures=none").code == 0
    written = sorted(path.name for path in folder.glob("evaluation*"))
    assert written == ["evaluation", "evaluation-2", "evaluation-3"]
    texts = {(folder / name / "result.json").read_text().replace(name, "") for name in written}
    assert len(texts) == 1


def test_the_name_of_the_newest_run_is_printed(trained, nnzoo_evaluate, tmp_path):
    shutil.copytree(trained("model=perceptron"), tmp_path / "outputs" / "perceptron" / "day")
    printed = nnzoo_evaluate("figures=none")
    assert printed.out.splitlines()[0] == "run outputs/perceptron/day"
    assert (tmp_path / "outputs/perceptron/day/evaluation/result.json").is_file()


def test_other_data_are_scaled_as_the_training_data(run, nnzoo_evaluate, tmp_path, monkeypatch):
    """The data are two of the three species, which have another mean and deviation."""
    folder = run(*IRIS)
    points = nnzoo.create_data("iris").points
    kept = points.y > 0
    x, y = points.x[kept], points.y[kept]
    rows = [[*row, points.class_names[k]] for row, k in zip(x.tolist(), y.tolist(), strict=True)]
    header = ",".join([*points.feature_names, "species"])
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    (tmp_path / "half.csv").write_text("\n".join(lines))
    drawn = []
    monkeypatch.setattr("nnzoo.runs.pictures.draw", lambda drawing, to, **_: drawn.append(drawing))
    options = ("data=csv", "data.path=half.csv", "data.target=species")
    printed = nnzoo_evaluate("run=run", *options)
    assert (printed.code, printed.err) == (0, "")
    model = nnzoo.load_model(folder)
    right = (model.predict(x).argmax(-1) == y).float().mean()
    result = result_of(folder / "evaluation")
    assert result["metrics"]["accuracy"] == pytest.approx(float(right))
    assert result["data"] == "csv"
    assert result["overrides"] == ["run=run", *options]
    # The figures are drawn from the same data.
    (drawing,) = drawn
    torch.testing.assert_close(drawing.data.train.x.float(), model.scaling(x))
    assert drawing.data.train.y.tolist() == y.tolist()
    assert drawing.data.class_names == model.class_names
    assert (drawing.data.scale, drawing.title) == ("standard", "Sigmoid classifier on half.csv")
    assert (drawing.note, drawing.part) == ("sigmoid_classifier · csv", "points")
    assert "recall by class\n" in printed.out  # of no part, since all points are new


def test_columns_in_another_order(run, nnzoo_evaluate, tmp_path):
    (tmp_path / "one.csv").write_text("a,b,target\n0,1,.5\n1,5,2.5\n2,0,.25\n")
    (tmp_path / "other.csv").write_text("b,target,a\n1,.5,0\n5,2.5,1\n0,.25,2\n")
    folder = run(
        *("model=mlp", "data=csv", f"data.path={tmp_path}/one.csv", "data.target=target"),
        *("+data.scale=standard", "+data.target_scale=standard", "trainer.max_epochs=2"),
    )
    assert nnzoo_evaluate("run=run", "figures=none").code == 0
    printed = nnzoo_evaluate("run=run", "figures=none", f"data.path={tmp_path}/other.csv")
    assert (printed.code, printed.err) == (0, "")
    own, other = (result_of(folder / name)["metrics"] for name in ("evaluation", "evaluation-2"))
    assert own == pytest.approx(other)


def test_other_names_are_noted(run, nnzoo_evaluate, tmp_path):
    run("model=autoencoder", "data=iris", "trainer.max_epochs=1")
    (tmp_path / "other.csv").write_text("a,b,c,d\n1,2,3,4\n5,6,7,9\n")
    printed = nnzoo_evaluate("run=run", "data=csv", "data.path=other.csv", "figures=none")
    assert printed.code == 0
    assert printed.out.splitlines()[1] == (
        "note: the data's features a, b, c, d are used, in this order, as the model's "
        "sepal length (cm), sepal width (cm), petal length (cm), petal width (cm)"
    )


def test_options_of_the_runs_data_can_be_changed(run, nnzoo_evaluate):
    folder = run("model=mlp", "trainer.max_epochs=2")
    assert nnzoo_evaluate("run=run", "data.n_points=7", "data.high=5", "figures=none").code == 0
    model = nnzoo.load_model(folder)
    x = torch.linspace(-10, 5, 7)[:, None]
    error = model.predict(x) - (2 * x.square() + 7)
    metrics = result_of(folder / "evaluation")["metrics"]
    assert metrics["rmse"] == pytest.approx(float(error.square().mean().sqrt()), rel=1e-5)


def test_whole_numbers_are_numbers_to_a_regression(run, nnzoo_evaluate, tmp_path):
    folder = run("model=mlp", "trainer.max_epochs=2")
    (tmp_path / "whole.csv").write_text("t,value\n3,25\n-1,9\n2,15\n")
    printed = nnzoo_evaluate("run=run", "data=csv", "data.path=whole.csv", "data.target=value")
    assert (printed.code, printed.err) == (0, "")
    error = nnzoo.load_model(folder).predict([[3], [-1], [2]])[:, 0] - torch.tensor([25, 9, 15])
    metrics = result_of(folder / "evaluation")["metrics"]
    assert metrics["mae"] == pytest.approx(float(error.abs().mean()), rel=1e-5)


def test_fewer_points_than_units(run, nnzoo_evaluate, tmp_path):
    run("model=competitive", "trainer.max_epochs=1")
    (tmp_path / "few.csv").write_text("1,2,3\n4,5,6\n")
    printed = nnzoo_evaluate("run=run", "data=csv", "data.path=few.csv")
    assert (printed.code, printed.err) == (0, "")


def test_data_use_the_seed_of_the_run(run, nnzoo_evaluate, monkeypatch):
    run("model=competitive", "seed=3", "trainer.max_epochs=1")
    seen = []
    monkeypatch.setattr(Model, "diagnostics", lambda model, data: seen.append(data.seed) or {})
    monkeypatch.setattr(Competitive, "diagnostics", Model.diagnostics)
    for data in ("gaussian_clusters", "blobs"):
        options = () if data == "gaussian_clusters" else ("data.n_features=3",)
        assert nnzoo_evaluate("run=run", f"data={data}", "figures=none", *options).code == 0
    assert seen == [3, 42]  # blobs have their own seed


def test_further_metrics_and_the_model_before_training(run, nnzoo_evaluate, monkeypatch):
    folder = run("model=autoencoder", "seed=5", "trainer.max_epochs=1")
    seen = []

    def compare(model, untrained, data):
        seen.extend((model, untrained))
        return {"purity": 0.75}

    monkeypatch.setattr("nnzoo.runs.evaluation.compare", compare)
    nnzoo_evaluate("run=run", "figures=none")
    assert result_of(folder / "evaluation")["metrics"]["purity"] == 0.75
    model, untrained = seen
    torch.manual_seed(5)
    started = nnzoo.create_model("autoencoder", "blobs")
    for name, weight in started.named_parameters():
        assert torch.equal(untrained.get_parameter(name), weight)
        assert not torch.equal(model.get_parameter(name), weight)
    assert torch.equal(untrained.scaling.divisor, model.scaling.divisor)


def test_a_checkpoint_alone(trained, nnzoo_evaluate, tmp_path):
    shutil.copy(trained(*IRIS) / "checkpoints" / "best.ckpt", tmp_path / "model.ckpt")
    printed = nnzoo_evaluate("run=model.ckpt")
    assert printed == (
        1,
        "",
        f"error: {tmp_path}/model.ckpt is not in a run's folder with a config.yaml; add "
        "data=NAME\n",
    )
    printed = nnzoo_evaluate("run=model.ckpt", "data=iris")
    assert (printed.code, printed.err) == (0, "")
    result = result_of(tmp_path / "evaluation")
    assert (result["model"], result["data"]) == ("MLP", "iris")
    drawn = {path.stem for path in (tmp_path / "evaluation" / "figures").iterdir()}
    assert "points" in drawn
    assert "curve" not in drawn


def test_the_figures_of_a_job_are_drawn_later(nnzoo_train, nnzoo_evaluate, tmp_path):
    typed = ("-m", "model=autoencoder", "seed=1,2", "debug=default", "hydra.sweep.dir=sweep")
    assert nnzoo_train(*typed).code == 0
    assert not list((tmp_path / "sweep").rglob("figures"))
    printed = nnzoo_evaluate("run=sweep/1")
    assert (printed.code, printed.err) == (0, "")
    folder = tmp_path / "sweep" / "1"
    drawn = {path.name for path in (folder / "evaluation" / "figures").iterdir()}
    assert drawn == {"curve.png", "latent.png", "reconstruction.png"}
    found, wanted = result_of(folder / "evaluation")["metrics"], result_of(folder)["metrics"]
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=1e-5)
    printed = nnzoo_evaluate("run=sweep", "figures=none")
    assert (printed.code, printed.err) == (0, "")
    assert "the best job of the sweep by loss" in printed.out


def test_a_run_in_double_precision(run, nnzoo_evaluate):
    run("model=autoencoder", "trainer.max_epochs=1", "+trainer.precision=64-true")
    printed = nnzoo_evaluate("run=run")
    assert (printed.code, printed.err) == (0, "")


def test_from_python(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run("model=perceptron")
    result = evaluate.evaluate(["run=run", "figures=none"])
    assert result == result_of(tmp_path / "run" / "evaluation")


def test_a_table_with_values_that_were_filled_in(trained, nnzoo_evaluate, tmp_path):
    rows = [f"{i},{'' if i % 9 == 0 else i % 5},{'ab'[i % 2]},{'xy'[i % 2]}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["n,m,text,kind", *rows]) + "\n")
    options = [f"data.path={tmp_path / 't.csv'}", "+data.missing=mean", "trainer.max_epochs=2"]
    run = trained("model=mlp", "data=table", "data.target=kind", *options)
    printed = nnzoo_evaluate(f"run={run}", "figures=none")
    assert (printed.code, printed.err) == (0, "")
    known = nnzoo.load_run(run).metrics["val_loss"]
    found = json.loads((run / "evaluation" / "result.json").read_text())["metrics"]
    assert found["val_loss"] == pytest.approx(known, rel=1e-5)
    printed = nnzoo_evaluate(f"run={run}", "data.missing=drop", "figures=none")
    assert printed.code == 0
    assert "val_" not in printed.out  # its rows are others than those kept for validation
