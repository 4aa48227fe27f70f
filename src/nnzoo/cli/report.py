"""``nnzoo report``: one HTML page about a run or a sweep."""

from pathlib import Path

from nnzoo.cli.allowed import read_allowed
from nnzoo.cli.command import free_path, load_libraries, parse

KEYS = ("allow", "output", "run")
HELP = """\
One HTML page about a run or a sweep. It is one file and needs no network.

usage: nnzoo report [run=FOLDER] [output=FILE.html]

keys
  run=FOLDER            the folder of a run or of a sweep; default: that of the newest run
                        below outputs and multirun, or of the sweep that it belongs to
  output=FILE.html      a new file; default: 'report.html' in the folder
  --config-dir DIR      adds models of your own, DIR/model/NAME.yaml
  allow=[PACKAGE]       allows the run's model and data to be classes of a package of your own

A run's page has its figures, points in 3-D that the mouse turns, curves of all metrics, weights,
config and the command that trains it again. A sweep's page has bands over the epochs, parallel
coordinates and tables that a click on a header sorts.

examples
  nnzoo report
  nnzoo report run=outputs/mlp/2025-01-31_12-00-00 output=iris.html
"""


def report(arguments: list[str]) -> None:
    """Run ``nnzoo report``.

    Raises:
        InputError: if the command line asks for something impossible.
        RunError: if the file cannot be written.
    """
    keys = parse(arguments, KEYS)
    allow = read_allowed(keys.get("allow"))
    file = free_path(keys["output"], ".html", ".htm") if "output" in keys else None

    load_libraries(is_report=True)
    from nnzoo.report import write_report
    from nnzoo.runs.find import is_sweep, newest_folder
    from nnzoo.runs.text import short_path

    given = keys.get("run")
    folder = newest_folder() if given is None else Path(given).expanduser()
    if given is None:
        print(f"{'sweep' if is_sweep(folder) else 'run'} {folder}")
    print(f"report {short_path(write_report(folder, file, allow))}")
