"""Run every command of the pages in docs and write the numbers and pictures into them.

``python docs/measure.py`` trains and writes; ``--check`` trains and compares, with exit code 1
where a page says something else. Names of pages, such as ``perceptron``, leave the others out.

A number stands in a page as ``<!--name-->1.5<!--/-->``; ``numbers_of_pages.py`` says where it comes
from.
"""

import csv
import io
import json
import os
import re
import runpy
import shlex
import shutil
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

DOCS = Path(__file__).resolve().parent
COMMAND = re.compile(r"^python (scripts/\w+\.py.*)$", re.MULTILINE)
MARK = re.compile(r"<!--(\w+)-->(.*?)<!--/-->", re.DOTALL)
PICTURE = re.compile(r"\]\(\.\./pictures/([\w.]+)\)")
NUMBER = re.compile(r"-?\d*\.?\d+(?:e[-+]?\d+)?")


class Ran(NamedTuple):
    """What a command left behind.

    Attributes:
        out: what it printed.
        results: of each run, the content of ``result.json``, in order.
        folders: of the runs, and of a sweep as a whole first.
    """

    out: str
    results: list[dict[str, Any]]
    folders: list[Path]

    @property
    def metrics(self) -> dict[str, float]:
        """Of the only run."""
        (result,) = self.results
        return result["metrics"]

    def all(self, metric: str) -> list[float]:
        """One metric of all runs."""
        return [result["metrics"][metric] for result in self.results]

    def losses(self) -> list[float]:
        """Of each pass of the first run."""
        with (self.folders[-1] / "metrics.csv").open(encoding="utf-8") as file:
            return [float(row["loss"]) for row in csv.DictReader(file)]

    def picture(self, name: str) -> Path:
        """A picture of the first run, or of the sweep."""
        return next(p for f in self.folders for p in (f / name, f / "figures" / name) if p.exists())


def run(command: str) -> Ran:
    """Run ``scripts/NAME.py ARGUMENTS`` in the working folder, as a person would."""
    script, *arguments = shlex.split(command)
    before = set(Path().rglob("result.json"))
    sys.argv = [script, *arguments]
    out = io.StringIO()
    try:
        with redirect_stdout(out):
            runpy.run_path(str(DOCS.parent / script), run_name="__main__")
    except SystemExit as stop:
        if stop.code:
            sys.exit(f"{command} failed:\n{out.getvalue()}")
    files = sorted(set(Path().rglob("result.json")) - before, key=lambda f: f.stat().st_mtime_ns)
    folders = [file.parent for file in files]
    if len(folders) > 1:
        folders.insert(0, folders[0].parent)
    results = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return Ran(out.getvalue(), results, folders)


def differs(old: str, new: str, within: float) -> bool:
    """Whether two texts say different numbers: by more than a share, or in number or words."""
    if NUMBER.sub("#", old) != NUMBER.sub("#", new):
        return True
    pairs = zip(NUMBER.findall(old), NUMBER.findall(new), strict=True)
    return any(abs(float(a) - float(b)) > within * abs(float(a)) + 1e-6 for a, b in pairs)


def measure(page: Path, check: bool) -> list[str]:
    """Run a page's commands; write its numbers and pictures, or say what is not so any more."""
    from numbers_of_pages import NUMBERS, PICTURES

    text = page.read_text(encoding="utf-8")
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        try:
            ran: dict[str, Ran] = {}
            for command in COMMAND.findall(text):
                times = sum(known.partition(" #")[0] == command for known in ran)
                ran[command if not times else f"{command} #{times + 1}"] = run(command)
            found = NUMBERS[page.stem](ran) if page.stem in NUMBERS else {}
            pictures = {name: PICTURES[name](ran) for name in PICTURE.findall(text)}
            if not check:
                for name, file in pictures.items():
                    shutil.copy(file, DOCS / "pictures" / name)
        finally:
            os.chdir(home)
    wrong = []
    said = dict(MARK.findall(text))
    if said.keys() != found.keys():
        wrong.append(f"{page.name}: marks and numbers differ: {said.keys() ^ found.keys()}")
    for name, (new, within) in found.items():
        if check and differs(said.get(name, ""), new, within):
            wrong.append(f"{page.name}: {name} is {new}, the page says {said.get(name)}")
    if not check:
        page.write_text(
            MARK.sub(lambda m: f"<!--{m[1]}-->{found.get(m[1], ('?',))[0]}<!--/-->", text),
            encoding="utf-8",
        )
    return wrong


def main(arguments: list[str]) -> int:
    """The exit code."""
    check = "--check" in arguments
    names = [name for name in arguments if name != "--check"]
    pages = [*sorted((DOCS / "tutorials").glob("*.md")), *sorted(DOCS.glob("*.md"))]
    wrong = []
    for page in pages:
        if not names or page.stem in names:
            print(f"{page.stem} ...", flush=True)
            wrong += measure(page, check)
    print("\n".join(wrong) if wrong else "all pages say what was measured")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
