"""Folders that are never used twice."""

from contextlib import suppress
from pathlib import Path

from nnzoo.errors import InputError

_made: list[Path] = []


def fresh_folder(path: str) -> str:
    """Make a folder that did not exist and return its absolute path; ``-2``, ``-3``, ... if it did.

    Raises:
        InputError: if it cannot be made.
    """
    wanted = Path(path).absolute()
    candidate, number = wanted, 1
    while True:
        missing = [folder for folder in (candidate, *candidate.parents) if not folder.exists()]
        try:
            candidate.mkdir(parents=True)
            _made.extend(missing)
            return str(candidate)
        except FileExistsError:
            number += 1
            candidate = wanted.with_name(f"{wanted.name}-{number}")
        except OSError as error:
            raise InputError(f"cannot make the folder {candidate}: {error.strerror}") from error


def remove_unused() -> None:
    """Remove the folders that ``fresh_folder`` made and nothing was written into."""
    made = [folder for folder in _made if folder.is_dir()]  # others may have removed it since
    for folder in sorted(made, key=lambda path: len(path.parts), reverse=True):
        if [path.name for path in folder.iterdir()] == ["multirun.yaml"]:
            (folder / "multirun.yaml").unlink()  # Hydra's, of a sweep that did not begin
        with suppress(OSError):  # not empty
            folder.rmdir()
    _made.clear()


def claim(folder: Path) -> None:
    """Take a folder for a run, by an empty ``config.yaml`` that was not there before.

    Raises:
        InputError: if it may not.
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
