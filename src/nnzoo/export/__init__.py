"""Trained models as ONNX, torch.export and safetensors, with raw values in and out."""

from nnzoo.export.hub import from_pretrained, save_pretrained
from nnzoo.export.programs import RawModel, save_onnx, save_torch

__all__ = ["RawModel", "from_pretrained", "save_onnx", "save_pretrained", "save_torch"]
