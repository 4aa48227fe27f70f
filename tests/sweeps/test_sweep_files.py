"""The files of a sweep: its table, its figure, and the files of its jobs."""

import pytest
from comparing import files, job_folders, read_csv, result
from helpers import MODELS, mostly_slow
from run_folder import contents

MLP = ("-m", "model=mlp", "data=iris", "trainer.max_epochs=2")


@pytest.mark.parametrize("launcher", ["fused", "basic"])
@pytest.mark.parametrize("subdir", ["job_${hydra.job.num}", "${hydra.job.override_dirname}"])
def test_the_table_has_a_row_per_job_in_folders_of_any_name(
    nnzoo_train, tmp_path, launcher, subdir
):
    printed = nnzoo_train(
        *(*MLP, "model.optimizer.lr=0.01,0.1", "figures=none", f"hydra.sweep.subdir='{subdir}'"),
        *("hydra.sweep.dir=sweep", f"hydra/launcher={launcher}"),
    )
    assert printed.code == 0, printed
    assert "2 jobs, 0 failed" in printed.out
    table = read_csv(tmp_path / "sweep" / "results.csv")
    assert [(row["job"], row["model.optimizer.lr"]) for row in table] == [
        ("0", "0.01"),
        ("1", "0.1"),
    ]
    folders = [row["folder"] for row in table]
    assert len(set(folders)) == 2
    if subdir.startswith("job"):
        assert folders == [str(tmp_path / "sweep" / f"job_{k}") for k in (0, 1)]
    else:
        assert "model.optimizer.lr=0.1" in folders[1]
    for row in table:
        assert (tmp_path / row["folder"] / "checkpoints" / "best.ckpt").is_file()


def test_the_table_of_a_sweep_over_models(nnzoo_train, tmp_path):
    printed = nnzoo_train("-m", "model=glob(*)", "debug=default", "hydra.sweep.dir=sweep")
    assert printed.code == 0, printed
    table = read_csv(tmp_path / "sweep" / "results.csv")
    assert [row["model"] for row in table] == MODELS
    assert [row["job"] for row in table] == [str(k) for k in range(len(MODELS))]
    assert {row["status"] for row in table} == {"completed"}
    for row, job in zip(table, job_folders(tmp_path / "sweep"), strict=True):
        metrics = result(job)["metrics"]
        found = {name: float(row[name]) for name in metrics if row[name]}
        assert found == pytest.approx({k: v for k, v in metrics.items() if v is not None})
        assert int(row["best_epoch"]) == 0
    assert "trained together" not in printed.out
    assert (tmp_path / "sweep" / "sweep.png").is_file()


def test_means_over_seeds_best_first(nnzoo_train, tmp_path):
    printed = nnzoo_train(
        *(*MLP, "model.optimizer.lr=0.0001,0.1", "seed=0,1", "hydra.sweep.dir=sweep")
    )
    lines = printed.out.splitlines()
    title = next(k for k, line in enumerate(lines) if line.startswith("4 jobs, 0 failed; mean ±"))
    assert lines[title + 1].split()[:4] == ["model.optimizer.lr", "completed", "failed", "val_loss"]
    best, worst = (lines[title + k].split() for k in (2, 3))
    assert [best[0], worst[0]] == ["0.1", "0.0001"]
    table = read_csv(tmp_path / "sweep" / "results.csv")
    values = [float(row["val_loss"]) for row in table if row["model.optimizer.lr"] == "0.1"]
    assert float(best[3]) == pytest.approx(sum(values) / 2, rel=1e-3)
    assert best[4] == "±"
    assert float(best[5]) == pytest.approx(abs(values[0] - values[1]) / 2**0.5, rel=1e-3)
    assert "figure   sweep/sweep.png" in printed.out
    assert (tmp_path / "sweep" / "sweep.png").is_file()


@pytest.mark.parametrize("launcher", ["fused", "basic"])
def test_jobs_draw_figures_only_if_typed(nnzoo_train, tmp_path, launcher):
    options = ("-m", "model=perceptron", "seed=0,1", f"hydra/launcher={launcher}")
    assert nnzoo_train(*options, "hydra.sweep.dir=none").code == 0
    assert all("png" not in name for job in job_folders(tmp_path / "none") for name in files(job))
    assert (tmp_path / "none" / "sweep.png").is_file()
    assert result(tmp_path / "none" / "0")["overrides"] == ["model=perceptron", "seed=0"]
    if launcher == "basic":
        return
    assert nnzoo_train(*options, "figures=default", "hydra.sweep.dir=all").code == 0
    for job in job_folders(tmp_path / "all"):
        assert "figures/curve.png" in files(job)
    assert (tmp_path / "all" / "sweep.png").is_file()
    assert nnzoo_train(*options, "figures=none", "hydra.sweep.dir=no").code == 0
    assert not (tmp_path / "no" / "sweep.png").exists()


def test_jobs_with_the_same_overrides_have_folders_of_their_own(nnzoo_train, tmp_path):
    printed = nnzoo_train(
        *("-m", "model=perceptron", "seed=1,0,1", "figures=none", "hydra.sweep.dir=sweep")
    )
    assert printed.code == 0
    assert printed.out.startswith("note: job 2 repeats job 0: model=perceptron seed=1\n")
    table = read_csv(tmp_path / "sweep" / "results.csv")
    assert [(row["job"], row["seed"]) for row in table] == [("0", "1"), ("1", "0"), ("2", "1")]
    assert len({row["folder"] for row in table}) == 3


@pytest.mark.parametrize("launcher", ["fused", "basic"])
def test_an_older_sweep_is_not_touched(nnzoo_train, tmp_path, launcher):
    command = ("-m", "model=perceptron", "seed=1,2", "figures=none", "hydra.sweep.dir=sweep")
    command = (*command, f"hydra/launcher={launcher}")
    assert nnzoo_train(*command).code == 0
    before = contents(tmp_path / "sweep")
    printed = nnzoo_train(*command)
    assert printed.code == 1
    assert printed.err == (
        f"error: {tmp_path}/sweep is not empty; name another folder in hydra.sweep.dir, or resume "
        f"its sweep: resume_sweep={tmp_path}/sweep\n"
    )
    assert contents(tmp_path / "sweep") == before


def test_a_folder_named_by_the_year(nnzoo_train, tmp_path):
    command = ("-m", "model=perceptron", "seed=1,2", "hydra.sweep.dir=runs/${now:%Y}")
    printed = nnzoo_train(*command)
    assert printed.code == 0, printed
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.isdigit()
    assert len(read_csv(folder / "results.csv")) == 2
    assert (folder / "sweep.png").is_file()
    assert "is not empty" in nnzoo_train(*command).err


# Resumed sweeps


@pytest.fixture
def attempts(monkeypatch):
    """A sweep whose job with seed 1 fails in its first attempt, and the seeds of all attempts."""
    from nnzoo.runs import run

    trained, finalize = [], run.finalize

    def failing(job):
        trained.append(job.seed)
        if job.seed == 1 and trained.count(1) == 1:
            raise OSError("no space left on device")
        return finalize(job)

    monkeypatch.setattr(run, "finalize", failing)
    return trained


@pytest.mark.parametrize(
    ("first", "then"),
    mostly_slow(
        [("fused", "fused"), ("basic", "basic"), ("basic", "fused"), ("fused", "basic")], keep=1
    ),
)
def test_a_resumed_sweep_trains_only_incomplete_jobs(nnzoo_train, attempts, tmp_path, first, then):
    options = (*MLP, "figures=none")
    printed = nnzoo_train(
        *(*options, "seed=0,1,2", "hydra.sweep.dir=sweep", f"hydra/launcher={first}")
    )
    assert printed.code == 1
    assert attempts == [0, 1, 2]
    sweep = tmp_path / "sweep"
    assert [row["status"] for row in read_csv(sweep / "results.csv")][1] == "failed"
    (sweep / "2" / "result.json").unlink()  # as after SIGKILL
    kept = (sweep / "0" / "checkpoints" / "last.ckpt").stat().st_mtime_ns
    attempts[:] = [1]
    printed = nnzoo_train(
        *(*options, "seed=0,1,2,3", "resume_sweep=sweep", f"hydra/launcher={then}")
    )
    assert printed.code == 0, printed
    assert attempts == [1, 1, 2, 3]
    assert "4 jobs, 0 failed" in printed.out
    table = read_csv(sweep / "results.csv")
    assert [(row["job"], row["seed"], row["status"]) for row in table] == [
        (str(k), str(k), "completed") for k in range(4)
    ]
    assert [row["folder"] for row in table] == [str(sweep / str(k)) for k in range(4)]
    assert (sweep / "0" / "checkpoints" / "last.ckpt").stat().st_mtime_ns == kept
    attempts[:] = [1]
    printed = nnzoo_train(
        *(*options, "seed=0,1,2,3", "resume_sweep=sweep", f"hydra/launcher={then}")
    )
    assert (printed.code, attempts) == (0, [1])
    assert "4 jobs, 0 failed" in printed.out


def test_jobs_that_move_in_the_grid_keep_their_folders(nnzoo_train, tmp_path):
    """A new first value changes the numbers of all jobs."""
    options = (*MLP, "figures=none")
    assert nnzoo_train(*options, "seed=5,6", "hydra.sweep.dir=sweep").code == 0
    printed = nnzoo_train(*options, "seed=4,5,6", "resume_sweep=sweep")
    assert "2 of 3 jobs are complete already" in printed.out
    table = read_csv(tmp_path / "sweep" / "results.csv")
    assert [(row["job"], row["seed"]) for row in table] == [("0", "4"), ("1", "5"), ("2", "6")]
    folders = [row["folder"].rpartition("/")[2] for row in table]
    assert folders == ["0-2", "0", "1"]
    seeds = [result(tmp_path / "sweep" / name)["seed"] for name in folders]
    assert seeds == [4, 5, 6]


def test_a_missing_sweep_is_an_error(nnzoo_train, tmp_path):
    printed = nnzoo_train(*MLP, "seed=0,1", "resume_sweep=nowhere")
    assert printed.err == f"error: there is no sweep {tmp_path}/nowhere to resume\n"
    assert printed.code == 1
