"""A moving average of a module's weights."""

import copy

import torch
from torch import Tensor, nn

from nnzoo.errors import InputError, number


class MovingAverage(nn.Module):
    """A copy of a module whose weights are the exponential moving average of the module's own.

    ``m <- decay m + (1 - decay) w`` with each ``update``, from the weights at the time of the
    copy. They are buffers: kept in a checkpoint, and nothing that an optimizer changes.

    Source: Y. Yazici, C.-S. Foo, S. Winkler, K.-H. Yap, G. Piliouras, V. Chandrasekhar, 2019, "The
    unusual effectiveness of averaging in GAN training".

    Args:
        module: to be averaged; its own buffers, if any, stay as they are.
        decay: from 0, which copies the weights, to below 1; about ``1 / (1 - decay)`` updates are
            averaged.

    Shapes:
        As the module.

    Raises:
        InputError: if the decay is not possible.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        super().__init__()
        self.decay = number("the decay of the average", decay, low=0)
        if self.decay >= 1:
            raise InputError(f"the decay of the average must be less than 1, got {decay}")
        self.module = copy.deepcopy(module)
        for part in self.module.modules():
            for name, weight in list(part.named_parameters(recurse=False)):
                delattr(part, name)
                part.register_buffer(name, weight.detach())

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take in the present weights of the module."""
        averages = dict(self.module.named_buffers())
        for name, weight in module.named_parameters():
            averages[name].lerp_(weight, 1 - self.decay)

    def forward(self, x: Tensor) -> Tensor:
        """What the module with the averaged weights makes of x."""
        return self.module(x)
