"""Learning rates by epoch, from torch's schedules."""

from collections.abc import Mapping
from typing import Any

import torch

from nnzoo.errors import InputError
from nnzoo.models.training.optimizers import LENGTHS, build_scheduler


class Schedule:
    """The learning rate of each epoch.

    Args:
        lr: learning rate at the start.
        config: see ``build_scheduler``.
        epochs: length of the whole training.
    """

    def __init__(self, lr: float, config: Mapping[str, Any], epochs: int) -> None:
        self.optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
        self.scheduler = build_scheduler(self.optimizer, epochs, config)
        self._rates: list[float] = []

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch."""
        while len(self._rates) <= epoch:
            self._rates.append(float(self.optimizer.param_groups[0]["lr"]))
            self.optimizer.step()  # changes nothing; without a step the schedule warns
            self.scheduler.step()
        return self._rates[epoch]


def check_length(config: Mapping[str, Any] | None, planned: int, epochs: int) -> None:
    """Raise an InputError if a resumed training would outlast its schedule.

    Args:
        config: see ``build_scheduler``; None: there is no schedule.
        planned: length of the training before it was resumed, in epochs.
        epochs: length of the resumed training.
    """
    option = None if config is None else LENGTHS.get(str(config["name"]))
    if config and option and epochs != planned and config.get(option, 0) < epochs:
        raise InputError(
            f"the {config['name']} schedule was planned for {planned} epochs and "
            f"trainer.max_epochs is {epochs}: give it a new length with "
            f"model.scheduler.{option}={epochs}"
        )
