"""What all data modules share: splitting, scaling and serving points that fit in memory."""

import copy
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Self

import lightning.pytorch as pl
import torch
from torch import Tensor

from nnzoo.batch import SLICE, Batch, is_binary
from nnzoo.data.loader import TensorLoader, loader_for
from nnzoo.data.points import Points, counted_points
from nnzoo.data.split import split
from nnzoo.errors import InputError, check_bool, check_choice, check_float, check_int, counted
from nnzoo.nn.scaling import SCALES, Scaling

COMPUTED = ("raw", "raw_test", "_parts", "scaling", "target_scaling", "train", "val", "test")
"""What a data module computes from its points, on first use."""

LARGE = 2**24
"""A training part with more values than this is scaled batch by batch, without a scaled copy."""


class DataModule(pl.LightningDataModule):
    """Points in memory, split, scaled and served in mini-batches.

    A subclass defines ``load``. The split is random, stratified by class, and depends on ``seed``;
    the scaling is fitted to the training part. The training order changes every epoch and depends
    only on torch's seed and the number of the epoch.

    Args:
        batch_size: points per step and process; None: the whole training part.
        val_fraction: share of the points that is kept for validation, from 0 to below 1.
        test_fraction: share of the points that is kept for a test of the best model at the end.
        folds: number of folds of a cross-validation, instead of ``val_fraction``; None: none.
        fold: index of the fold that is the validation part, from 0.
        scale: none, minmax, standard, frobenius or bipolar; see ``nnzoo.nn.Scaling``.
        target_scale: the same for regression targets.
        shuffle: whether the order changes every epoch.
        seed: seed of the split, and of points that are generated.

    Attributes:
        notes: assumptions about the points, one line each.

    Raises:
        InputError: if an argument, including those of a subclass, is invalid.
    """

    def __init__(
        self,
        batch_size: int | None = 32,
        val_fraction: float = 0.0,
        scale: str = "none",
        target_scale: str = "none",
        shuffle: bool = True,
        seed: int = 0,
        test_fraction: float = 0.0,
        folds: int | None = None,
        fold: int = 0,
    ) -> None:
        super().__init__()
        self.batch_size = None if batch_size is None else check_int("data.batch_size", batch_size)
        self.val_fraction = check_float("data.val_fraction", val_fraction, low=0)
        self.test_fraction = check_float("data.test_fraction", test_fraction, low=0)
        if self.val_fraction + self.test_fraction >= 1:
            raise InputError(
                "data.val_fraction and data.test_fraction must be less than 1 together, got "
                f"{val_fraction} and {test_fraction}"
            )
        self.folds = None if folds is None else check_int("data.folds", folds, low=2)
        self.fold = check_int("data.fold", fold, low=0, high=(self.folds or 1) - 1)
        self.scale = check_choice("data.scale", scale, SCALES)
        self.target_scale = check_choice("data.target_scale", target_scale, SCALES)
        self.shuffle = check_bool("data.shuffle", shuffle)
        self.seed = check_int("data.seed", seed, low=0)
        self.notes: list[str] = []

    def __str__(self) -> str:
        name = self.name or type(self).__name__
        return f"{name}: {self.summary}; batches of {self.batch_points()}"

    __repr__ = __str__

    def load(self) -> Points:
        """Return the whole data set, in raw units."""
        raise NotImplementedError

    def check_source(self) -> None:
        """Raise an InputError if a mapped file no longer contains all points."""

    @cached_property
    def points(self) -> Points:
        """The whole data set, in raw units."""
        return self.load()

    @property
    def n_features(self) -> int:
        """Number of features."""
        return self.points.x.shape[-1]

    @property
    def n_classes(self) -> int | None:
        """Number of classes; None without classes."""
        return len(self.class_names) or None

    @property
    def n_targets(self) -> int | None:
        """Number of regression targets; None without them."""
        return len(self.target_names) or None

    @property
    def n_clusters(self) -> int | None:
        """Number of true centroids, or of classes if there are none; None without either."""
        centroids = self.points.centroids
        return self.n_classes if centroids is None else len(centroids)

    @property
    def feature_names(self) -> list[str]:
        """One name per feature."""
        return list(self.points.feature_names)

    @property
    def class_names(self) -> list[str]:
        """One name per class; empty without classes."""
        return list(self.points.class_names)

    @property
    def target_names(self) -> list[str]:
        """One name per regression target; empty without them."""
        return list(self.points.target_names)

    @property
    def target_columns(self) -> list[str]:
        """Names of the columns of a table that hold the targets; empty for other data."""
        return []

    @property
    def unused_columns(self) -> list[str]:
        """Names of the columns of a table that are neither features nor targets."""
        return []

    @property
    def summary(self) -> str:
        """The sizes of the parts, and the classes or regression targets, in words."""
        train, val = self.raw
        text = f"{counted_points(train.x)} x {counted(self.n_features, 'feature')}"
        for part, what in ((val, "more for validation"), (self.raw_test, "for a test")):
            text += "" if part is None else f", {len(part.x)} {what}"
        if self.n_classes is not None:
            text += f", {counted(self.n_classes, 'class')}"
        if self.n_targets is None:
            return text
        kind = "labels" if is_binary(self.points.y) else "regression of"
        return f"{text}, {kind} {', '.join(self.target_names)}"

    @cached_property
    def raw(self) -> tuple[Batch, Batch | None]:
        """Training part and validation part (None without one), in raw units."""
        return self._parts[0], self._parts[1]

    @cached_property
    def raw_test(self) -> Batch | None:
        """Test part, in raw units; None without one."""
        return self._parts[2]

    @cached_property
    def _parts(self) -> tuple[Batch, Batch | None, Batch | None]:
        points = Batch(self.points.x, self.points.y)
        self.check_source()
        train, *others = self.split(len(points.x), points.y)
        if not any(map(len, others)):
            return points, None, None
        val, test = (points.at(part) if len(part) else None for part in others)
        return points.at(train), val, test

    def renewed(self, **kept: Any) -> Self:
        """Return a copy whose parts and scaling are computed again, except those that are given."""
        found = copy.copy(self)
        for name in COMPUTED:
            vars(found).pop(name, None)
        vars(found).update(kept)
        return found

    def split(self, n: int, y: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Return the sorted indices of the parts; see ``nnzoo.data.split``."""
        classes = None if y is None or y.is_floating_point() else y
        shares = {"val_fraction": self.val_fraction, "test_fraction": self.test_fraction}
        return split(n, classes, self.seed, shares, self.folds, self.fold)

    @cached_property
    def scaling(self) -> Scaling:
        """The scaling of the features, fitted to the training part."""
        x = self.raw[0].x
        self.check_source()
        return Scaling.fit(x, self.scale)

    @cached_property
    def target_scaling(self) -> Scaling | None:
        """The scaling of numeric targets, none for labels 0 and 1; None without such targets."""
        y = self.raw[0].y
        if y is None or not y.is_floating_point():
            return None
        return Scaling.fit(y, "none" if is_binary(self.points.y) else self.target_scale)

    @cached_property
    def train(self) -> Batch:
        """The training part, scaled."""
        return self._scaled(self.raw[0])

    @cached_property
    def val(self) -> Batch | None:
        """The validation part, scaled, or None."""
        return None if self.raw[1] is None else self._scaled(self.raw[1])

    @cached_property
    def test(self) -> Batch | None:
        """The test part, scaled, or None."""
        return None if self.raw_test is None else self._scaled(self.raw_test)

    def _scaled(self, part: Batch, inputs: bool = True) -> Batch:
        """Return a raw part, scaled; ``inputs=False`` scales its targets only."""
        x, y = part
        if inputs and not self.scaling.is_identity:
            x = self.scaling(x)
        return Batch(x, y if y is None or self.target_scaling is None else self.target_scaling(y))

    @property
    def is_large(self) -> bool:
        """Whether the training part is too large for a scaled copy."""
        return self.raw[0].x.numel() > LARGE

    @property
    def train_source(self) -> tuple[Batch, Scaling | None]:
        """The training part, and the scaling that its inputs still need batch by batch, or None."""
        if self.is_large and not self.scaling.is_identity:
            return self._scaled(self.raw[0], inputs=False), self.scaling
        return self.train, None

    def scaled_slices(self, part: Batch) -> Iterator[Batch]:
        """Yield a raw part, such as ``raw[0]``, scaled, at most ``SLICE`` points at a time."""
        for piece in part.split(SLICE):
            self.check_source()
            yield self._scaled(piece)

    def start_batch(self) -> Batch:
        """Return scaled training points with their targets: all, or ``SLICE`` random ones."""
        self.check_source()
        part = self.raw[0]
        if len(part.x) <= SLICE:
            return self.train
        index = torch.randperm(len(part.x))[:SLICE]
        return self._scaled(part.map(lambda values: values.index_select(0, index)))

    def batch_points(self) -> int:
        """Return the number of points in a full mini-batch."""
        points = len(self.raw[0].x)
        return min(self.batch_size or points, points)

    def setup(self, stage: str) -> None:
        # Within Lightning's inference mode they would be tensors that cannot be trained on.
        _ = self.scaling, self.val, self.test

    def train_dataloader(self) -> TensorLoader:
        """Return mini-batches of the training part, divided among processes."""
        data, scaling = self.train_source
        overfits = getattr(self.trainer, "overfit_batches", 0) > 0
        seed = torch.initial_seed() if self.shuffle and not overfits else None
        return self._loader(data, self.batch_points(), seed, scaling)

    def val_dataloader(self) -> TensorLoader | list[Any]:
        """Return the whole validation part as one batch, divided among processes; none: ``[]``."""
        return [] if self.val is None else self._loader(self.val)

    def test_dataloader(self) -> TensorLoader:
        """Return the whole test part as one batch, divided among processes.

        Raises:
            InputError: if there is none.
        """
        if self.test is None:
            raise InputError("the data have no test part: set data.test_fraction, such as to 0.2")
        return self._loader(self.test)

    def predict_dataloader(self) -> TensorLoader:
        """Return all points in their order, scaled and without targets, divided among processes."""
        points = Batch(self.points.x)
        return self._loader(points, min(len(points.x), SLICE), None, self.scaling)

    def _loader(self, data: Batch, *options: Any) -> TensorLoader:
        return loader_for(self.trainer, data, self.check_source, *options)

    def transfer_batch_to_device(
        self, batch: Any, device: torch.device, dataloader_idx: int
    ) -> Any:
        if isinstance(batch, Batch):  # its points are on the device already
            return batch
        return super().transfer_batch_to_device(batch, device, dataloader_idx)
