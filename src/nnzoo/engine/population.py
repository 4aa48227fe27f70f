"""Models of one kind, with their parameters as rows of matrices."""

import copy
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import repeat
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacfwd, jacrev, vmap

from nnzoo.batch import Batch, over_points
from nnzoo.engine.layout import UnitsFirst
from nnzoo.engine.replay import Replay
from nnzoo.models import Clock, Descend, Model, Rule
from nnzoo.models.training.steps import step_generator

MEASURED_AT_ONCE = 16
"""Number of members measured at once; the outputs of more do not fit into the CPU's cache."""

State = dict[str, Tensor]
"""Parameters and buffers by name, (members, ...) each."""


class Population:
    """One or more models of one class and shape, called together.

    Each part that has an optimizer stores its trainable parameters in a matrix with a row for each
    member. Methods of the models are called directly for one member and by ``torch.func.vmap`` for
    more, and replayed where possible. Batches and results have a leading dimension of members.

    Args:
        members: the models, which are copied and stay unchanged.
        seeds: seeds of their random numbers, one per member.
        device: where the population is stored and trained.

    Attributes:
        template: a copy of the first model.
        rows: by part, (members, numbers).
        tensors: all parameters and buffers by name, (members, ...) each; some are views of rows.
    """

    def __init__(
        self, members: Sequence[Model], seeds: Sequence[int], device: torch.device | str = "cpu"
    ) -> None:
        self.seeds, self.device = list(seeds), device
        self.template = copy.deepcopy(members[0]).to(device)
        self._method = _Method(self.template)
        self._is_noisy = True
        self._saved = list(members[0].state_dict())
        learns = self.template.default_optimizer is not None
        named = self.template.named_parameters() if learns else ()
        self._shapes = {name: value.shape for name, value in named if value.requires_grad}
        self._names = {
            part: [name for name in self._shapes if not part or name.startswith(f"{part}.")]
            for part in (self.template.parts if self._shapes else ())
        }
        states = [dict(m.named_parameters()) | dict(m.named_buffers()) for m in members]
        self.tensors: State = {
            name: torch.stack([own[name].detach() for own in states]).to(device)
            for name in states[0]
        }
        self.rows = {
            part: torch.cat([self.tensors[name].reshape(len(self), -1) for name in names], 1)
            for part, names in self._names.items()
        }
        self._bind()

    def __len__(self) -> int:
        return len(self.seeds)

    # State

    def _bind(self) -> None:
        """Create the views of the rows, and discard captures of earlier ones."""
        for part, rows in self.rows.items():
            self.tensors.update(self._views(part, rows))
        # Inputs of calls: a single member's tensors have no dimension of members.
        self._values = tuple(v[0] if len(self) == 1 else v for v in self.tensors.values())
        self.replay = Replay()

    def _views(self, part: str, rows: Tensor) -> State:
        """Return the parameters of a part, (members, ...) each, as views of its numbers."""
        shapes = {name: self._shapes[name] for name in self._names[part]}
        pieces = rows.split([shape.numel() for shape in shapes.values()], 1)
        named = zip(shapes.items(), pieces, strict=True)
        return {name: piece.view(len(self), *shape) for (name, shape), piece in named}

    def state(self) -> State:
        """Return copies of the saved parameters and buffers, (members, ...) each."""
        return {name: self.tensors[name].clone() for name in self._saved}

    def keep(self, positions: Sequence[int]) -> None:
        """Keep only the members at some positions."""
        index = torch.tensor(positions, device=self.device)
        self.seeds = [self.seeds[position] for position in positions]
        self.rows = {part: rows[index] for part, rows in self.rows.items()}
        self.tensors = {name: value[index] for name, value in self.tensors.items()}
        self._bind()

    # Calls

    def call(
        self,
        method: str,
        batch: Batch,
        *others: Any,
        shared: bool = False,
        values: tuple[Tensor, ...] | None = None,
    ) -> Any:
        """Call a pure method of all members.

        Args:
            method: its name.
            batch: its first argument.
            others: further arguments; tensors have a leading dimension of members.
            shared: the arguments are the same for all members, without that dimension.
            values: parameters and buffers of some members; None: those of all.

        Returns:
            The result of the method, with a leading dimension of members.
        """
        inputs = (*(values or self._values), *batch, *others)
        function = partial(self._called, method, shared)
        if any(isinstance(other, Clock) for other in others):
            return function(*inputs)
        key = (method, shared, inputs[0].shape, *_shapes(batch, *others))
        return self.replay.of(key, function, inputs)(*inputs)

    def _called(self, method: str, shared: bool, *inputs: Any) -> Any:
        """Call a method as a function of the state's tensors, ``x``, ``y`` and other arguments."""
        values, arguments = inputs[: len(self.tensors)], inputs[len(self.tensors) :]
        one = partial(self._single, method)
        if len(self) == 1:
            if not shared:
                arguments = tuple(a[0] if isinstance(a, Tensor) else a for a in arguments)
            result = one(values, *arguments)
            if isinstance(result, dict):
                return {name: value.unsqueeze(0) for name, value in result.items()}
            return result.unsqueeze(0)
        dims = [0 if isinstance(a, Tensor) and not shared else None for a in arguments]
        with UnitsFirst():
            return vmap(one, in_dims=(0, *dims), randomness="different")(values, *arguments)

    def _single(
        self, method: str, values: Sequence[Tensor], x: Any, y: Tensor | None, *others: Any
    ) -> Any:
        own = {f"model.{name}": value for name, value in zip(self.tensors, values, strict=True)}
        # Members have no tied weights; searching for them takes longer than a small layer.
        return functional_call(self._method, own, (method, Batch(x, y), *others), tie_weights=False)

    def gradients(
        self, action: Descend, batch: Batch, noise: Tensor | None, rows: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the members' losses (members,) and their gradients (members, numbers); ``rows``:
        other numbers for the part.

        Raises:
            RuntimeError: if the loss does not depend on a parameter of the part.
        """
        values = self._values if rows is None else self.values_with(action.part, rows)
        inputs = (*values, *batch, noise)
        function = partial(self._differentiated, action)
        key = (action, *_shapes(batch, noise))
        losses, gradients = self.replay.of(key, function, inputs)(*inputs)
        return losses, gradients

    def _differentiated(self, action: Descend, *inputs: Any) -> tuple[Tensor, Tensor]:
        names = self._names[action.part]
        values = {
            name: value.detach().requires_grad_() if name in names else value
            for name, value in zip(self.tensors, inputs, strict=False)
        }
        with torch.enable_grad():
            losses = self._called(action.loss, False, *values.values(), *inputs[len(values) :])
            trained = [values[name] for name in names]
            # The gradient of the sum of losses contains each member's gradient.
            found = torch.autograd.grad(losses, trained, torch.ones_like(losses))
        return losses.detach(), torch.cat([g.reshape(len(self), -1) for g in found], 1)

    def values_with(self, part: str, rows: Tensor) -> tuple[Tensor, ...]:
        """Return the parameters and buffers, with other numbers (members, numbers) for a part."""
        views = self._views(part, rows).items()
        new = {name: value[0] if len(self) == 1 else value for name, value in views}
        return tuple((dict(zip(self.tensors, self._values, strict=True)) | new).values())

    def residuals_and_jacobian(
        self, part: str, rows: Tensor, batch: Batch, noise: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return the members' residuals (members, points, k) and their derivatives by the numbers
        of a part, (members, points, k, numbers).

        Args:
            part: the part.
            rows: its numbers, (members, numbers).
            batch, noise: (members, points, ...) each.
        """
        inputs = (*self.values_with(part, rows), *batch, noise)
        function = partial(self._linearized, part)
        key = ("jacobian", part, *_shapes(batch, noise))
        residuals, jacobian = self.replay.of(key, function, inputs)(*inputs)
        return residuals, jacobian

    def _linearized(self, part: str, *inputs: Any) -> tuple[Tensor, Tensor]:
        residuals = self._called("residuals", False, *inputs)
        names = self._names[part]
        numbers = sum(self._shapes[name].numel() for name in names)
        # A pass forward gives the derivatives by one number, a pass backward those of one output.
        derived = jacrev if residuals.shape[-1] <= numbers else jacfwd

        def at_point(weights: State, fixed: State, *point: Tensor | None) -> Tensor:
            own = fixed | weights
            alone = [None if value is None else value[None] for value in point]
            found = self._single("residuals", [own[name] for name in self.tensors], *alone)
            return found[0]

        def of_member(values: Sequence[Tensor], *points: Tensor | None) -> Tensor:
            own = dict(zip(self.tensors, values, strict=True))
            weights = {name: own.pop(name) for name in names}
            dims = [None if value is None else 0 for value in points]
            # A point's residuals depend on it alone.
            by_point = vmap(derived(at_point), in_dims=(None, None, *dims), randomness="different")
            found = by_point(weights, own, *points)
            return torch.cat([found[name].flatten(2) for name in names], 2)

        values, points = inputs[: len(self.tensors)], inputs[len(self.tensors) :]
        if len(self) == 1:
            own = [None if value is None else value[0] for value in points]
            return residuals, of_member(values, *own)[None]
        dims = [None if value is None else 0 for value in points]
        return residuals, vmap(of_member, in_dims=(0, *dims))(values, *points)

    @torch.no_grad()
    def update(
        self, rule: Rule, batch: Batch, clock: Clock, noise: Tensor | None = None
    ) -> Tensor | None:
        """Apply a rule to all members; return their losses before it (members,), if it has any."""
        others = (clock if rule.timed else None, *((noise,) if rule.noisy else ()))
        changed = dict(self.call(rule.update, batch, *others))
        losses: Tensor | None = changed.pop("loss", None)
        for name, value in changed.items():
            self.tensors[name].copy_(value)
        return losses

    def sample_noise(self, batch: Batch, step: int) -> Tensor | None:
        """Return the random numbers of a step, each member's from its own seed."""
        if not self._is_noisy:
            return None
        sampled = []
        for position, seed in enumerate(self.seeds):
            own = Batch(batch.x[position], None if batch.y is None else batch.y[position])
            noise = self.template.sample_noise(own, step_generator(seed, step))
            if noise is not None:
                sampled.append(noise)
        self._is_noisy = bool(sampled)  # a model has noise at every step or at none
        return torch.stack(sampled) if sampled else None

    @torch.no_grad()
    def measure(self, batch: Batch, shared: bool) -> dict[str, Tensor]:
        """Return the members' metrics by name, (members,) each.

        Args:
            batch: (points, ...) if shared, otherwise (members, points, ...).
            shared: whether all members are measured on the same points.
        """
        if len(self) == 1:
            found: dict[str, Tensor] = self.call("metrics", batch, shared=shared)
            return found
        states = zip(*(value.split(MEASURED_AT_ONCE) for value in self._values), strict=True)
        batches = repeat(batch) if shared else batch.split(MEASURED_AT_ONCE)
        parts = [
            self.call("metrics", part, shared=shared, values=values)
            for part, values in zip(batches, states, strict=False)
        ]
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    @torch.no_grad()
    def measure_slices(self, slices: Iterable[Batch]) -> dict[str, Tensor]:
        """Return a single member's metrics by name, (1,) each, from slices of its points."""
        call = partial(self.call, shared=True)
        means, sums = over_points((len(b.x), call("means", b), call("sums", b)) for b in slices)
        found = self.template.from_sums({name: value[0] for name, value in sums.items()})
        return means | {name: value[None] for name, value in found.items()}


class _Method(nn.Module):
    """A model as a module whose ``forward`` calls any of the model's methods."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, method: str, *arguments: Any) -> Any:
        return getattr(self.model, method)(*arguments)


def _shapes(batch: Batch, *others: Any) -> list[torch.Size | None]:
    return [getattr(value, "shape", None) for value in (*batch, *others)]
