"""Moving average of the weights of a module."""

import copy

import torch
from torch import Tensor, nn

from nnzoo.errors import InputError, check_float


class MovingAverage(nn.Module):
    """A copy of a module whose weights are an exponential moving average of the original weights.

    ``m <- decay m + (1 - decay) w`` with each ``update``; m starts as a copy of w. The averages are
    buffers: a checkpoint contains them, and optimizers ignore them.

    Source: Y. Yazici, C.-S. Foo, S. Winkler, K.-H. Yap, G. Piliouras, V. Chandrasekhar, 2019, "The
    unusual effectiveness of averaging in GAN training".

    Args:
        module: the module to average; its buffers are copied once and not averaged.
        decay: in [0, 1), otherwise an InputError; 0 copies the weights. The average covers about
            ``1 / (1 - decay)`` updates.
    """

    decay: Tensor

    def __init__(self, module: nn.Module, decay: float) -> None:
        super().__init__()
        checked = check_float("the decay of the average", decay, low=0)
        if checked >= 1:
            raise InputError(f"the decay of the average must be less than 1, got {decay}")
        self.register_buffer("decay", torch.tensor(checked, dtype=torch.float64), persistent=False)
        self.module = copy.deepcopy(module)
        for part in self.module.modules():
            for name, weight in list(part.named_parameters(recurse=False)):
                delattr(part, name)
                part.register_buffer(name, weight.detach())

    def updated(self, module: nn.Module) -> dict[str, Tensor]:
        """Return the new averages by name, with the current weights of the module included."""
        averages, share = dict(self.module.named_buffers()), 1 - self.decay
        return {
            name: torch.lerp(averages[name], weight.detach(), share.to(weight))
            for name, weight in module.named_parameters()
        }

    def update(self, module: nn.Module) -> None:
        """Include the current weights of the module in the averages, in place."""
        self.module.load_state_dict(self.updated(module), strict=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the output of the module with the averaged weights."""
        return self.module(x)
