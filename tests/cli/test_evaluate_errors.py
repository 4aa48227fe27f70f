"""Every mistake at ``nnzoo evaluate`` gives one clear line and exit code 1."""

import shutil

import pytest
from run_folder import contents, result_of

IRIS = ("model=sigmoid_classifier", "data=iris", "trainer.max_epochs=5")


BAD = {
    "run=nowhere": "there is no run or checkpoint nowhere",
    "run=empty": "the folder empty holds no checkpoints/best.ckpt or last.ckpt",
    "run=broken": "broken/config.yaml is not the config of a run: it lacks data, model, run, seed",
    "": "there is no run below outputs or multirun",
    "run=run data=irs": "unknown data 'irs'; did you mean 'iris'",
    "run=run data=blobs": "the data have 2 features (x1, x2) and the model 4 (sepal length (cm), ",
    "run=run data=csv": "data.path must name a file",
    "run=run data=csv data.path=gone.csv": "there is no file gone.csv",
    "run=run data=csv data.path=plain.csv": "the model knows the classes setosa, versicolor, "
    "virginica and the data have no targets; choose data with classes",
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
    "run=numbers data=csv data.path=pairs.csv data.target=kind": "the model learned numbers "
    "(y) and the data have classes; for a table, 'data.target=[COLUMN]' means numbers",
    "run=numbers data=csv data.path=plain.csv": "the data have 4 features (x1, x2, x3, x4) and "
    "the model 1 (x)",
    "run=numbers data=csv data.path=more.csv data.target=[y]": "the data have 2 features (x, z) "
    "and the model 1 (x); data.drop leaves columns of a table out, here z",
}
FILES = {
    "plain.csv": "1,2,3,4\n5,6,7,8\n",
    "other.csv": "a,b,c,d,kind\n1,2,3,4,setosa\n5,6,7,8,tulip\n",
    "more.csv": "x,z,y\n1,2,3\n4,5,6\n",
    "pairs.csv": "t,kind\n1,a\n2,b\n",
}


@pytest.mark.parametrize("typed", BAD)
def test_a_mistake_gives_one_line_and_changes_no_file(typed, trained, nnzoo_evaluate, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    shutil.copytree(trained(*IRIS), tmp_path / "run")
    shutil.copytree(trained("model=mlp", "trainer.max_epochs=2"), tmp_path / "numbers")
    shutil.copytree(trained(*IRIS), tmp_path / "broken")
    (tmp_path / "broken" / "config.yaml").write_text("")
    (tmp_path / "empty").mkdir()
    before = contents(tmp_path)
    printed = nnzoo_evaluate(*typed.split())
    assert printed.code == 1
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    assert BAD[typed] in printed.err
    assert contents(tmp_path) == before


def test_a_missing_data_file(run, nnzoo_evaluate, tmp_path):
    (tmp_path / "data.csv").write_text("0,0,0\n0,1,1\n1,0,1\n")
    run(
        *("model=perceptron", "data=csv", f"data.path={tmp_path}/data.csv", "data.target=x3"),
    )
    (tmp_path / "data.csv").unlink()
    printed = nnzoo_evaluate("run=run")
    assert printed == (
        1,
        "",
        f"error: there is no file {tmp_path}/data.csv\n",
    )


def test_metrics_are_written_before_figures(run, nnzoo_evaluate, monkeypatch):
    folder = run("model=perceptron")

    def fail(drawing, to, **options):
        raise OSError(28, "No space left on device", str(to))

    monkeypatch.setattr("nnzoo.runs.pictures.draw", fail)
    printed = nnzoo_evaluate("run=run")
    assert printed.code == 1
    assert (
        printed.err == f"error: cannot use {folder}/evaluation/figures: No space left on device\n"
    )
    assert result_of(folder / "evaluation")["metrics"]["accuracy"] == 1
