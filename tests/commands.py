"""Commands in processes of their own, forked from this one: they import nothing again."""

import os
import select
import signal
import subprocess
import sys
import warnings
from multiprocessing import get_context

from nnzoo.cli.main import main


class Command:
    """``nnzoo`` in a forked process, with the part of ``subprocess.Popen`` that tests use."""

    def __init__(self, *typed, cwd, files=(), first=lambda: None):
        """Start ``nnzoo TYPED`` in a folder.

        Args:
            files: descriptors of standard input, output and error; without them, the outputs are
                pipes, and ``stdout`` reads bytes.
            first: what the process calls before the command.
        """
        pipes = () if files else (os.pipe(), os.pipe())
        self._outputs = [os.fdopen(read, "rb", 0) for read, _ in pipes]
        places = dict(enumerate(files)) or {1: pipes[0][1], 2: pipes[1][1]}
        self._process = get_context("fork").Process(target=_run, args=(typed, cwd, places, first))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # fork warns of threads
            self._process.start()
        self.pid = self._process.pid
        for _, write in pipes:
            os.close(write)

    @property
    def stdout(self):
        return self._outputs[0]

    @property
    def returncode(self):
        """The exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def poll(self):
        return self.returncode

    def wait(self, timeout=60):
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("nnzoo", timeout)
        for file in self._outputs:
            file.close()
        return self.returncode

    def communicate(self, timeout=60):
        """Return the rest of both outputs as text, once all processes have closed them."""
        texts = [_rest(file, timeout) for file in self._outputs]
        self.wait(timeout)
        return texts

    def send_signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        self._process.kill()


def _run(typed, cwd, places, first):
    for place, file in places.items():
        os.dup2(file, place)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(place, mode, 1, closefd=False) for place, mode in enumerate("rww")
    )
    # A worker of pytest-xdist ignores Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.chdir(cwd)
    first()
    main(typed)


def _rest(file, seconds):
    text = b""
    while True:
        if not select.select([file], [], [], seconds)[0]:
            raise subprocess.TimeoutExpired("nnzoo", seconds, text)
        if not (piece := file.read(2**16)):
            return text.decode()
        text += piece
