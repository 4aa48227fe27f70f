"""``nnzoo predict`` in a terminal prompts for each number by name, and again for a bad one."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import nnzoo
from nnzoo.cli import prompt

pty = pytest.importorskip("pty")  # POSIX

ROOT = Path(__file__).parents[2]
CAR = ("model=perceptron", "data=car_decision")


@pytest.fixture
def typed(trained, monkeypatch, capsys):
    """``typed("1", ...)``: the lines printed, including prompts, when these lines are typed."""
    model = nnzoo.load_model(trained(*CAR))

    def session(*lines):
        left = list(lines)

        def ask(text):
            print(text)
            if not left:
                raise EOFError
            line = left.pop(0)
            if isinstance(line, BaseException):
                raise line
            return line

        monkeypatch.setattr("builtins.input", ask)
        prompt.prompt(model)
        assert not left
        return capsys.readouterr().out.splitlines()[1:]

    return session


def test_points_one_after_the_other(typed):
    names = ["price: ", "public_transport: ", "driving_skill: ", "model: "]
    assert typed("1", "1", "1", "1", "0", " 0 ", "0.0", "-0e1", "") == [
        *names,
        "  output  1.000000",
        "  label  buy",
        *names,
        "  output  0.000000",
        "  label  leave",
        "price: ",
    ]


@pytest.mark.parametrize(
    ("bad", "remark"),
    [
        ("cheap", "'cheap' is not a number"),
        ("0,5", "'0,5' is not a number; decimals need a point"),
        ("nan", "'nan' is not a number"),
        ("inf", "'inf' is not a number"),
        ("1 2", "'1 2' is not a number"),
    ],
)
def test_a_bad_number_gets_another_prompt(bad, remark, typed):
    lines = typed("1", bad, bad, "1", "1", "1")
    again = ["public_transport: ", f"  {remark}"]
    assert lines[:6] == ["price: ", *again, *again, "public_transport: "]
    assert "  label  buy" in lines


def test_after_a_number_that_is_too_large_the_point_starts_again(typed):
    lines = typed("1e39", "0", "0", "0", "1", "1", "1", "1")
    assert lines[4] == "  input has a number that is too large for torch.float32"
    assert "  label  buy" in lines


@pytest.mark.parametrize("end", ["", EOFError(), KeyboardInterrupt()])
@pytest.mark.parametrize("before", [(), ("1", "1")])
def test_an_empty_line_or_an_interrupt_ends_it(end, before, typed):
    assert not any(line.startswith("  label") for line in typed(*before, end))


class Terminal:
    """The script in a pseudo-terminal."""

    def __init__(self, *arguments, cwd):
        self.master, slave = pty.openpty()
        # A process that ignores Ctrl-C, such as a worker of pytest-xdist, passes that on.
        on_interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.process = subprocess.Popen(
            [sys.executable, ROOT / "scripts" / "predict.py", *arguments],
            **{"stdin": slave, "stdout": slave, "stderr": slave},
            cwd=cwd,
        )
        signal.signal(signal.SIGINT, on_interrupt)
        os.close(slave)
        self.output = ""
        self.seen = 0

    def wait_for(self, text, seconds=120):
        """Read until a text appears after the last one."""
        end = time.monotonic() + seconds
        while (at := self.output.find(text, self.seen)) < 0:
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            assert ready, f"no {text!r} in {self.output[self.seen :]!r}"
            try:
                chunk = os.read(self.master, 4096)
            except OSError:  # Linux's end of file of a terminal
                chunk = b""
            assert chunk, f"no {text!r} before the end of {self.output!r}"
            self.output += chunk.decode()
        self.seen = at + len(text)

    def type(self, text):
        os.write(self.master, text.encode())

    def close(self):
        code = self.process.wait(timeout=60)
        os.close(self.master)
        return code


def test_a_session_in_a_real_terminal(trained, tmp_path):
    terminal = Terminal(f"run={trained(*CAR)}", cwd=tmp_path)
    terminal.wait_for("price: ")
    terminal.type("cheap\n")
    terminal.wait_for("'cheap' is not a number")
    terminal.wait_for("price: ")
    for name in ("public_transport: ", "driving_skill: ", "model: ", "label  buy"):
        terminal.type("1\n")
        terminal.wait_for(name)
    terminal.wait_for("price: ")
    terminal.type("\x04")  # Ctrl-D
    assert terminal.close() == 0
    assert "Traceback" not in terminal.output
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_ctrl_c_in_a_real_terminal(trained, tmp_path):
    terminal = Terminal(f"run={trained(*CAR)}", cwd=tmp_path)
    terminal.wait_for("price: ")
    time.sleep(0.5)  # the prompt is printed before Python waits for the line
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.close() == 0
    assert "Traceback" not in terminal.output
