"""The run that a command uses without ``run=``, and suggestions of similar names."""

import json

import pytest

from nnzoo.errors import InputError
from nnzoo.runs.checkpoint import checkpoint_file
from nnzoo.runs.find import choose_run


@pytest.fixture
def job(tmp_path, monkeypatch):
    """``job("multirun/a/0", value)``: a folder like that of a job; a later one is newer."""
    monkeypatch.chdir(tmp_path)

    def make(name, value=None, metric="loss"):
        checkpoints = tmp_path / name / "checkpoints"
        checkpoints.mkdir(parents=True)
        (checkpoints / "best.ckpt").touch()
        status = "failed" if value is None else "completed"
        content = {"status": status, "best": {"value": value}, "monitor": {"metric": metric}}
        (tmp_path / name / "result.json").write_text(json.dumps(content))
        (tmp_path / name).parent.joinpath("jobs.jsonl").touch()

    return make


def test_the_best_job_of_the_newest_sweep_is_chosen(job, tmp_path, capsys):
    job("multirun/old/0", 0.0)
    job("multirun/new/0", 0.5)
    job("multirun/new/1", 0.25)
    job("multirun/new/2", 1.0)
    job("multirun/new/3")
    assert str(choose_run(None)) == "multirun/new/1"
    assert capsys.readouterr().out == "run multirun/new/1, the best job of the sweep by loss\n"
    (tmp_path / "multirun/new/jobs.jsonl").unlink()
    assert str(choose_run(None)) == "multirun/new/3"


def test_a_sweep_of_several_metrics_has_no_best_job(job):
    job("multirun/new/0", 0.5)
    job("multirun/new/1", 0.25, "quantization_error")
    with pytest.raises(InputError, match="is a sweep of models with different metrics"):
        choose_run(None)


@pytest.mark.parametrize("text", ["{", "[]", '{"status": "completed", "best": {"value": "a"}}'])
def test_a_damaged_result_of_a_job_is_named(text, job, tmp_path):
    job("multirun/new/0", 0.5)
    (tmp_path / "multirun/new/0/result.json").write_text(text)
    for named in (None, "multirun/new"):
        with pytest.raises(
            InputError, match=r"new/0/result\.json is not the result of a run; name"
        ):
            choose_run(named)


def test_a_similar_name_is_suggested(job):
    job("outputs/mlp/2025-01-31_12-00-00")
    for typed in ("outputs/mpl/2025-01-31_12-00-00", "outputs/mlp/2025-01-31_12-00-01"):
        with pytest.raises(InputError) as caught:
            checkpoint_file(typed)
        assert str(caught.value) == (
            f"there is no run or checkpoint {typed}; did you mean outputs/mlp/2025-01-31_12-00-00?"
        )
    with pytest.raises(InputError, match=r"^there is no run or checkpoint nothing/here$"):
        checkpoint_file("nothing/here")
