"""Data computed from a formula."""

from collections.abc import Sequence
from typing import Any

import torch

from nnzoo.data.base import DataModule, Points
from nnzoo.errors import InputError, number, whole

FACTORS = ("price", "public_transport", "driving_skill", "model")


class Parabola(DataModule):
    """Points of ``y = 2 x^2 + 7``, evenly spaced in x: a number to learn.

    Args:
        n_points: number of points.
        low, high: ends of the range of x.
        noise: standard deviation of normal noise on y, in units of y.
        options: see ``DataModule``; ``seed`` draws the noise.

    Raises:
        InputError: if an argument is not possible.
    """

    def __init__(
        self,
        n_points: int = 100,
        low: float = -10,
        high: float = 10,
        noise: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.n_points = whole("data.n_points", n_points, low=2)
        self.low = number("data.low", low)
        self.high = number("data.high", high, above=self.low)
        self.noise = number("data.noise", noise, low=0)

    def load(self) -> Points:
        x = torch.linspace(self.low, self.high, self.n_points)[:, None]
        generator = torch.Generator().manual_seed(self.seed)
        y = 2 * x.square() + 7 + self.noise * torch.randn(x.shape, generator=generator)
        return Points(x, y, feature_names=["x"], target_names=["y"])


class CarDecision(DataModule):
    """Whether to buy a car, for all combinations of four factors at three levels.

    Each factor says from 0 to 1 how far it speaks for buying: the price is low, public transport is
    poor, one drives well, one likes the model. One buys where ``weights · factors > threshold``.

    Args:
        weights: of the four factors.
        threshold: the higher, the fewer cars are bought.
        options: see ``DataModule``.

    Raises:
        InputError: if there are not four numbers, or all cars have the same decision.
    """

    def __init__(
        self, weights: Sequence[float] = (4, 2, 1, 3), threshold: float = 5, **options: Any
    ) -> None:
        super().__init__(**options)
        if not isinstance(weights, list | tuple) or len(weights) != len(FACTORS):
            raise InputError(f"data.weights must be four numbers, of {', '.join(FACTORS)}")
        self.weights = [number("each of data.weights", weight) for weight in weights]
        self.threshold = number("data.threshold", threshold)

    def load(self) -> Points:
        levels = torch.tensor([0.0, 0.5, 1.0])
        x = torch.cartesian_prod(*[levels] * len(FACTORS))
        y = (x @ torch.tensor(self.weights) > self.threshold).long()
        if y.min() == y.max():
            raise InputError(
                f"data.threshold={self.threshold:g} with data.weights={self.weights} gives all "
                "cars the same decision"
            )
        return Points(x, y, feature_names=FACTORS, class_names=("leave", "buy"))
