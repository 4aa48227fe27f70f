"""Copies of runs in other folders."""

import json
from pathlib import Path
from typing import Any

import yaml

from nnzoo.runs.files import TEMPORARY, create_run_dir, write_files, writing
from nnzoo.runs.reading import read_yaml


def copy_run(run: Path, folder: Path) -> Path:
    """Copy a run into a new folder, and update the paths in its files; return the absolute path.

    Raises:
        InputError: if something is in the folder, or it cannot be created.
        RunError: if a file cannot be written.
    """
    run, folder = run.absolute(), folder.expanduser().absolute()
    config = moved(read_yaml(run / "config.yaml"), str(run), str(folder))
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    create_run_dir(folder, text.encode())
    files: dict[Path, bytes | memoryview] = {}
    for file in sorted(run.rglob("*")):
        name = file.relative_to(run)
        if not file.is_file() or str(name) == "config.yaml" or file.name.startswith(TEMPORARY):
            continue
        content = file.read_bytes()
        if str(name) == "result.json":
            result = moved(json.loads(content), str(run), str(folder))
            content = f"{json.dumps(result, indent=2)}\n".encode()
        with writing(folder / name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        files[folder / name] = content
    write_files(files)
    return folder


def moved(content: Any, previous: str, folder: str) -> Any:
    """Return nested containers with the path ``previous``, and those below it, replaced."""
    if isinstance(content, dict):
        return {key: moved(item, previous, folder) for key, item in content.items()}
    if isinstance(content, list):
        return [moved(item, previous, folder) for item in content]
    inside = isinstance(content, str) and f"{content}/".startswith(f"{previous}/")
    return folder + content[len(previous) :] if inside else content
