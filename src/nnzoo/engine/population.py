"""Models of one kind as rows of one tensor."""

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from nnzoo.batch import Batch
from nnzoo.engine.replay import Replay
from nnzoo.models import Clock, Descend, Model, Rule
from nnzoo.models.steps import step_generator

MEASURED_AT_ONCE = 16
"""Members that are measured at once; the outputs of more do not fit into the CPU's cache."""

State = dict[str, Tensor]
"""Parameters and buffers by name, (members, ...) each."""


class Population:
    """One or more models of one class and shape, called together.

    Parameters that gradient steps change lie in a matrix with a row for each member, one matrix for
    each part that has an optimizer. Methods of the models are called directly for one member and by
    ``torch.func.vmap`` for more, and replayed where possible. Batches and results have a leading
    dimension of members.

    Args:
        members: the models, which are copied and stay unchanged.
        seeds: of their random numbers, one per member.
        device: of the population; None: the CPU.

    Attributes:
        rows: by part, (members, numbers).
        parameters: views of the rows by name, (members, ...) each.
        fixed: other parameters and all buffers by name, (members, ...) each; rules change them.
    """

    def __init__(
        self, members: Sequence[Model], seeds: Sequence[int], device: torch.device | None = None
    ) -> None:
        self.seeds = list(seeds)
        self.template = copy.deepcopy(members[0]).to(device or "cpu")
        self._method = _Method(self.template)
        self._is_noisy = type(self.template).sample_noise is not Model.sample_noise
        self.saved = list(members[0].state_dict())
        learns = self.template.default_optimizer is not None
        named_parameters = self.template.named_parameters() if learns else ()
        trained = {name: value for name, value in named_parameters if value.requires_grad}
        self.names = {
            part: [name for name in trained if not part or name.startswith(f"{part}.")]
            for part in (self.template.parts if trained else ())
        }
        named = [dict(m.named_parameters()) | dict(m.named_buffers()) for m in members]
        self.rows = {
            part: torch.stack(
                [torch.cat([own[name].detach().flatten() for name in names]) for own in named]
            ).to(device or "cpu")
            for part, names in self.names.items()
        }
        in_rows = {name for names in self.names.values() for name in names}
        self.fixed: State = {
            name: torch.stack([own[name].detach() for own in named]).to(device or "cpu")
            for name in named[0]
            if name not in in_rows
        }
        self._shapes = {name: value.shape for name, value in trained.items()}
        self._bind()

    def __len__(self) -> int:
        return len(self.seeds)

    @property
    def device(self) -> torch.device:
        """Device of the tensors."""
        return next(iter((*self.rows.values(), *self.fixed.values()))).device

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights."""
        return self.template.scaling.offset.dtype

    # State

    def _bind(self) -> None:
        """Create the views of the rows, and discard captures of earlier ones."""
        self.parameters: State = {}
        for part, names in self.names.items():
            sizes = [self._shapes[name].numel() for name in names]
            pieces = self.rows[part].split(sizes, 1)
            for name, piece in zip(names, pieces, strict=True):
                self.parameters[name] = piece.unflatten(1, self._shapes[name])
        alone = len(self) == 1
        state = self.parameters | self.fixed
        # Inputs of calls: a single member's tensors have no dimension of members.
        self._inputs = {name: value[0] if alone else value for name, value in state.items()}
        self._values = tuple(self._inputs.values())
        self.replay = Replay()

    def state(self) -> State:
        """Return copies of the saved parameters and buffers, (members, ...) each."""
        state = self.parameters | self.fixed
        return {name: state[name].detach().clone() for name in self.saved}

    def keep(self, positions: Sequence[int]) -> None:
        """Keep only the members at some positions."""
        index = torch.tensor(positions, device=self.device)
        self.seeds = [self.seeds[position] for position in positions]
        self.rows = {part: rows[index] for part, rows in self.rows.items()}
        self.fixed = {name: value[index] for name, value in self.fixed.items()}
        self._bind()

    # Calls

    def call(
        self,
        method: str,
        *arguments: Any,
        shared: bool = False,
        replay: bool = True,
        state: State | None = None,
    ) -> Any:
        """Call a pure method of all members.

        Args:
            method: its name.
            arguments: of the method; tensors and batches have a dimension of members.
            shared: the arguments are the same for all members, without that dimension.
            replay: whether the method depends on tensors alone, and so may be replayed.
            state: of some members; None: the current one of all.

        Returns:
            The result of the method, with a leading dimension of members.
        """
        values = self._values if state is None else tuple(state.values())
        tensors = [tensor for argument in arguments for tensor in _tensors(argument)]
        inputs = (*values, *tensors)
        function: Callable[..., Any] = partial(self._called, method, arguments, shared)
        if replay:
            shapes = tuple(tensor.shape for tensor in (values[0], *tensors))
            function = self.replay.of((method, shared, shapes), function, inputs)
        return function(*inputs)

    def _called(self, method: str, given: Sequence[Any], shared: bool, *inputs: Tensor) -> Any:
        """Call a method as a function of tensors: the state, then those of the arguments."""
        values, rest = inputs[: len(self._inputs)], iter(inputs[len(self._inputs) :])
        arguments = [_replaced(argument, rest) for argument in given]
        if len(self) == 1:
            single = arguments if shared else [_member(argument) for argument in arguments]
            return _with_members(self._single(values, method, single))
        tensors = [tensor for argument in arguments for tensor in _tensors(argument)]

        def one(values: Sequence[Tensor], *tensors: Tensor) -> Any:
            rest = iter(tensors)
            return self._single(values, method, [_replaced(a, rest) for a in arguments])

        dims = (0, *[None if shared else 0] * len(tensors))
        return vmap(one, in_dims=dims, randomness="different")(list(values), *tensors)

    def _single(self, values: Sequence[Tensor], method: str, arguments: Sequence[Any]) -> Any:
        names = [f"model.{name}" for name in self._inputs]
        own = dict(zip(names, values, strict=True))
        # Members have no tied weights; searching for them takes longer than a small layer.
        return functional_call(self._method, own, (method, *arguments), tie_weights=False)

    def gradients(
        self, action: Descend, batch: Batch, noise: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return the members' losses (members,) and their gradients (members, numbers).

        Raises:
            RuntimeError: if the loss does not depend on a parameter of the part.
        """
        tensors = [value for value in (batch.x, batch.y, noise) if value is not None]
        inputs = (*self._values, *tensors)
        key = (action, *[tensor.shape for tensor in tensors])
        function = partial(self._differentiated, action, (batch, noise))
        losses, gradients = self.replay.of(key, function, inputs)(*inputs)
        return losses, gradients

    def _differentiated(
        self, action: Descend, arguments: Sequence[Any], *inputs: Tensor
    ) -> tuple[Tensor, Tensor]:
        names = self.names[action.part]
        values = [
            value.detach().requires_grad_() if name in names else value
            for name, value in zip(self._inputs, inputs, strict=False)
        ]
        trained = [v for n, v in zip(self._inputs, values, strict=True) if n in names]
        with torch.enable_grad():
            rest = inputs[len(values) :]
            losses = self._called(action.loss, arguments, False, *values, *rest)
            # The gradient of the sum of losses contains each member's gradient.
            found = torch.autograd.grad(losses, trained, torch.ones_like(losses))
        return losses.detach(), torch.cat([g.reshape(len(self), -1) for g in found], 1)

    @torch.no_grad()
    def update(self, rule: Rule, batch: Batch, clock: Clock) -> Tensor | None:
        """Apply a rule to all members; return the losses before (members,), if it computes them."""
        now = clock if rule.timed else None
        changed = dict(self.call(rule.update, batch, now, replay=not rule.timed))
        losses: Tensor | None = changed.pop("loss", None)
        for name, value in changed.items():
            (self.parameters if name in self.parameters else self.fixed)[name].copy_(value)
        return losses

    def sample_noise(self, batch: Batch, step: int) -> Tensor | None:
        """Return the random numbers of a step, each member's from its own seed."""
        if not self._is_noisy:
            return None
        sampled: list[Tensor] = []
        for position, seed in enumerate(self.seeds):
            noise = self.template.sample_noise(_member(batch, position), step_generator(seed, step))
            if noise is None:  # as for all members and steps
                self._is_noisy = False
                return None
            sampled.append(noise)
        return torch.stack(sampled)

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
        parts = []
        for start in range(0, len(self), MEASURED_AT_ONCE):
            members = slice(start, start + MEASURED_AT_ONCE)
            part = batch if shared else batch.map(lambda values, m=members: values[m])  # type: ignore[misc]
            state = {name: value[members] for name, value in self._inputs.items()}
            parts.append(self.call("metrics", part, shared=shared, state=state))
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


class _Method(nn.Module):
    """A model as a module whose ``forward`` is any of its methods."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, method: str, *arguments: Any) -> Any:
        return getattr(self.model, method)(*arguments)


def _tensors(argument: Any) -> list[Tensor]:
    """Return the tensors of an argument: of a batch, or itself."""
    if isinstance(argument, Batch):
        return [value for value in argument if value is not None]
    return [argument] if isinstance(argument, Tensor) else []


def _replaced(argument: Any, tensors: Any) -> Any:
    """Return an argument with its tensors replaced by the next ones of an iterator."""
    if isinstance(argument, Batch):
        return argument.map(lambda value: next(tensors))
    return next(tensors) if isinstance(argument, Tensor) else argument


def _member(argument: Any, member: int = 0) -> Any:
    """Return one member's part of an argument."""
    if isinstance(argument, Batch):
        return argument.map(lambda value: value[member])
    return argument[member] if isinstance(argument, Tensor) else argument


def _with_members(result: Any) -> Any:
    """Return a result with a leading dimension of one member."""
    if isinstance(result, dict):
        return {name: value.unsqueeze(0) for name, value in result.items()}
    if isinstance(result, tuple):
        return tuple(None if value is None else value.unsqueeze(0) for value in result)
    return result.unsqueeze(0)
