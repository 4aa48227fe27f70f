"""Weights and options in the layout of the Hugging Face Hub; no network is needed."""

import io
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from nnzoo import __version__
from nnzoo.errors import InputError, message
from nnzoo.export.programs import model_of
from nnzoo.models import Model
from nnzoo.models.bases.model import names_of
from nnzoo.models.parts.saving import NAMES
from nnzoo.models.parts.summary import source
from nnzoo.runs.checkpoint import restored
from nnzoo.runs.classes import model_class
from nnzoo.runs.files import create_folder, write_files
from nnzoo.runs.folders import path_of
from nnzoo.runs.trained import Run

WEIGHTS, CONFIG, CARD, FIGURE = "model.safetensors", "config.json", "README.md", "figure.png"


def save_pretrained(
    model: Model | Run,
    folder: str | Path,
    result: Mapping[str, Any] | None = None,
    figure: bytes | None = None,
) -> None:
    """Write a model into a new folder: ``model.safetensors``, ``config.json`` with the arguments
    and names, and a model card with a figure.

    Args:
        model: trained, or a run, whose model is written.
        folder: it must be empty or new.
        result: the content of the run's ``result.json``, for the card; None: that of the run.
        figure: a PNG file, for the card; None: the drawing of the network, if the model has one.

    Raises:
        InputError: if something is in the folder, or safetensors is missing.
        RunError: if a file cannot be written.
    """
    try:
        from safetensors.torch import save
    except ModuleNotFoundError as error:
        raise InputError("format=safetensors needs: pip install 'nnzoo[export]'") from error
    if result is None and isinstance(model, Run):
        result = model.result
    model, folder = model_of(model), path_of(folder)
    weights = {
        name: value.detach().contiguous().clone() for name, value in model.state_dict().items()
    }
    config = {
        "library_name": "nnzoo",
        "nnzoo_version": __version__,
        **{f"model_{key}": name for key, name in names_of(type(model)).items()},
        "arguments": dict(model.hparams),
        **{name: getattr(model, name) for name in NAMES},
    }
    figure = network_drawing(model) if figure is None else figure
    create_folder(folder)
    files: dict[Path, bytes | memoryview] = {
        folder / WEIGHTS: save(weights, metadata={"format": "pt"}),
        folder / CONFIG: f"{json.dumps(config, indent=2, ensure_ascii=False)}\n".encode(),
        folder / CARD: model_card(model, result or {}, has_figure=figure is not None).encode(),
    }
    if figure is not None:
        files[folder / FIGURE] = figure
    write_files(files, new=True)


def network_drawing(model: Model) -> bytes | None:
    """Return the drawing of the network as PNG; None: the model has none."""
    file = io.BytesIO()
    with suppress(InputError):
        model.plot("network").savefig(file, format="png")
    return file.getvalue() or None


def from_pretrained(folder: str | Path, allow: Sequence[str] = ()) -> Model:
    """Return a model that ``save_pretrained`` wrote, in eval mode on the CPU.

    Args:
        folder: where it was written.
        allow: packages whose classes may be imported, besides the catalogue's.

    Raises:
        InputError: if a file is missing or damaged, or safetensors is missing.
    """
    try:
        from safetensors.torch import load
    except ModuleNotFoundError as error:
        raise InputError("from_pretrained needs: pip install 'nnzoo[export]'") from error
    folder = path_of(folder)
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        weights = load((folder / WEIGHTS).read_bytes())
        names = {"class": config["model_class"], "module": config.get("model_module")}
        kind = model_class(names, folder, allow)
        return restored(kind, config["arguments"], weights, {"nnzoo": config})
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"there is no {error.filename}") from error
    except Exception as error:  # safetensors and constructors raise many kinds
        raise InputError(f"{folder} cannot be read: {message(error)}") from error


def model_card(model: Model, result: Mapping[str, Any], has_figure: bool) -> str:
    """Return a model card in Markdown, with the Hub's metadata."""
    summary = (type(model).__doc__ or "").partition("\n")[0]
    text = io.StringIO()
    text.write(
        "---\nlibrary_name: nnzoo\nlicense: apache-2.0\n---\n\n"
        f"# {type(model).__name__}\n\n{summary}\n\n"
        f"Inputs: {', '.join(model.feature_names)}.\n"
        f"Outputs: {', '.join(model.output_names) or 'see nnzoo'}.\n"
    )
    if has_figure:
        text.write(f"\n![figure of the model]({FIGURE})\n")
    if found := source(type(model)):
        text.write(f"\nSource: {found}\n")
    if result:
        text.write(f"\nTrained on {result['data']}, seed {result['seed']}.\n\n")
        text.write("| metric | value |\n|---|---|\n")
        for name, value in result["metrics"].items():
            text.write(f"| {name} | {value:.6g} |\n" if value is not None else f"| {name} | |\n")
    text.write(
        "\n```python\nfrom nnzoo.export import from_pretrained\n\n"
        'model = from_pretrained("FOLDER")  # model.predict takes raw values\n```\n'
    )
    return text.getvalue()
