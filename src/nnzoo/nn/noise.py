"""Noise in binary patterns."""

import torch
from torch import Tensor


def wrong_components(patterns: int, components: int, share: float, seed: int = 0) -> Tensor:
    """Return which components are wrong, bools (patterns, components): in each pattern the share
    ``share`` of them, rounded; they depend on the seed alone."""
    generator = torch.Generator().manual_seed(seed)
    ranks = torch.rand(patterns, components, generator=generator).argsort(1).argsort(1)
    return ranks < round(share * components)
