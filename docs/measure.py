"""Run every command of the pages in docs and write the numbers and pictures into them.

``python docs/measure.py`` trains and writes; with ``--check`` it trains and compares, and the exit
code is 1 if a page is out of date. Names of pages, such as ``perceptron``, select those pages.
A command of the gallery that stands on another page that is checked is run once, for both.

A page contains a number as ``<!--name-->1.5<!--/-->``; ``measured`` defines its source.
Blocks without a language contain commands. Blocks of Python are run too, those of other languages
are not. A block with a file name after its language is saved as that file.
"""

import csv
import io
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir, redirect_stdout
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of k-means cost more than they gain here

from nnzoo.cli.main import main as nnzoo

DOCS = Path(__file__).resolve().parent
BLOCK = re.compile(r"^```(\w*)(?: ([\w/.]+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:nnzoo|python scripts/(\w+)\.py) (.*)$")
LOOP = re.compile(r"^for (\w+) in \$\(seq (\d+) (\d+)\); do (.*); done$")
MARK = re.compile(r"<!--(\w+)-->(.*?)<!--/-->", re.DOTALL)
PICTURE = re.compile(r"\]\((?:\.\./)*pictures/([\w.]+)\)")
GALLERY = DOCS / "gallery.md"
NUMBER = re.compile(r"-?\d*\.?\d+(?:e[-+]?\d+)?")
NOT_RUN = {"speed"}  # its commands take long, and its numbers depend on the machine
LIBRARIES = ["lightning.pytorch", "torch._dynamo", "sklearn.cluster", "matplotlib.pyplot", "pandas"]


class Ran(NamedTuple):
    """What a command printed and wrote.

    Attributes:
        out: its standard output.
        results: the content of each ``result.json``, in the order of the jobs.
        folders: the folders of the results, in the same order; before them, that of the sweep.
    """

    out: str
    results: list[dict[str, Any]]
    folders: list[Path]

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics of the only run."""
        (result,) = self.results
        return result["metrics"]

    def all(self, metric: str) -> list[float]:
        """One metric of all runs."""
        return [result["metrics"][metric] for result in self.results]

    def losses(self, job: int = 0) -> list[float]:
        """The training loss of each epoch of a run."""
        folders = self.folders[-len(self.results) :]
        with (folders[job] / "metrics.csv").open(encoding="utf-8") as file:
            return [float(row["loss"]) for row in csv.DictReader(file)]

    def picture(self, name: str) -> Path:
        """A figure of the run, or of the sweep."""
        return next(p for f in self.folders for p in (f / name, f / "figures" / name) if p.exists())


def run(command: str) -> Ran:
    """Run a command line, or a loop over one, in the working folder."""
    lines = [command]
    if loop := LOOP.match(command):
        name, first, last, line = loop.groups()
        lines = [line.replace(f"${name}", str(n)) for n in range(int(first), int(last) + 1)]
    before = set(Path().rglob("result.json"))
    out = io.StringIO()
    for line in lines:
        found = COMMAND.match(line)
        assert found is not None, line
        arguments = shlex.split(found[2])
        try:
            with redirect_stdout(out):
                nnzoo([found[1], *arguments] if found[1] else arguments)
        except SystemExit as stop:
            if stop.code:
                sys.exit(f"{line} failed:\n{out.getvalue()}")
    files = sorted(set(Path().rglob("result.json")) - before, key=lambda f: f.stat().st_mtime_ns)
    jobs = [(json.loads(file.read_text(encoding="utf-8")), file.parent) for file in files]
    jobs.sort(key=lambda job: job[0].get("job", 0))
    folders = [folder for _, folder in jobs]
    if len(folders) > 1:
        folders.insert(0, folders[0].parent)
    return Ran(out.getvalue(), [result for result, _ in jobs], folders)


def commands_in(block: str) -> list[str]:
    """Return the commands among the lines of a block."""
    return [line for line in block.splitlines() if COMMAND.match(line) or LOOP.match(line)]


def commands_of(text: str) -> list[str]:
    """Return the commands of a page, in their order."""
    blocks = [block for language, _, block in BLOCK.findall(text) if not language]
    return [command for block in blocks for command in commands_in(block)]


def run_page(text: str, skip: Collection[str] = ()) -> dict[str, Ran]:
    """Run the commands and the Python of a page in the working folder, in their order.

    Args:
        text: of the page.
        skip: commands that are not run.

    Returns:
        What each command printed and wrote, by command; a repeated one is followed by `` #2``.
    """
    ran: dict[str, Ran] = {}
    times: Counter[str] = Counter()
    names: dict[str, Any] = {"__name__": "page"}
    for language, file, block in BLOCK.findall(text):
        if file:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_text(block, encoding="utf-8")
        if language == "python":
            with redirect_stdout(io.StringIO()):
                exec(block, names)
        for command in [] if language else commands_in(block):
            times[command] += 1
            repeated = f" #{times[command]}" if times[command] > 1 else ""
            if command not in skip:
                ran[command + repeated] = run(command)
    return ran


def differs(old: str, new: str, within: float) -> bool:
    """Return whether the words differ, or any number by more than ``within``, relative."""
    if NUMBER.sub("#", old) != NUMBER.sub("#", new):
        return True
    pairs = zip(NUMBER.findall(old), NUMBER.findall(new), strict=True)
    return any(abs(float(a) - float(b)) > within * abs(float(a)) + 1e-6 for a, b in pairs)


def drawn(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield each picture of a page, the command that draws it, and the name of the figure."""
    from measured.formats import only
    from measured.pictures import PICTURES, SCREENSHOTS

    commands = {command: command for command in commands_of(text)}
    for name in set(PICTURE.findall(text)) - SCREENSHOTS:
        figure, word = PICTURES[name]
        yield name, only(commands, word), figure


def measure(page: Path, check: bool, shared: Mapping[str, Path]) -> list[str]:
    """Run a page's commands; write its numbers and pictures, or check its numbers.

    Args:
        page: its file.
        check: whether to compare; otherwise, write.
        shared: commands of the gallery that another page runs, which checks their figures too.

    Returns:
        One line for each problem.
    """
    from measured import numbers_of

    start = time.monotonic()
    sys.path.insert(0, "")  # the working folder, for the Python of the pages
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch, chdir(scratch):
        ran = run_page(text, shared if page == GALLERY else ())
        gallery = drawn(GALLERY.read_text(encoding="utf-8"))
        in_gallery = [one for one in gallery if shared.get(one[1]) == page]
        found = numbers_of(name_of(page))(ran)
        own = [one for one in drawn(text) if page != GALLERY or one[1] not in shared]
        for name, command, figure in [*own, *in_gallery]:
            file = ran[command].picture(figure)
            if not check:
                shutil.copy(file, DOCS / "pictures" / name)
    wrong = []
    written = dict(MARK.findall(text))
    if written.keys() != found.keys():
        wrong.append(f"{page.name}: marks and numbers differ: {written.keys() ^ found.keys()}")
    for name, (new, within) in found.items():
        if check and differs(written.get(name, ""), new, within):
            wrong.append(f"{page.name}: {name} is {new}, the page says {written.get(name)}")
    if not check:
        page.write_text(
            MARK.sub(lambda m: f"<!--{m[1]}-->{found.get(m[1], ('?',))[0]}<!--/-->", text),
            encoding="utf-8",
        )
    print(f"{name_of(page)}: {time.monotonic() - start:.0f} s", flush=True)
    return wrong


def name_of(page: Path) -> str:
    """Return the name of a page: its path without suffix, and without ``tutorials/``."""
    return page.relative_to(DOCS).with_suffix("").as_posix().removeprefix("tutorials/")


def main(arguments: list[str]) -> int:
    """Run the pages that are named; return the exit code."""
    check = "--check" in arguments
    files = [file for file in DOCS.rglob("*.md") if file.parent.name != "api"]  # without commands
    files.sort(key=lambda file: (file.parent != DOCS, file))  # that of the results takes longest
    pages = {name_of(file): file for file in files}
    names = [name for name in arguments if name != "--check"]
    if unknown := set(names) - set(pages):
        sys.exit(f"no page {', '.join(unknown)}; there are {', '.join(pages)}")
    chosen = [pages[name] for name in names or [name for name in pages if name not in NOT_RUN]]
    # The gallery has no numbers. Most of its commands are on other pages.
    shared: dict[str, Path] = {}
    if check and GALLERY in chosen:
        in_gallery = {*commands_of(GALLERY.read_text(encoding="utf-8"))}
        for page in [page for page in chosen if page != GALLERY]:
            for command in in_gallery & {*commands_of(page.read_text(encoding="utf-8"))}:
                shared.setdefault(command, page)
    # A process for each page, since its commands change the working folder; forked from one that
    # has imported the libraries, which takes longer than many pages.
    context = get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    with ProcessPoolExecutor(os.cpu_count(), context, max_tasks_per_child=1) as pool:
        pages_wrong = list(pool.map(partial(measure, check=check, shared=shared), chosen))
    wrong = [line for lines in pages_wrong for line in lines]
    print("\n".join(wrong) if wrong else "all pages are up to date")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
