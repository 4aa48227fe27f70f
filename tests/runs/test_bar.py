"""What is printed while a model trains: lines off a terminal, a bar on one or in a notebook."""

import os
import re
import subprocess
import sys
import time

import pytest
from helpers import mostly_slow

import nnzoo
from nnzoo.runs import bar

PERCEPTRON = ("model=perceptron", "figures=none")
MLP = ("model=mlp", "data=moons", "figures=none", "trainer.max_epochs=25")
LIGHTNING = "trainer.accumulate_grad_batches=2"  # Lightning's loop trains


def epochs_of(out):
    return [int(number) for number in re.findall(r"^(\d+)/\d+ epochs: loss ", out, re.MULTILINE)]


LINES = [
    ((), (3, 6, 9, 12, 15, 18, 21, 24, 25)),
    (("show=10",), (10, 20, 25)),
    (("show=5", "trainer.check_val_every_n_epoch=25"), (5, 10, 15, 20, 25)),
    (("show=100",), (25,)),
    (("show=0",), ()),
]
CASES = [(loop, *case) for case in LINES for loop in ((), (LIGHTNING,))]


@pytest.mark.parametrize(("loop", "options", "expected"), mostly_slow(CASES, 4))
def test_lines_of_losses(nnzoo_train, tmp_path, loop, options, expected):
    printed = nnzoo_train(*MLP, *options, *loop)
    assert (printed.code, printed.err) == (0, "")
    assert epochs_of(printed.out) == list(expected)
    (table,) = tmp_path.rglob("metrics.csv")
    run = nnzoo.load_run(table.parent)
    for number, loss in re.findall(r"^(\d+)/25 epochs: loss ([\d.e-]+)", printed.out, re.MULTILINE):
        assert float(loss) == pytest.approx(run.history.loss[int(number) - 1], rel=1e-5)


def test_a_training_that_stops_early_or_goes_on(nnzoo_train, tmp_path):
    printed = nnzoo_train(*PERCEPTRON, "show=2", "hydra.run.dir=a")
    assert epochs_of(printed.out) == [2, 4, 5]
    nnzoo_train(*MLP, "hydra.run.dir=b", "trainer.max_epochs=4")
    printed = nnzoo_train(*MLP, "resume=b", "trainer.max_epochs=8", "show=3")
    assert epochs_of(printed.out) == [6, 8]


def test_lines_have_the_metric_that_picks_the_best_epoch(nnzoo_train):
    options = ("data=iris", "figures=none", "trainer.max_epochs=1")
    for model, metrics in (("mlp", "val_loss"), ("dbn", "val_mse")):
        printed = nnzoo_train(f"model={model}", *options)
        assert re.search(rf"^1/1 epochs: loss [-\d.e]+, {metrics} [\d.e-]+$", printed.out, re.M)


@pytest.mark.parametrize(
    "options", mostly_slow(["seed=0 show=1", "seed=0,1", f"seed=0,1 {LIGHTNING}"], 1)
)
def test_a_sweep_prints_no_lines(nnzoo_train, options):
    printed = nnzoo_train("-m", *MLP, *options.split())
    assert printed.code == 0
    assert epochs_of(printed.out) == []


@pytest.mark.parametrize("value", ["-1", "often", "1.5", "true"])
def test_show_must_be_a_number_of_epochs(nnzoo_train, tmp_path, value):
    printed = nnzoo_train(*PERCEPTRON, f"show={value}")
    assert printed.code == 1
    assert "show must be a whole number of at least 0" in printed.err
    assert list(tmp_path.rglob("*.*")) == []


def test_python_prints_lines_only_if_asked(capsys):
    nnzoo.train("perceptron")
    assert capsys.readouterr().out == ""
    nnzoo.train("perceptron", show=4)
    assert epochs_of(capsys.readouterr().out) == [4, 5]


def command(*arguments, **options):
    typed = [sys.executable, "-m", "nnzoo", *arguments]
    return subprocess.Popen(typed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


@pytest.mark.slow
def test_a_closed_pipe_does_not_end_the_training(tmp_path):
    process = command("train", *PERCEPTRON, "show=1", cwd=tmp_path)
    assert process.stdout.readline().startswith(b"nnzoo")  # before the libraries are loaded
    process.stdout.close()
    process.stdout = None
    assert process.wait(120) == 1
    assert process.communicate()[1] == b""
    assert len(list(tmp_path.rglob("result.json"))) == 1


@pytest.mark.slow
def test_a_command_for_programs_prints_nothing_else(trained, tmp_path):
    run = f"run={trained('model=perceptron')}"
    process = command("predict", run, "input=[1,1]", cwd=tmp_path)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, b"")
    assert b"loading" not in out


@pytest.mark.slow
def test_on_a_terminal_the_first_line_and_the_bar_are_erased(tmp_path):
    pty = pytest.importorskip("pty")
    main, side = pty.openpty()
    typed = [sys.executable, "-m", "nnzoo", "train", *MLP]
    process = subprocess.Popen(typed, stdin=side, stdout=side, stderr=side, cwd=tmp_path)
    os.close(side)
    printed, end = b"", time.monotonic() + 120
    while time.monotonic() < end:
        try:
            piece = os.read(main, 4096)
        except OSError:  # the command has closed the terminal
            break
        if not piece:
            break
        printed += piece
    os.close(main)
    assert process.wait(20) == 0
    text = printed.decode()
    assert text.startswith(f"nnzoo {nnzoo.__version__}: loading PyTorch ...\r\033[K")
    assert "25/25" in text  # of the bar
    assert epochs_of(text.replace("\r", "")) == []


def test_a_notebook_has_a_bar_of_its_own(monkeypatch):
    shown = []

    class Handle:
        def update(self, html):
            shown.append(html)

    class Display:
        HTML = str

        @staticmethod
        def display(html, display_id):
            shown.append(html)
            return Handle()

    monkeypatch.setitem(sys.modules, "IPython", Display)
    monkeypatch.setitem(sys.modules, "IPython.display", Display)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setattr(bar, "SECONDS", 0)
    nnzoo.train("mlp", "iris", epochs=3, hidden=[4])
    assert shown[0].startswith('epoch 0/3 <progress value="0" max="3">')
    assert re.fullmatch(r"epoch 3/3 <progress .*></progress> loss [\d.]+", shown[-2])
    assert shown[-1] == ""
    shown.clear()
    with pytest.raises(nnzoo.InputError):
        nnzoo.train("mlp", "iris", epochs=-1)
    assert shown == []
