"""Writing the page of a run or of a sweep."""

import os
from collections.abc import Sequence
from pathlib import Path

from nnzoo.errors import InputError, message
from nnzoo.report.page import html, plotly_js
from nnzoo.report.run_page import run_page
from nnzoo.report.sweep_page import sweep_page
from nnzoo.runs.files import write_files
from nnzoo.runs.find import is_sweep
from nnzoo.runs.folders import new_file, path_of
from nnzoo.runs.trained import Run


def write_report(
    run: Run | str | Path, path: str | Path | None = None, allow: Sequence[str] = ()
) -> Path:
    """Write one HTML page about a run or a sweep; it needs no network.

    Args:
        run: a run, or the folder of a run or of a sweep.
        path: the new file; None: ``report.html`` in the folder.
        allow: packages whose classes a run's files may name, besides the catalogue's.

    Returns:
        The path of the file.

    Raises:
        InputError: if the file exists, the folder holds no completed run and no sweep, a run's
            folder is temporary and ``path`` is None, or plotly is not installed.
        RunError: if it cannot be written.
    """
    folder = run.folder if isinstance(run, Run) else path_of(run)
    if folder.is_file():  # a checkpoint of a run
        folder = folder.absolute().parent.parent
    if path is None and isinstance(run, Run) and run.is_temporary:
        raise InputError("the run's folder is temporary; name a file: write_report(run, FILE)")
    file = folder / "report.html"
    if path is not None:
        file = new_file(path)
    elif os.path.lexists(file):
        raise InputError(f"{file} exists already; name another file: output=FILE.html")
    plotly_js()  # its absence is known before anything is computed
    is_of_sweep = not isinstance(run, Run) and is_sweep(folder)
    if folder.is_dir() and not is_of_sweep and not (folder / "config.yaml").is_file():
        raise InputError(f"{run} is neither a run nor a sweep: {folder} has no config.yaml")
    try:
        if is_of_sweep:
            page = sweep_page(folder)
        else:
            page = run_page(run if isinstance(run, Run) else Run(run, allow=allow))
        content = html(page).encode()
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        why = f"{type(error).__name__}: {message(error)}"
        raise InputError(
            f"the files in {folder} are damaged or of another version of nnzoo ({why})"
        ) from error
    write_files({file: content}, new=True)
    return file
