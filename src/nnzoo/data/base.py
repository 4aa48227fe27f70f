"""What all data modules share: splitting, scaling and serving points that fit in memory."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from nnzoo.batch import Batch, Block
from nnzoo.data.blocks import may_block
from nnzoo.data.loader import Order, TensorLoader
from nnzoo.errors import InputError, number, one_of, whole
from nnzoo.nn.scaling import SCALES, Scaling

BLOCK_SIZE = 128
"""Mini-batches that one training_step goes through: enough to make Lightning's share small."""

BLOCK_NUMBERS = 2**21
"""The most numbers in a block, unless it is of two mini-batches: memory that is used again is
faster than fresh one."""

LARGE = 2**24
"""A training part with more numbers than this is scaled batch by batch, without a scaled copy."""


@dataclass(frozen=True)
class Points:
    """A data set in raw units.

    Attributes:
        x: (points, features), float32.
        y: (points,) class indices from 0; or (points, targets) numbers, float32; or None.
        feature_names: one a feature.
        class_names: one a class; empty without classes.
        target_names: one a target; empty without numbers to learn.
        centroids: (clusters, features), the true ones of generated clusters, for scoring alone.
        image_shape: (height, width) where the features are pixels.
    """

    x: Tensor
    y: Tensor | None = None
    feature_names: Sequence[str] = ()
    class_names: Sequence[str] = ()
    target_names: Sequence[str] = ()
    centroids: Tensor | None = None
    image_shape: tuple[int, int] | None = None


class DataModule(pl.LightningDataModule):
    """Points in memory, split, scaled and served in batches.

    A subclass gives ``load``. The validation part is drawn at random by ``seed``; the scaling is
    fitted on the training part. The training order is shuffled anew each pass, and depends on
    torch's seed at the start of the training and on the number of the pass alone.

    Args:
        batch_size: points in one step; None: the whole training part.
        val_fraction: share of the points that is kept for validation, from 0 to below 1.
        scale: none, minmax, standard or frobenius; see ``nnzoo.nn.Scaling``.
        target_scale: the same for targets that are numbers.
        shuffle: whether the order changes from pass to pass.
        repeat: passes over the data in one epoch; each has its row in ``metrics.csv``.
        seed: of the split, and of the points where they are generated.

    Raises:
        InputError: if an argument is not possible.
    """

    def __init__(
        self,
        batch_size: int | None = 32,
        val_fraction: float = 0.0,
        scale: str = "none",
        target_scale: str = "none",
        shuffle: bool = True,
        repeat: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.batch_size = None if batch_size is None else whole("data.batch_size", batch_size)
        self.val_fraction = number("data.val_fraction", val_fraction, low=0)
        if self.val_fraction >= 1:
            raise InputError(f"data.val_fraction must be less than 1, got {val_fraction}")
        if self.val_fraction == 0:
            self.val_dataloader = None  # type: ignore[method-assign,assignment]  # no validation
        self.scale = one_of("data.scale", scale, SCALES)
        self.target_scale = one_of("data.target_scale", target_scale, SCALES)
        if not isinstance(shuffle, bool):
            raise InputError(f"data.shuffle must be true or false, got {shuffle!r}")
        self.shuffle = shuffle
        self.repeat = whole("data.repeat", repeat)
        self.seed = whole("data.seed", seed, low=0)

    def load(self) -> Points:
        """The whole data set, in raw units."""
        raise NotImplementedError

    @cached_property
    def points(self) -> Points:
        """The whole data set, in raw units."""
        return self.load()

    @property
    def n_features(self) -> int:
        """Number of features."""
        return self.points.x.shape[1]

    @property
    def n_classes(self) -> int | None:
        """Number of classes, or None for data without."""
        return len(self.class_names) or None

    @property
    def n_targets(self) -> int | None:
        """Number of numbers to learn for each point, or None for data without."""
        return len(self.target_names) or None

    @property
    def n_clusters(self) -> int | None:
        """Number of clusters: of true centroids, else of classes; None where neither is known."""
        centroids = self.points.centroids
        return self.n_classes if centroids is None else len(centroids)

    @property
    def feature_names(self) -> list[str]:
        """One name a feature."""
        return list(self.points.feature_names) or [f"x{i + 1}" for i in range(self.n_features)]

    @property
    def class_names(self) -> list[str]:
        """One name a class; empty without classes."""
        y = self.points.y
        if y is None or y.is_floating_point():
            return []
        return list(self.points.class_names) or [str(i) for i in range(int(y.max()) + 1)]

    @property
    def target_names(self) -> list[str]:
        """One name a target; empty without numbers to learn."""
        y = self.points.y
        if y is None or not y.is_floating_point():
            return []
        if y.shape[1] == 1:
            return list(self.points.target_names) or ["y"]
        return list(self.points.target_names) or [f"y{i + 1}" for i in range(y.shape[1])]

    @cached_property
    def raw(self) -> tuple[Batch, Batch | None]:
        """Training part and validation part (None without one), in raw units."""
        x, y = self.points.x, self.points.y
        n = len(x)
        n_val = round(n * self.val_fraction)
        if self.val_fraction > 0 and not 0 < n_val < n:
            raise InputError(
                f"data.val_fraction={self.val_fraction} of {n} points leaves a part empty"
            )
        if n_val == 0:
            return Batch(x, y), None
        order = torch.randperm(n, generator=torch.Generator().manual_seed(self.seed))
        train, val = order[n_val:].sort().values, order[:n_val].sort().values
        return _part(x, y, train), _part(x, y, val)

    @cached_property
    def scaling(self) -> Scaling:
        """The scaling, fitted on the training part."""
        return Scaling.fit(self.raw[0].x, self.scale)

    @cached_property
    def target_scaling(self) -> Scaling | None:
        """The scaling of targets that are numbers, fitted on the training part; else None."""
        y = self.raw[0].y
        if y is None or not y.is_floating_point():
            return None
        return Scaling.fit(y, self.target_scale)

    @cached_property
    def train(self) -> Batch:
        """The training part, scaled."""
        return self._scaled(self.raw[0])

    @cached_property
    def val(self) -> Batch | None:
        """The validation part, scaled, or None."""
        return None if self.raw[1] is None else self._scaled(self.raw[1])

    def _scaled(self, part: Batch) -> Batch:
        x = part.x if self.scaling.is_identity else self.scaling(part.x)
        return Batch(x, self._scaled_targets(part.y))

    def _scaled_targets(self, y: Tensor | None) -> Tensor | None:
        if y is None or self.target_scaling is None:
            return y
        return self.target_scaling(y)

    def train_dataloader(self) -> TensorLoader:
        """Mini-batches of the training part; under a Trainer on its device, in blocks if it may."""
        scaling = None
        if self.raw[0].x.numel() > LARGE and not self.scaling.is_identity:
            data = self._placed(Batch(self.raw[0].x, self._scaled_targets(self.raw[0].y)))
            scaling = copy.deepcopy(self.scaling).to(data.x.device)
        else:
            data = self._placed(self.train)
        share = (0, 1)
        if self.trainer is not None:
            share = self.trainer.global_rank, self.trainer.world_size
        order = Order(len(data.x), torch.initial_seed(), self.shuffle, self.repeat, *share)
        batch_size = min(self.batch_size or len(data.x), len(data.x))
        blocks = self.trainer is not None and may_block(self.trainer)
        block_size = batches_in_block(batch_size * data.x.shape[1]) if blocks else 1
        return TensorLoader(data, batch_size, order, block_size, scaling)

    def val_dataloader(self) -> TensorLoader:
        """The whole validation part as one batch; there is no such loader without that part."""
        assert self.val is not None
        data = self._placed(self.val)
        return TensorLoader(data, len(data.x), Order(len(data.x), 0, shuffle=False))

    def _placed(self, part: Batch) -> Batch:
        return part if self.trainer is None else part.to(self.trainer.strategy.root_device)

    def transfer_batch_to_device(
        self, batch: Any, device: torch.device, dataloader_idx: int
    ) -> Any:
        if isinstance(batch, Batch | Block):  # slices of a part that is there already
            return batch
        return super().transfer_batch_to_device(batch, device, dataloader_idx)


def batches_in_block(numbers: int) -> int:
    """How many mini-batches of so many numbers make a block."""
    return min(BLOCK_SIZE, max(2, BLOCK_NUMBERS // numbers))


def _part(x: Tensor, y: Tensor | None, index: Tensor) -> Batch:
    return Batch(x[index], None if y is None else y[index])
