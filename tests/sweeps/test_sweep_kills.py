"""A sweep that is killed in any write can be resumed, and ends with the same table."""

import sys

import pytest
from comparing import read_csv
from helpers import mostly_slow
from kills import forked, kill_at, was_killed

from nnzoo.cli.main import main
from nnzoo.sweeps import sweep

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes fork elsewhere")
TYPED = ("-m", "model=perceptron", "data=car_decision", "seed=0,1", "figures=none")
TYPED = (*TYPED, "trainer.max_epochs=3")


@pytest.mark.parametrize(
    ("name", "call", "when"),
    mostly_slow(
        [
            *(("link", 1, "before"), ("link", 2, "after"), ("save", 2, "before")),
            *(("fsync", 4, "within"), ("replace", 3, "after"), ("replace", 6, "after")),
            *(("replace", 7, "before"), ("replace", 7, "after"), ("replace", 8, "after")),
            *(("fsync", 11, "within"), ("replace", 9, "before")),  # results.csv
        ],
        keep=2,
    ),
)
def test_a_sweep_killed_in_a_write_is_resumed(name, call, when, nnzoo_train, monkeypatch, tmp_path):
    monkeypatch.setattr(sweep, "processes", lambda parts, cores: 1)

    def work():
        kill_at(name, call, when)
        main(["train", *TYPED, "hydra.sweep.dir=killed"])

    assert nnzoo_train(*TYPED, "hydra.sweep.dir=whole").code == 0
    assert was_killed(forked(work))
    printed = nnzoo_train("-m", "resume_sweep=killed")
    assert printed.code == 0, printed
    own, whole = (read_csv(tmp_path / folder / "results.csv") for folder in ("killed", "whole"))
    for row in (*own, *whole):
        row.pop("folder")
    assert own == whole
