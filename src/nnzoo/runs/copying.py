"""Copies of runs in other folders."""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from nnzoo.errors import InputError
from nnzoo.runs.files import create_folder, read_result, write_files, writing
from nnzoo.runs.reading import read_yaml

COPIED = ("metrics.csv", "checkpoints/*.ckpt", "figures/*.*", "evaluation*")
"""Files of a run that are copied as they are."""


def copy_run(run: Path, folder: Path) -> Path:
    """Copy the files that a run wrote, but no links, into a new folder, and update the paths in
    them; return the absolute path.

    Raises:
        InputError: if something is in the folder, it cannot be created, or the run's files are gone
            or damaged.
        RunError: if a file cannot be written; then none stays.
    """
    run, folder = run.absolute(), folder.absolute()
    if not (run / "config.yaml").is_file():
        raise InputError(
            f"{run}, the folder of the run, is gone; give folder= to nnzoo.train to keep it"
        )
    config, result = read_yaml(run / "config.yaml"), read_result(run)
    try:
        config, result = (moved(item, str(run), str(folder)) for item in (config, result))
        texts = {
            "config.yaml": yaml.safe_dump(config, sort_keys=False, allow_unicode=True),
            "result.json": f"{json.dumps(result, indent=2)}\n",
        }
    except RecursionError as error:
        raise InputError(f"{run / 'result.json'} is not the result of a run") from error
    files = [file for pattern in COPIED for file in sorted(run.glob(pattern)) if is_own(file, run)]
    create_folder(folder)
    made: list[Path] = []
    try:
        # Of two copies that start at once, the second is refused.
        write_files({folder / "config.yaml": texts.pop("config.yaml").encode()}, new=True)
        made.append(folder / "config.yaml")
        for file in files:
            copy = folder / file.relative_to(run)
            with writing(copy):
                copy.parent.mkdir(exist_ok=True)
                made.append(copy)
                shutil.copyfile(file, copy)
        write_files({folder / name: text.encode() for name, text in texts.items()})
    except BaseException:
        for file in made:
            file.unlink(missing_ok=True)
        for parent in (*{file.parent for file in made if file.parent != folder}, folder):
            with suppress(OSError):  # not empty
                parent.rmdir()
        raise
    return folder


def is_own(file: Path, run: Path) -> bool:
    """Return whether a file is a regular one, and neither it nor its folder in the run a link."""
    links = [path for path in (file, file.parent) if path != run and path.is_symlink()]
    return file.is_file() and not links


def moved(content: Any, previous: str, folder: str) -> Any:
    """Return nested containers with the path ``previous``, and those below it, replaced."""
    if isinstance(content, dict):
        return {key: moved(item, previous, folder) for key, item in content.items()}
    if isinstance(content, list):
        return [moved(item, previous, folder) for item in content]
    inside = isinstance(content, str) and f"{content}/".startswith(f"{previous}/")
    return folder + content[len(previous) :] if inside else content
