"""Optimizers of many models at once, each with hyper-parameters of its own."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adagrad, Optimizer

from nnzoo.models import Model


class Columns:
    """Where the parameters of models of one shape lie in two matrices with a row a model.

    A processor's vector instructions take some numbers at a time, and may round otherwise than
    those for single numbers, which do what remains at the end of a tensor. So that each number is
    rounded as it would be in a model alone, the remainders have a matrix of their own.

    Args:
        model: one of the models.
        grain: numbers that the processor takes at a time.

    Attributes:
        grain: the same.
        shapes: of the parameters by name.
        wholes, rests: columns of each in the first and in the second matrix.
    """

    def __init__(self, model: nn.Module, grain: int) -> None:
        self.grain = grain
        self.shapes = {name: value.shape for name, value in model.named_parameters()}
        self.rests = [shape.numel() % grain for shape in self.shapes.values()]
        sizes = [shape.numel() for shape in self.shapes.values()]
        self.wholes = [size - rest for size, rest in zip(sizes, self.rests, strict=True)]

    def split(self, values: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """A model's parameters, or what is shaped like them, as its two rows."""
        parts = list(zip([value.detach().flatten() for value in values], self.wholes, strict=True))
        whole = torch.cat([value[:size] for value, size in parts])
        return whole, torch.cat([value[size:] for value, size in parts])

    def pieces(self, whole: Tensor, rest: Tensor) -> list[tuple[Tensor, ...]]:
        """Of each parameter its part of the two matrices: (models, ...), or two times (models,
        columns) where both have some of it."""
        found: list[tuple[Tensor, ...]] = []
        parts = zip(whole.split(self.wholes, 1), rest.split(self.rests, 1), strict=True)
        for shape, (first, last) in zip(self.shapes.values(), parts, strict=True):
            if first.shape[1] and last.shape[1]:
                found.append((first, last))
            else:
                found.append(((first if first.shape[1] else last).view(len(whole), *shape),))
        return found

    def join(self, pieces: Sequence[tuple[Tensor, ...]]) -> dict[str, Tensor]:
        """The parameters by name, (models, ...) each, of their pieces."""
        return {
            name: piece[0] if len(piece) == 1 else torch.cat(piece, 1).unflatten(1, shape)
            for (name, shape), piece in zip(self.shapes.items(), pieces, strict=True)
        }


class StackedOptimizer:
    """One step for all members, by torch's own optimizer.

    It treats each number by itself, and members that have their hyper-parameters in common, and
    stand side by side, as one tensor.

    Args:
        whole, rest: the members' parameters; see ``Columns``.
        columns: of them.
        optimizers: of each member alone: their hyper-parameters are taken, as they are at the
            time, and their schedules may change them.
        kinds: of each member what its hyper-parameters follow from: equal for those that have them
            in common all the time.
    """

    def __init__(
        self,
        whole: nn.Parameter,
        rest: nn.Parameter,
        columns: Columns,
        optimizers: Sequence[Optimizer],
        kinds: Sequence[Any],
    ) -> None:
        self.whole, self.rest, self.columns = whole, rest, columns
        self.optimizers, self.kinds = list(optimizers), list(kinds)
        self._build()

    def parameters(self) -> list[Tensor]:
        """The parameters, (members, ...) each."""
        return list(self.columns.join(self.pieces).values())

    def step(self, gradients: Sequence[Tensor]) -> None:
        """Change the parameters by their gradients, (members, ...) each."""
        for gradient, places in zip(gradients, self.places, strict=True):
            if len(places) == 1:
                places[0].copy_(gradient)
            else:
                flat, size = gradient.flatten(1), places[0].shape[1]
                places[0].copy_(flat[:, :size])
                places[1].copy_(flat[:, size:])
        self.optimizer.step()

    def refresh(self) -> None:
        """Take over the members' hyper-parameters, after a schedule has changed them."""
        for (first, _), group in zip(self.runs, self.optimizer.param_groups, strict=True):
            group |= _options(self.optimizers[first])

    def keep(self, positions: list[int]) -> None:
        """Go on with some of the members, and reduce the parameters to them."""
        state = self.state()
        for matrix in (self.whole, self.rest):
            matrix.data = matrix.data[positions]
        self.optimizers = [self.optimizers[position] for position in positions]
        self.kinds = [self.kinds[position] for position in positions]
        self._build()
        for (first, last), group in zip(self.runs, self.optimizer.param_groups, strict=True):
            kept = positions[first:last]
            for name, (whole, rest) in state.items():
                params = group["params"]
                values = self._cut(whole[kept], rest[kept]) if whole.ndim else [whole] * len(params)
                for p, value in zip(params, values, strict=True):
                    self.optimizer.state[p][name] = value.clone()

    def load(
        self,
        position: int,
        parameters: Sequence[Tensor],
        state: Mapping[str, tuple[Tensor, Tensor]],
    ) -> Optimizer:
        """A member's own optimizer with its state.

        Args:
            position: of the member.
            parameters: of the member's model.
            state: of all members, from ``state``.
        """
        optimizer = self.optimizers[position]
        for name, (whole, rest) in state.items():
            if whole.ndim:
                row = slice(position, position + 1)
                pieces = self.columns.pieces(whole[row], rest[row])
                values = [value[0].cpu() for value in self.columns.join(pieces).values()]
            else:
                values = [whole.cpu()] * len(parameters)
            for p, value in zip(parameters, values, strict=True):
                optimizer.state[p][name] = value.clone()
        return optimizer

    def _build(self) -> None:
        """Make the optimizer for the present members."""
        for matrix in (self.whole, self.rest):
            matrix.grad = torch.zeros_like(matrix)  # of which the optimizer has views
        assert self.whole.grad is not None
        assert self.rest.grad is not None
        self.pieces = self.columns.pieces(self.whole.detach(), self.rest.detach())
        self.places = self.columns.pieces(self.whole.grad, self.rest.grad)
        self.runs = []
        groups = []
        for _, run in groupby(range(len(self.kinds)), key=self.kinds.__getitem__):
            members = list(run)
            first, last = members[0], members[-1] + 1
            params = self._cut(self.whole.detach()[first:last], self.rest.detach()[first:last])
            grads = self._cut(self.whole.grad[first:last], self.rest.grad[first:last])
            for param, grad in zip(params, grads, strict=True):
                param.grad = grad
            self.runs.append((first, last))
            groups.append({"params": params, **_options(self.optimizers[first])})
        kind: Any = type(self.optimizers[0])
        self.optimizer: Optimizer = kind(groups)
        for group in groups if kind is Adagrad else ():  # which reads it from no group
            for param in group["params"]:
                self.optimizer.state[param]["sum"].fill_(group["initial_accumulator_value"])

    def _cut(self, whole: Tensor, rest: Tensor) -> list[Tensor]:
        """What the optimizer is given of some members' rows: pieces of the rest are too short to be
        taken several numbers at a time."""
        pieces = rest.reshape(-1).split(self.columns.grain - 1) if rest.numel() else ()
        return [whole, *pieces] if whole.numel() else list(pieces)

    def state(self) -> dict[str, tuple[Tensor, Tensor]]:
        """What the optimizer keeps, by torch's names for it: of each number as two matrices, of the
        whole as one number twice."""
        groups = [
            [self.optimizer.state[p] for p in group["params"]]
            for group in self.optimizer.param_groups
        ]
        found = {}
        for name, value in groups[0][0].items():
            if not isinstance(value, Tensor) or value.ndim == 0:
                number = torch.as_tensor(value)
                found[name] = number, number
                continue
            has_whole = self.whole.numel() > 0
            wholes = [states[0][name] for states in groups] if has_whole else [self.whole]
            rests = [state[name].flatten() for states in groups for state in states[has_whole:]]
            rest = torch.cat(rests) if rests else self.rest
            found[name] = torch.cat(wholes).detach(), rest.view_as(self.rest).detach()
        return found


def kind_of(model: Model) -> tuple[Any, Any]:
    """What a model's hyper-parameters follow from."""
    return model.optimizer_config, model.scheduler_config


def grain(optimizer: Optimizer | None, dtype: torch.dtype) -> int:
    """Numbers that an optimizer's loops take at a time on a CPU."""
    if optimizer is None:
        return 1
    # torch's optimizers use instructions for 32 bytes, also where a processor has wider ones; its
    # loops that are not fused take two such vectors at a time.
    fused = optimizer.param_groups[0].get("fused")
    return 32 // dtype.itemsize * (1 if fused else 2)


def _options(optimizer: Optimizer) -> dict[str, Any]:
    return {key: value for key, value in optimizer.param_groups[0].items() if key != "params"}
