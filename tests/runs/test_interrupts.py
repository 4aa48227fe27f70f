"""Commands that are interrupted by a signal end with one line and a folder that can be resumed."""

import signal
import time

import pytest
from commands import Command
from helpers import mostly_slow
from run_folder import result_of, rows
from test_resume import assert_equal

# Long enough that a signal arrives during training.
TYPED = (
    *("train", "model=mlp", "data=iris", "trainer.max_epochs=2000", "figures=none", "trainer=cpu"),
    "show=0",
    "trainer.check_val_every_n_epoch=100",
)


@pytest.mark.slow
@pytest.mark.parametrize("number", mostly_slow([signal.SIGINT, signal.SIGTERM], keep=1))
def test_a_signal_stops_a_command_that_resume_continues(number, command, tmp_path):
    options = (*TYPED, f"run.every_seconds={0 if number == signal.SIGTERM else 30}")
    process = Command(*options, "hydra.run.dir=run", cwd=tmp_path)
    assert process.stdout.readline().startswith(b"mlp (")  # the training starts
    time.sleep(0.2)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    name = signal.Signals(number).name
    assert (process.returncode, err) == (
        1,
        f"error: interrupted by {name}; continue with resume={tmp_path}/run\n",
    )
    assert out == ""
    result = result_of(tmp_path / "run")
    done = len(rows(tmp_path / "run"))
    assert 0 < done < 2000
    assert result["status"] == "failed"
    assert result["error"].startswith(f"interrupted after epoch {done}")
    assert command(*options, "hydra.run.dir=rest", "resume=run").code == 0
    assert command(*options, "hydra.run.dir=whole").code == 0
    assert_equal("rest", "whole")
