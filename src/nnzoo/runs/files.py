"""Files that are written completely or not at all, and folders that are never used twice."""

import csv
import io
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from nnzoo.errors import InputError, RunError, check_float, check_ints

_made: list[Path] = []


TEMPORARY = ".incomplete-"
"""The start of the names of temporary files; a killed process leaves them behind."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise a RunError that names the path and the cause if a file cannot be written."""
    try:
        yield
    except OSError as error:
        cause = error.strerror or error
        if isinstance(error, FileNotFoundError) and not path.parent.is_dir():
            cause = "its folder no longer exists"
        raise RunError(f"cannot write {path}: {cause}") from error


def write_files(files: Mapping[Path, bytes | memoryview], new: bool = False) -> None:
    """Write files that belong together: each is replaced by its new content as a whole.

    All are written to the disk under temporary names before the first one is replaced, so a full
    disk leaves all files as they were. Links are replaced and not followed.

    Args:
        files: the contents by path, replaced in this order.
        new: whether to refuse to replace a file.

    Raises:
        RunError: if a file cannot be written, or exists although ``new`` is set.
    """
    temporary = {path: path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}") for path in files}
    try:
        for path, content in files.items():
            with writing(path), temporary[path].open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path in files:
            with writing(path):
                (publish if new else os.replace)(temporary[path], path)
    finally:
        for path in temporary.values():
            with suppress(OSError):
                path.unlink()


def publish(temporary: Path, path: Path) -> None:
    """Give a file its name, at which nothing may exist.

    Raises:
        OSError: if something exists there, or it is not possible.
    """
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:  # the file system has no hard links: claim the name, then replace the claim
        path.open("xb").close()
        try:
            os.replace(temporary, path)
        except OSError:
            path.unlink()
            raise


def csv_bytes(rows: list[dict[str, Any]], first: Sequence[str] = ()) -> bytes:
    """Return rows as CSV: the columns ``first``, then other keys; missing cells are empty."""
    columns = dict.fromkeys([*first, *(key for row in rows for key in row)])
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read_numbers(path: Path) -> list[dict[str, float]]:
    """Return the rows of a CSV file of numbers without empty cells; no rows if there is no file.

    Raises:
        InputError: if it cannot be read, or has anything but numbers.
    """
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if any(None in row.values() for row in rows):
            raise ValueError("a row is cut off")
        return [{key: float(text) for key, text in row.items() if text} for row in rows]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise InputError(f"{path} is not a table of the metrics of a run") from error


def read_result(folder: Path) -> dict[str, Any]:
    """Return the content of ``result.json`` of a completed run.

    Raises:
        InputError: if the run is not complete, or the file is none of a run.
    """
    file = folder / "result.json"
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        failed = None if content["status"] == "completed" else content["error"]
        if failed is None:
            numbers = [content["best"]["value"], *content["metrics"].values()]
            texts = [content["monitor"]["metric"], content["model"], content["data"]]
            check_ints("", [content["epochs"] + 1, content["best"]["epoch"] + 1])
            [check_float("", value) for value in numbers if value is not None]
            if numbers[0] is None or not all(isinstance(text, str) for text in texts):
                raise TypeError
    except FileNotFoundError as error:
        raise InputError(
            f"the run {folder} is not complete; continue with resume={folder}"
        ) from error
    except (
        *(OSError, LookupError, TypeError, ValueError, AttributeError),
        *(OverflowError, RecursionError),
    ) as error:
        raise InputError(f"{file} is not the result of a run") from error
    if failed is not None:
        raise InputError(f"the run {folder} is not complete: {failed}")
    return content


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write valid JSON: numbers that are not finite become null."""
    finite = json.loads(json.dumps(content), parse_constant=lambda name: None)
    write_files({path: f"{json.dumps(finite, indent=2)}\n".encode()})


def remove_run(folder: Path) -> None:
    """Remove the files of a run from its folder; other files stay."""
    names = ("config.yaml", "metrics.csv", "result.json", "checkpoints/best.ckpt")
    own = [folder / name for name in (*names, "checkpoints/last.ckpt")]
    own += folder.rglob(f"{TEMPORARY}*")
    for file in own:
        file.unlink(missing_ok=True)
    with suppress(OSError):  # not empty, or not there
        (folder / "checkpoints").rmdir()


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
            raise InputError(f"cannot create the folder {candidate}: {error.strerror}") from error
        break
    _made.extend(missing)
    return str(candidate)


def remove_unused() -> None:
    """Remove the folders created by ``fresh_folder`` that are still empty."""
    made = [folder for folder in _made if folder.is_dir()]  # others may have been removed
    for folder in sorted(made, key=lambda path: len(path.parts), reverse=True):
        if [path.name for path in folder.iterdir()] == ["multirun.yaml"]:
            (folder / "multirun.yaml").unlink()  # Hydra's, of a sweep that did not start
        with suppress(OSError):  # not empty
            folder.rmdir()
    _made.clear()


def create_run_dir(folder: Path, config: bytes) -> None:
    """Create a run's folder, which must be empty if it exists, and its ``config.yaml``.

    Raises:
        InputError: if something is in the folder, or it cannot be created.
        RunError: if ``config.yaml`` cannot be written.
    """
    create_folder(folder, " in hydra.run.dir")
    # Of two runs that start at once, the second is refused.
    write_files({folder / "config.yaml": config}, new=True)


def create_folder(folder: Path, option: str = "") -> None:
    """Create a folder, which must be empty if it exists.

    Args:
        folder: to create.
        option: the end of a message: where another folder can be named.

    Raises:
        InputError: if something is in the folder, or it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = sorted(path.name for path in folder.iterdir())
    except FileExistsError as error:
        raise InputError(f"{folder} is a file; name a folder{option}") from error
    except OSError as error:
        raise InputError(f"cannot create the folder {folder}: {error.strerror}") from error
    if found:
        why = (
            "holds a run already" if "config.yaml" in found else f"is not empty: it has {found[0]}"
        )
        raise InputError(f"{folder} {why}; name another folder{option}")
