"""What a checkpoint holds besides weights."""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor

CHECKPOINT_FORMAT = 4
"""Version of what checkpoints hold."""

NAMES = ("feature_names", "class_names", "target_names", "target_columns", "unused_columns")
"""Attributes of a model that are names of the training data."""


def checksum(weights: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of a state_dict: its names, dtypes, shapes and bits."""
    digest = hashlib.sha256()
    for name, value in weights.items():
        digest.update(f"{name} {value.dtype} {tuple(value.shape)};".encode())
        digest.update(value.detach().cpu().reshape(-1).contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()
