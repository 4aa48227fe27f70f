"""Files that are written completely or not at all, and folders that are never used twice."""

import csv
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from nnzoo.errors import InputError

_made: list[Path] = []


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the same folder, and rename what was written there to ``path``."""
    temporary = path.with_name(f"{path.stem}.incomplete{path.suffix}")
    yield temporary
    os.replace(temporary, path)


def write_csv(path: Path, rows: list[dict[str, Any]], first: Sequence[str] = ()) -> None:
    """Write rows as CSV: the columns ``first``, then other keys; missing cells are empty."""
    columns = dict.fromkeys([*first, *(key for row in rows for key in row)])
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def read_numbers(path: Path) -> list[dict[str, float]]:
    """Return the rows of a CSV file of numbers without empty cells; no rows if there is no file."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {key: float(text) for key, text in row.items() if text} for row in csv.DictReader(file)
        ]


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write valid JSON: numbers that are not finite become null."""
    finite = json.loads(json.dumps(content), parse_constant=lambda name: None)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(finite, indent=2) + "\n")


def fresh_folder(path: str) -> str:
    """Create a new folder, with ``-2``, ``-3``, ... added if it exists; return its absolute path.

    Raises:
        InputError: if it cannot be created.
    """
    wanted = Path(path).absolute()
    for number in count(1):
        candidate = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        missing = [folder for folder in (candidate, *candidate.parents) if not folder.exists()]
        try:
            candidate.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise InputError(f"cannot make the folder {candidate}: {error.strerror}") from error
        break
    _made.extend(missing)
    return str(candidate)


def remove_unused() -> None:
    """Remove the folders made by ``fresh_folder`` that are still empty."""
    made = [folder for folder in _made if folder.is_dir()]  # others may be removed already
    for folder in sorted(made, key=lambda path: len(path.parts), reverse=True):
        if [path.name for path in folder.iterdir()] == ["multirun.yaml"]:
            (folder / "multirun.yaml").unlink()  # Hydra's, of a sweep that did not start
        with suppress(OSError):  # not empty
            folder.rmdir()
    _made.clear()


def create_run_dir(folder: Path) -> None:
    """Reserve a folder for a run by creating an empty ``config.yaml``.

    Raises:
        InputError: if it holds a run already, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.yaml").open("x").close()
    except FileExistsError as error:
        if not folder.is_dir():
            raise InputError(f"{folder} is a file, and a run needs a folder") from error
        raise InputError(
            f"{folder} holds a run already; name another folder in hydra.run.dir"
        ) from error
    except OSError as error:
        raise InputError(f"cannot write the run's folder {folder}: {error.strerror}") from error
