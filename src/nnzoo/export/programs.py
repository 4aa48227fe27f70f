"""Programs of torch's operations that other libraries run: ONNX and torch.export."""

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nnzoo import __version__
from nnzoo.errors import InputError, RunError, message
from nnzoo.models import Model, Recurrent
from nnzoo.runs.files import write_files
from nnzoo.runs.folders import new_file
from nnzoo.runs.trained import Run

TOLERANCE = 1e-5
"""Largest difference of a program's outputs, relative to the largest output."""

CHECKED = (1, 2, 7, 64)
"""Numbers of points with which a program is checked."""

Program = Callable[[Tensor], Tensor]


class RawModel(nn.Module):
    """A trained model with its scalings: it returns what ``model.predict`` returns.

    Args:
        model: trained.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model.eval()
        self.dtype = model.prototype.dtype
        self.inverse = model.output_scaling

    def forward(self, x: Tensor) -> Tensor:
        """(points, in_features) raw, float64 -> (points, outputs), in raw units; for a model of
        sequences (points, time_steps, in_features) -> (points, time_steps, outputs)."""
        output: Tensor = self.model(self.model.scaling(x).to(self.dtype))
        return output if self.inverse is None else self.inverse.inverse(output)


def example(model: Model, points: int) -> Tensor:
    """Return random raw points (points, in_features) in the range of the training points; for a
    model of sequences (points, time_steps, in_features)."""
    generator = torch.Generator().manual_seed(points)
    time: list[Any] = []
    if isinstance(model, Recurrent):
        if model.time_steps is None:
            raise InputError("export needs the number of steps of a sequence: set model.time_steps")
        time = [model.time_steps]
    shape = points, *time, model.in_features
    scaled = torch.randn(shape, generator=generator, dtype=torch.float64)
    return scaled * model.scaling.divisor + model.scaling.offset


def metadata(model: Model) -> dict[str, str]:
    """Return what a program's user has to know, as JSON by name."""
    known = {
        "nnzoo": __version__,
        "model": type(model).__name__,
        "feature_names": model.feature_names,
        "class_names": model.class_names,
        "target_names": model.target_names,
        "output_names": list(model.output_names),
    }
    return {name: json.dumps(value, ensure_ascii=False) for name, value in known.items()}


def model_of(model: Any) -> Model:
    """Return a model, or that of a run.

    Raises:
        InputError: if it is neither.
    """
    model = model.model if isinstance(model, Run) else model
    if not isinstance(model, Model):
        raise InputError(f"model must be a model or a run of nnzoo, got {type(model).__name__}")
    return model


def save_torch(model: Model | Run, path: str | Path) -> None:
    """Write a model as a ``.pt2`` program of ``torch.export`` with any number of points.

    ``torch.export.load(path).module()`` is the function of ``RawModel``.

    Args:
        model: trained, or a run, whose model is written.
        path: the new file.

    Raises:
        InputError: if the model cannot be exported, or the file exists or has no folder.
        RunError: if the program differs from the model, or the file cannot be written.
    """
    model, path = model_of(model), new_file(path)
    file = io.BytesIO()
    torch.export.save(_captured(model), file, extra_files=metadata(model))
    file.seek(0)
    program: Program = torch.export.load(file).module()
    _check("torch.export", model, program)
    write_files({path: file.getbuffer()}, new=True)


def save_onnx(model: Model | Run, path: str | Path) -> None:
    """Write a model as ONNX with any number of points, and the names as its metadata.

    The input ``x`` is float64, (points, in_features) raw, and the output is ``output``, as
    ``RawModel`` returns it.

    Args:
        model: trained, or a run, whose model is written.
        path: the new file.

    Raises:
        InputError: if the model cannot be exported, a package is missing, or the file exists or has
            no folder.
        RunError: if onnxruntime's outputs differ from the model's, or the file cannot be written.
    """
    model, path = model_of(model), new_file(path)
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401  # torch's exporter needs it
    except ModuleNotFoundError as error:
        raise InputError("format=onnx needs: pip install 'nnzoo[export]'") from error
    captured = _captured(model)
    try:
        with _quiet():
            program = torch.onnx.export(
                captured, input_names=["x"], output_names=["output"], verbose=False
            )
    except Exception as error:  # the exporter raises many kinds
        raise _not_exportable(model, error) from error
    assert program is not None
    proto = program.model_proto
    onnx.helper.set_model_props(proto, metadata(model))
    content = proto.SerializeToString()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])

    def run(x: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {"x": x.numpy()})[0])

    _check("onnxruntime", model, run)
    write_files({path: content}, new=True)


def _captured(model: Model) -> Any:
    """Return the program of ``torch.export``."""
    dynamic = ({0: torch.export.Dim("points", min=1)},)
    try:
        with _quiet():
            program = torch.export.export(
                RawModel(model), (example(model, 5),), dynamic_shapes=dynamic
            )
    except Exception as error:  # it raises many kinds
        raise _not_exportable(model, error) from error
    for name, value in program.state_dict.items():
        if isinstance(value, nn.Parameter):  # so that outputs are plain numbers
            program.state_dict[name] = nn.Parameter(value.detach(), requires_grad=False)
    return program


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence torch's exporters, which report about their own code and parts."""
    former = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(former)


def _not_exportable(model: Model, error: Exception) -> InputError:
    return InputError(f"torch cannot export {type(model).__name__}: {message(error)}")


@torch.no_grad()
def _check(what: str, model: Model, program: Program) -> None:
    """Raise a RunError if a program's outputs differ from the model's."""
    for points in CHECKED:
        x = example(model, points)
        expected, found = model.predict(x), program(x)
        error = float((found - expected).abs().max())
        if not error <= TOLERANCE * max(1.0, float(expected.abs().max())):
            raise RunError(
                f"{what} gives other outputs than the model ({error:.2g} for {points} points): "
                "nothing was written"
            )
