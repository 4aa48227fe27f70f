"""The base of all models: sizes from data, scaling, predictions and checkpoints."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from nnzoo.batch import Batch, as_batch, as_numbers, check_finite, is_text_table
from nnzoo.errors import InputError, check_float, check_int, counted
from nnzoo.models.parts.data_checks import check_features, check_one_batch, check_time
from nnzoo.models.parts.saving import CHECKPOINT_FORMAT, NAMES, checksum
from nnzoo.models.parts.summary import Summary, call_text, summary
from nnzoo.models.parts.unscaled import warn_unscaled
from nnzoo.models.training.trainable import Trainable
from nnzoo.models.training.whole_batch import check_whole
from nnzoo.nn import Scaling


def names_of(kind: type[Any]) -> dict[str, str]:
    """Return the names by which ``nnzoo.runs.classes.model_class`` finds a class again."""
    return {"class": kind.__name__, "module": kind.__module__}


class Model(Trainable):
    """A network with its loss, training steps and predictions.

    A subclass defines ``forward`` and ``loss``, or its own ``steps`` and rules. It trains under any
    ``lightning.Trainer``, with any DataLoader of ``x`` or ``(x, y)``. Numbers that may differ
    between models trained together are 0-d buffers (``add_coefficient``); plain attributes must be
    equal.

    Args:
        in_features: number of inputs.
        options: ``optimizer`` and ``scheduler``, see ``Trainable``.

    Attributes:
        scaling: maps raw values to scaled units; saved with the weights.
        feature_names, class_names, target_names: of the training data; saved with the weights.

    Raises:
        InputError: if an argument, also one of a subclass, is not valid.
    """

    monitor: str = "loss"  # the metric whose lowest value selects the best epoch
    monitor_label: str = "loss"  # its name on the axis of a figure, with the unit
    prefers_later = False  # whether of epochs with equal values the last one is the best
    compared_from: float = 0.0  # share of the training before which the monitor says nothing
    task: str | None = None  # what it learns of the targets; None: it needs none
    measured_whole = False  # whether a metric needs all points at once, not slice by slice
    learns_sequences = False  # whether its points are sequences, (time, in_features) each
    figures: tuple[str, ...] = ("curve",)  # names of its figures
    chain: ClassVar[Mapping[str, str]] = {}
    """Submodules in the order of computation, each with the name of its last layer, for the drawing
    of the network; the key "" names the input, if it is not the features."""

    learns_at_once = False  # whether each step is on all training points
    chain_has_outputs = True  # whether its last layer has the outputs
    stage_names: tuple[str, ...] = ()  # if ``stages`` are shares of the training
    losses: ClassVar[Mapping[str, str]] = {}  # metrics by the names that the figure has for them

    def __init__(self, in_features: int, **options: Any) -> None:
        super().__init__(**options)
        self.in_features = check_int("model.in_features", in_features)
        self.scaling = Scaling(in_features)
        self.feature_names = [f"x{i + 1}" for i in range(in_features)]
        self.class_names: list[str] = []
        self.target_names: list[str] = []
        self.target_columns: list[str] = []
        self.unused_columns: list[str] = []

    def __repr__(self) -> str:
        return call_text(self)

    def summary(self) -> Summary:
        """Return the layers, their shapes and parameters, and the source, as a table to print."""
        return summary(self)

    def add_coefficient(self, name: str, value: Any, **bounds: float) -> None:
        """Register a number as a 0-d buffer of float64.

        Raises:
            InputError: if it is not a number within the bounds, see ``check_float``.
        """
        checked = check_float(f"model.{name}", value, **bounds)
        self.register_buffer(name, torch.tensor(checked, dtype=torch.float64), persistent=False)

    # Data

    @classmethod
    def sizes(cls, data: Any) -> dict[str, Any]:
        """Return the arguments of the constructor that depend on a data module."""
        check_time(cls.learns_sequences, data)
        return {"in_features": data.n_features}

    def check(self, data: Any) -> None:
        """Raise an InputError if the model cannot learn from a data module."""
        check_time(self.learns_sequences, data)
        check_features(self.in_features, data)
        if self.learns_at_once and self.training:
            check_one_batch(data)

    def monitored(self, data: Any) -> str:
        """Return the metric that selects the best epoch: that of a validation part, if any."""
        return self.monitor if data.raw[1] is None else f"val_{self.monitor}"

    def set_scaling(self, data: Any) -> None:
        """Copy a data module's scaling and names."""
        self.scaling.load_state_dict(data.scaling.state_dict())
        for name in NAMES:
            setattr(self, name, list(getattr(data, name)))

    def diagnostics(self, data: Any) -> dict[str, float]:
        """Return further metrics by name, computed once after the training."""
        return {}

    def notes(self, data: Any) -> list[str]:
        """Return what to note about data that the model is about to learn, a line each."""
        return []

    @property
    def needs_scaling(self) -> bool:
        """Whether features with large values keep the model from learning."""
        return self.default_optimizer is not None

    @property
    def ignored_columns(self) -> list[str]:
        """Columns of the training table that are no features."""
        return [*self.target_columns, *self.unused_columns]

    @property
    def prototype(self) -> Tensor:
        """An empty tensor of the weights' dtype, on their device."""
        return next(self.parameters()).detach().new_empty(0)  # ``dtype`` ignores ``bfloat16()``

    # Predictions; raw values are tensors, arrays or lists, (points, in_features) or (in_features,),
    # or a DataFrame with the features' names in any order

    @property
    def output_names(self) -> list[str]:
        """Names along the last dimension of ``predict``; empty: they have none."""
        return []

    @property
    def output_scaling(self) -> Scaling | None:
        """The scaling of the outputs, which ``predict`` undoes; None: they have no raw units."""
        return None

    def scaled(self, x: Any) -> Tensor:
        """Return raw values in scaled units, as a tensor (..., in_features).

        Raises:
            InputError: if they are not finite numbers, or the last dimension is not
                ``in_features``.
        """
        if hasattr(x, "columns") or isinstance(x, Mapping) or is_text_table(x):
            from nnzoo.tables.frames import values_like  # pandas is slow to import

            x = values_like(x, self.feature_names, self.ignored_columns)
        x = as_numbers(x).to(self.device)
        if self.in_features == 1 and x.ndim == 1 and len(x) != 1:  # points of a single feature
            x = x[:, None]
        if x.ndim == 0 or x.shape[-1] != self.in_features:
            raise InputError(
                f"the input must have {counted(self.in_features, 'value')} per point, got the "
                f"shape {tuple(x.shape)}"
            )
        scaled: Tensor = self.scaling(x).to(self.prototype)
        check_finite(scaled, x)
        return scaled

    @torch.no_grad()
    def predict(self, x: Any) -> Tensor:
        """Return ``forward`` of raw values, in raw units if the outputs have any; errors as in
        ``scaled``."""
        output: Tensor = self(self.scaled(x))
        return output if self.output_scaling is None else self.output_scaling.inverse(output)

    def predict_labels(self, x: Any) -> list[str] | None:
        """Return a list of labels, one for each raw point (..., in_features), also for a single
        point; None: the model has no labels."""
        return None

    @torch.no_grad()
    def sample(self, n: int, seed: int = 0) -> Tensor:
        """Return n new points like those trained on, (n, in_features) in raw units.

        They are the same for the same seed; torch's global generator is not used.

        Raises:
            InputError: if the model cannot sample, n is less than 1, or the seed is not a whole
                number of at least 0.
        """
        generator = torch.Generator().manual_seed(check_int("seed", seed, low=0, high=2**63 - 1))
        return self.scaling.inverse(self.generate(check_int("n", n), generator))

    def generate(self, n: int, generator: torch.Generator) -> Tensor:
        """Return n new points (n, in_features) in scaled units."""
        raise InputError("this model cannot sample; model=dbn, gan, rbm and vae can")

    def known_weights(self, data: Any) -> dict[str, Tensor]:
        """Return what the learned weights should be, by the names of ``weights``, for data that
        were made from it; empty: it is not known."""
        return {}

    def weights(self) -> dict[str, Tensor]:
        """Return the learned weights by name, as a user sees them."""
        return {name: parameter.detach() for name, parameter in self.named_parameters()}

    @property
    def stage_shares(self) -> dict[str, float]:
        """Shares of the training by the names of its stages; empty: it has no stages."""
        shares: list[float] = getattr(self, "stages", [])
        return dict(zip(self.stage_names, shares, strict=False))

    def plot(self, kind: str | None = None, ax: Any = None, data: Any = None) -> Any:
        """Draw figures of the model.

        Args:
            kind: one of ``figures``, or ``points``, ``network`` or ``activations``; None: all of
                ``figures`` that suit the data; without data, the network.
            ax: axes in a grid that are replaced by the figure, or a SubFigure; None: a new figure.
            data: a data module, or points, with their targets if the model learns such (see
                ``models.parts.align.data_for``); None: ``network`` and ``activations`` need none.

        Returns:
            The matplotlib Figure.

        Raises:
            InputError: if there is no such figure, it needs data, or the axes are not in a grid.
        """
        from nnzoo.models.parts.align import data_for, name_of
        from nnzoo.models.pictures.drawing import Drawing
        from nnzoo.models.pictures.plot import plot  # matplotlib is slow to import

        title = type(self).__name__ + (f" on {name_of(data)}" if data is not None else "")
        drawn = None if data is None else data_for(self, data)
        return plot(Drawing(self, None, drawn, [], title, own=False), kind, ax)

    def start_of(self, kind: type["Model"]) -> "Model":
        """Return a model of a class with the weights from which a training can start; an InputError
        if this one has none for the class."""
        if kind is type(self):
            return self
        raise InputError(
            f"its class is {type(self).__name__}, from whose weights no {kind.__name__} can start"
        )

    # Hooks of Lightning

    def setup(self, stage: str) -> None:
        super().setup(stage)
        if stage == "fit" and (data := self._data_module()) is not None:
            self.check(data)
            check_whole(self, data)
            self.set_scaling(data)

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        batches = self.trainer.num_training_batches
        if self.learns_at_once and batches > 1:
            raise InputError(
                "this model learns all points in one step, and the loader has "
                f"{batches} batches: set its batch_size to the number of points"
            )
        if batch_idx == 0 and self.current_epoch == 0 and self.needs_scaling:
            x = as_batch(batch).x
            if self._data_module() is None and x.shape[-1] == self.in_features and len(x):
                warn_unscaled(x, self.feature_names)

    def as_batch(self, batch: Any) -> Batch:
        """Return a loader's output as a Batch of the weights' dtype, with its width checked."""
        found = as_batch(batch)
        if found.x.shape[-1:] != (self.in_features,):
            raise InputError(
                f"the model expects {counted(self.in_features, 'feature')} per point, but the "
                f"batch has the shape {tuple(found.x.shape)}"
            )
        return found.like(self.prototype)

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self(Model.as_batch(self, batch).x)  # targets are not needed

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint.get("hyper_parameters", {}).pop("_instantiator", None)  # of LightningCLI
        names = {name: getattr(self, name) for name in NAMES}
        checkpoint["nnzoo"] = {
            **names_of(type(self)),
            "format": CHECKPOINT_FORMAT,
            "checksum": checksum(checkpoint["state_dict"]),
            **names,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        for name in NAMES:
            setattr(self, name, checkpoint["nnzoo"][name])
