"""``nnzoo export``: a trained model in another format."""

import os
from pathlib import Path
from typing import Any

from nnzoo.cli.allowed import read_allowed
from nnzoo.cli.command import free_path, load_libraries, parse
from nnzoo.errors import InputError, check_choice

KEYS = ("allow", "format", "output", "run")
ENDINGS = {"onnx": [".onnx"], "torch": [".pt2"], "safetensors": []}
"""Formats, and the ending of the file; none: it is a folder."""

HELP = """\
A trained model in another format, with raw values in and out.

usage: nnzoo export [run=FOLDER] format=onnx|torch|safetensors [output=PATH]

keys
  run=FOLDER            a run's folder (its best checkpoint is used) or a checkpoint;
                        default: the newest run; of a sweep, its best job
  format=onnx           one file for onnxruntime and others, float64 in; feature and class names
                        are its metadata
  format=torch          one file for torch.export.load, which needs torch alone
  format=safetensors    a folder with weights, config, model card and figure in the layout of the
                        Hugging Face Hub, for nnzoo.export.from_pretrained
  output=PATH           a new file or folder; default: 'model' in the run's folder
  --config-dir DIR      adds models of your own, DIR/model/NAME.yaml
  allow=[PACKAGE]       imports the model's class from a package of your own

The file is compared with the model before it is written.

examples
  nnzoo export format=onnx
  nnzoo export run=outputs/mlp/2025-01-31_12-00-00 format=safetensors output=my_model
"""


def export(arguments: list[str]) -> None:
    """Run ``nnzoo export``.

    Raises:
        InputError: if the command line asks for something impossible.
        RunError: if the file differs from the model, or cannot be written.
    """
    keys = parse(arguments, KEYS)
    if keys.get("format") is None:
        raise InputError("name a format, such as format=onnx; see nnzoo export --help")
    kind = check_choice("format", keys["format"], ENDINGS)
    allow = read_allowed(keys.get("allow"))
    path = _new(keys["output"], kind) if "output" in keys else None

    load_libraries(is_report=True)
    from nnzoo.export.hub import save_pretrained
    from nnzoo.export.programs import save_onnx, save_torch
    from nnzoo.runs.checkpoint import load_model
    from nnzoo.runs.files import read_result
    from nnzoo.runs.find import choose_run, read_run
    from nnzoo.runs.text import short_path

    run = read_run(choose_run(keys.get("run")))
    path = path or _new(str(run.folder / "".join(["model", *ENDINGS[kind]])), kind)
    model = load_model(run.checkpoint, allow)
    if kind == "safetensors":
        from nnzoo.runs.pictures import read_png  # imports matplotlib

        result: dict[str, Any] = {} if run.config is None else read_result(run.folder)
        drawn = (read_png(run.folder / "figures" / f"{n}.png") for n in model.figures[::-1])
        save_pretrained(model, path, result, next(filter(None, drawn), None))
    elif kind == "onnx":
        save_onnx(model, path)
    else:
        save_torch(model, path)
    print(f"{type(model).__name__} of {run.checkpoint.name} exported: {short_path(path)}")


def _new(typed: str, kind: str) -> Path:
    """Return the path of what is to be written: new, or a folder that is empty.

    Raises:
        InputError: if it is neither.
    """
    path = Path(os.path.expanduser(typed))
    if not ENDINGS[kind] and path.suffix == f".{kind}":
        raise InputError(f"format={kind} writes a folder; name one, such as output={path.stem}")
    is_empty = not ENDINGS[kind] and path.is_dir() and not any(path.iterdir())
    return path if is_empty else free_path(typed, *ENDINGS[kind])
