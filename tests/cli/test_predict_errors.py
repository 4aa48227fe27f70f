"""Every mistake at ``nnzoo predict`` gives one clear line and exit code 1."""

import os

import pytest

CAR = ("model=perceptron", "data=car_decision")
BAD = {
    "input=[1,0,0]": "input must have 4 numbers (price, public_transport, driving_skill, model), "
    "got 3",
    "input=[1,0,0,0,0]": "got 5",
    "input=[]": "input must have 4 numbers",
    "input=1": "input must have 4 numbers",
    "input=[[1,0,0,0],[1,0]]": "row 2 of input must have 4 numbers",
    "input=[[1,0,0,0],3]": "row 2 of input must be a list of numbers such as [1,0], got 3",
    "input=[1,0,cheap,0]": "input: driving_skill must be a number, got 'cheap'",
    "input=[1,0,true,0]": "input: driving_skill must be a number, got True",
    "input=[1,0,null,0]": "input: driving_skill must be a number, got None",
    "input=[1,0,.nan,0]": "input: driving_skill must be a number, got nan",
    "input=[1,0,.inf,0]": "input: driving_skill must be a number, got inf",
    "input=[1,0,1e39,0]": "input has a number that is too large for torch.float32",
    "input=[1,0,0,0": "cannot read 'input=[1,0,0,0': a closing bracket is missing",
    "input=1,0,0,0": "there is no file 1,0,0,0; write numbers as 'input=[...]', one for each of "
    "price, public_transport, driving_skill, model",
    "input={pric:1}": "input: unknown feature 'pric'; did you mean 'price'?",
    "input={price:1}": "input does not have the features public_transport, driving_skill, model",
    "input={price:a,public_transport:0,driving_skill:0,model:0}": "price must be a number",
    "input=nowhere.csv": "there is no file nowhere.csv",
    "input=empty.csv": "empty.csv is empty",
    "input=names.csv": "names.csv has a header but no rows",
    "input=text.csv": "text.csv, row 2, column price: 'low' is not a number",
    "input=nan.csv": "nan.csv does not have the feature driving_skill",
    "input=ragged.csv": "ragged.csv, line 2: expected 4 values, got 3",
    "input=narrow.csv": "narrow.csv must have 4 columns (price, ",
    "input=lacks.csv": "lacks.csv does not have the feature model",
    "input=more.csv": "more.csv: unknown feature 'colour'; known: driving_skill, model, price,",
    "input=others.csv": "others.csv has none of the features price, public_transport, "
    "driving_skill, model; its columns are a, b",
    "input=.": "cannot read .: it is a directory",
    "input=[1,0,0,0] output=empty.csv": "empty.csv exists already; name another file: output=",
    "input=[1,0,0,0] output=no/out.csv": "there is no folder no to write out.csv in",
    "input=[1,0,0,0] output=out.xlsx": "another format than 'out.xlsx'; write output=FILE.csv",
    "input=[1,0,0,0] output=": "output= has no value",
    "input=[1,0,0,0] sample=3": "give input= or sample=, not both",
    "input=[1,0,0,0] seed=3": "seed= needs sample=N",
    "input=[1,0,0,0] input=[1,0,0,1]": "input is given twice",
    "input=[1, 0, 0, 0]": "cannot read '0,'; write KEY=VALUE, such as run=FOLDER, and quote",
    "imput=[1,0,0,0]": "unknown key 'imput'; did you mean 'input'?",
    "--inputs": "unknown flag '--inputs'; known: --help, -h",
    "sample=3": "this model cannot sample",
    "sample=0": "sample must be a whole number of at least 1, got 0",
    "sample=some": "sample must be a whole number of at least 1, got 'some'",
    "sample=3 seed=-1": "seed must be a whole number from 0 to 4294967295, got -1",
    "output=out.csv": "output= needs input= or sample=N",
    "": "give 'input=[...]', input=FILE.csv or sample=N",
}
FILES = {
    "empty.csv": "",
    "names.csv": "price,public_transport,driving_skill,model\n",
    "text.csv": "price,public_transport,driving_skill,model\n1,0,0,0\nlow,0,0,1\n",
    "nan.csv": "1,0,nan,0\n",
    "ragged.csv": "1,0,0,0\n1,0,0\n",
    "narrow.csv": "1,0,0\n",
    "lacks.csv": "price,public_transport,driving_skill\n1,0,0\n",
    "others.csv": "a,b\n1,2\n",
    "more.csv": "price,public_transport,driving_skill,model,colour\n1,0,0,1,1\n",
}


@pytest.mark.parametrize("typed", BAD)
def test_a_mistake_gives_one_line_and_changes_no_file(typed, trained, nnzoo_predict, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    printed = nnzoo_predict(f"run={trained(*CAR)}", *typed.split())
    assert (printed.code, printed.out) == (1, "")
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    assert BAD[typed] in printed.err
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == FILES


RUNS = {
    "run=nowhere": "there is no run or checkpoint nowhere",
    "run=empty": "the folder empty holds no checkpoints/best.ckpt or last.ckpt",
    "run=text.ckpt": "text.ckpt is not a checkpoint of an nnzoo model",
    "run=": "run= has no value",
    "input=3": "there is no run below outputs or multirun; name one, run=FOLDER, or train one: "
    "nnzoo train model=NAME",
}


@pytest.mark.parametrize("typed", RUNS)
def test_a_bad_run_gives_one_line(typed, nnzoo_predict, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.ckpt").write_text("no checkpoint")
    printed = nnzoo_predict(*dict.fromkeys((typed, "input=3")))
    assert printed == (1, "", f"error: {RUNS[typed]}\n")


def test_traceback_on_demand(nnzoo_predict, monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    printed = nnzoo_predict("run=nowhere", "input=3")
    assert printed.code == 1
    assert "Traceback" in printed.err
    assert printed.err.endswith("error: there is no run or checkpoint nowhere\n")


def test_a_fifo_as_input_is_refused(trained, nnzoo_predict, tmp_path):
    os.mkfifo(tmp_path / "points.csv")
    printed = nnzoo_predict(f"run={trained(*CAR)}", "input=points.csv")
    assert printed == (1, "", "error: cannot read points.csv: it is not a regular file\n")
