"""Many models of one kind, trained as one."""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from nnzoo.batch import Batch
from nnzoo.models import Model
from nnzoo.models.counting import Array, steps_per_pass, total_steps
from nnzoo.models.learner import Learner
from nnzoo.models.optimizers import build_scheduler
from nnzoo.sweeps.optimizers import Columns, StackedOptimizer, grain, kind_of
from nnzoo.sweeps.rounding import AsAlone
from nnzoo.sweeps.tracing import Recordings

MEASURED = 16
"""Members that are measured at once: the outputs of more do not fit a processor's cache."""


class Stack(Learner):
    """Models that differ in their numbers alone, as one module.

    The members' parameters are rows of a matrix. Their ``loss`` is mapped over the rows by
    ``torch.func.vmap`` and added up: the gradient of the sum is each member's own. A rule that is
    no gradient's, ``update``, is mapped likewise. Batches have a leading dimension of members.

    Args:
        members: models of one class and shape, ready for their training; they stay as they are.

    Attributes:
        whole, rest: the parameters of the members in training, (members in training, columns).
        alone: the optimizer of each member by itself; none for a rule that is no gradient's.
        present: the members in training, by their number.
        finished_after: passes of this epoch after which a member had nothing left to learn, by the
            member's number.
    """

    def __init__(self, members: Sequence[Model]) -> None:
        super().__init__()
        self.members = list(members)
        self.present = list(range(len(members)))
        self.finished_after: dict[int, int] = {}
        self.recordings = Recordings()
        self.optimizer: StackedOptimizer | None = None
        self.schedulers: dict[int, Any] = {}

        template = copy.deepcopy(members[0])
        self.loss_is_sum = template.loss_is_sum
        self._hidden = [template, _Call(template)]  # in a list, since they are no parts of it
        learnt = template.optimizer_config is not None
        self.alone = [optimizer for member in members for optimizer in member.build_optimizers()]
        dtype = next(template.parameters()).dtype
        self.columns = Columns(template, grain(self.alone[0] if learnt else None, dtype))
        rows = [self.columns.split(list(member.parameters())) for member in members]
        self.whole = nn.Parameter(torch.stack([row[0] for row in rows]), requires_grad=learnt)
        self.rest = nn.Parameter(torch.stack([row[1] for row in rows]), requires_grad=learnt)
        self._buffer_names = [name for name, _ in template.named_buffers()]
        for k, name in enumerate(self._buffer_names):
            values = [member.get_buffer(name) for member in members]
            self.register_buffer(f"buffer{k}", torch.stack(values))
        self.numbers = {
            path: torch.tensor(values, dtype=torch.float64)
            for path in filter(None, varying_of(template).values())
            if len(set(values := [_get(member, path) for member in members])) > 1
        }
        # Without a Trainer Lightning would tell a loss that asks for it an epoch, 0.
        template._trainer = object()  # type: ignore[assignment]
        if self.alone:  # a loss that depends on the step is none that can be recorded
            template.__dict__.update(step=None, progress=None, progress_step=None)

    @property
    def template(self) -> Model:
        """A model of the members' kind, whose numbers have no meaning."""
        template = self._hidden[0]
        assert isinstance(template, Model)
        return template

    def state(self) -> dict[str, Tensor]:
        """The members' parameters and buffers by name, (members in training, ...) each."""
        state = self.columns.join(self.columns.pieces(self.whole, self.rest))
        return state | {
            name: getattr(self, f"buffer{k}") for k, name in enumerate(self._buffer_names)
        }

    def each(
        self,
        method: str,
        batch: Batch | None = None,
        noise: Tensor | None = None,
        *,
        shared: bool = False,
        at_once: int | None = None,
        state: dict[str, Tensor] | None = None,
    ) -> Any:
        """What a pure method of the models gives for each member, (members in training, ...).

        Args:
            method: its name.
            batch, noise: its arguments, if any, (members in training, ...).
            shared: whether all members get the same batch, without that dimension.
            at_once: members that are reckoned at once; None: all.
            state: parameters and buffers in place of the present ones.
        """
        template, call = self._hidden
        x, y = (None, None) if batch is None else batch
        given = [value for value in (x, y, noise) if value is not None]
        state = self.state() if state is None else state
        names = [f"model.{name}" for name in state]

        def one(values: Any, numbers: Any, *given: Any) -> Any:
            for path, value in zip(self.numbers, numbers, strict=True):
                _set(template, path, value)
            rest = list(given)
            arguments = []
            if x is not None:
                arguments.append(Batch(rest.pop(0), None if y is None else rest.pop(0)))
            own = dict(zip(names, values, strict=True))
            # Members share no weights, and looking for such takes longer than a small layer.
            return functional_call(call, own, (method, *arguments, *rest), tie_weights=False)

        dims = (0, 0, *[None if shared else 0] * len(given))
        mapped = vmap(one, in_dims=dims, randomness="different", chunk_size=at_once)
        return mapped(list(state.values()), list(self.numbers.values()), *given)

    def measure(self, method: str, batch: Batch, shared: bool) -> list[dict[str, float]]:
        """Metrics by name for each member in training; see ``each``."""
        given = [value for value in batch.like(self.whole) if value is not None]
        inputs = self.whole.detach(), self.rest.detach(), *given
        run: Callable[..., Any] = partial(self._measured, method, shared)
        if self.alone:  # a rule that is no gradient's may change buffers, too
            run = self.recordings.of(("measure", method, shared), run, *inputs)
        with torch.no_grad():
            found = run(*inputs)
        columns = {name: value.double().tolist() for name, value in found.items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def keep(self, positions: list[int]) -> None:
        """Go on with some of those in training, by their place among them."""
        self.present = [self.present[position] for position in positions]
        self.recordings.clear()  # which hold the buffers and numbers of those before
        for k in range(len(self._buffer_names)):
            setattr(self, f"buffer{k}", getattr(self, f"buffer{k}")[positions])
        self.numbers = {path: values[positions] for path, values in self.numbers.items()}
        if self.optimizer is not None:
            self.optimizer.keep(positions)
        else:
            self.whole.data, self.rest.data = self.whole.data[positions], self.rest.data[positions]

    # What Learner asks for

    def on_fit_start(self) -> None:
        # Rates are reckoned in double precision; what a loss is made of is of its type.
        dtype = self.whole.dtype if self.alone else torch.float64
        self.numbers = {k: v.to(self.device, dtype) for k, v in self.numbers.items()}

    def on_train_start(self) -> None:
        super().on_train_start()
        if self.alone:  # not sooner: Lightning takes gradients away before
            kinds = list(map(kind_of, self.members))
            self.optimizer = StackedOptimizer(
                self.whole, self.rest, self.columns, self.alone, kinds
            )
        passes = total_steps(self.trainer) // steps_per_pass(self.trainer)
        for number, member in enumerate(self.members):
            if member.scheduler_config is not None:
                config = member.scheduler_config
                self.schedulers[number] = build_scheduler(self.alone[number], passes, config)
                self.alone[number].step()  # of nothing; a schedule warns of an optimizer without
        if self.schedulers and self.optimizer is not None:
            self.optimizer.refresh()

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        self.finished_after, self._passes = {}, 0

    def begin_pass(self) -> dict[str, Tensor]:
        begun: dict[str, Tensor] = {} if self.alone else self.each("begin_pass")
        return begun

    def update(self, batch: Batch) -> tuple[dict[str, Tensor], Tensor]:
        template = self.template
        template.step, template.progress = self.step, self.progress
        template.progress_step = self.progress_step
        updated: tuple[dict[str, Tensor], Tensor] = self.each("update", batch)
        return updated

    def learn(self, batch: Batch) -> Tensor:
        if self.optimizer is None:
            return super().learn(batch)
        losses, gradients = self.gradients(batch, self.optimizer.parameters())
        self.optimizer.step(gradients)
        return losses

    def gradients(self, batch: Batch, parameters: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """The members' losses, (members in training,), and their gradients by the parameters.

        Args:
            batch: (members in training, points, ...).
            parameters: of the members in training, (members in training, ...) each.

        Raises:
            RuntimeError: if the loss does not hang on a parameter.
        """
        given = [v for v in (batch.x, batch.y, self.draw(batch)) if v is not None]
        inputs = *parameters, *given
        gradients_of = partial(self._gradients, batch.y is not None)
        losses, *gradients = self.recordings.of("learn", gradients_of, *inputs)(*inputs)
        return losses, gradients

    def _measured(
        self, method: str, shared: bool, whole: Tensor, rest: Tensor, *given: Tensor
    ) -> Any:
        """Metrics by name, (members in training,): a pure function."""
        state = self.state() | self.columns.join(self.columns.pieces(whole, rest))
        return self.each(method, Batch(*given), shared=shared, at_once=MEASURED, state=state)

    def _gradients(self, has_y: bool, *inputs: Tensor) -> Any:
        """The members' losses, and each parameter's gradients of them: a pure function of the
        parameters and of a batch."""
        names = list(self.columns.shapes)
        learnt = [value.detach().requires_grad_() for value in inputs[: len(names)]]
        x, *others = inputs[len(names) :]
        y = others.pop(0) if has_y else None
        state = self.state() | dict(zip(names, learnt, strict=True))
        with torch.enable_grad(), AsAlone():  # type: ignore[no-untyped-call]  # torch's
            losses = self.each("loss", Batch(x, y), *others, state=state)
            ones = torch.ones(len(losses), dtype=losses.dtype, device=losses.device)
            # The gradient of their sum is each member's own.
            gradients = torch.autograd.grad(losses, learnt, ones)
        return losses.detach(), *gradients

    def draw(self, batch: Batch) -> Tensor | None:
        drawn = []
        for position, number in enumerate(self.present):
            member = self.members[number]
            member.step, member.progress = self.step, self.progress
            member.progress_step = self.progress_step
            y = None if batch.y is None else batch.y[position]
            noise = member.draw(Batch(batch.x[position], y))
            if noise is None:  # which holds for all of them
                return None
            drawn.append(noise)
        return torch.stack(drawn)

    def on_pass_end(self) -> None:
        self._passes += 1
        for number in self.present if self.schedulers else ():
            if number in self.schedulers:
                self.schedulers[number].step()
        if self.schedulers and self.optimizer is not None:
            self.optimizer.refresh()
        if type(self.template).finished is not Learner.finished:
            for number, done in zip(self.present, self.each("finished").tolist(), strict=True):
                if done:
                    self.finished_after.setdefault(number, self._passes)
            self.trainer.should_stop |= len(self.finished_after) == len(self.present)

    def on_train_epoch_end(self) -> None:
        """The members' losses are recorded for each of them, and not logged."""

    def losses(self) -> tuple[Array, Array]:
        """Of the steps of this epoch: the losses, (steps, members in training), and the points in
        each batch, (steps,)."""
        return torch.cat(self._losses).double().cpu().numpy(), np.array(self._sizes, dtype=float)

    def _record(self, losses: list[Tensor], sizes: list[int]) -> None:
        if losses:  # which may be nan: a member that diverges leaves the others alone
            self._losses.append(torch.stack(losses))
            self._sizes += sizes

    def _change(self, values: Any) -> None:
        state = self.state()
        for name, value in values.items():
            state[name].copy_(value)


def varying_of(model: Model) -> Mapping[str, str | None]:
    """The arguments that may differ between models of a kind: those that the class says that gives
    them their loss or rule; another one might read them otherwise."""
    for owner in type(model).__mro__:
        if "varying" in vars(owner):
            return model.varying if owner.varying is model.varying else {}  # type: ignore[attr-defined]
        if {"loss", "update", "draw"} & set(vars(owner)):
            return {}
    return {}


class _Call(nn.Module):
    """A model as a module whose ``forward`` is any of its methods."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model

    def forward(self, method: str, *arguments: Any) -> Any:
        return getattr(self.model, method)(*arguments)


def _get(owner: Any, path: str) -> Any:
    for name in path.split("."):
        owner = getattr(owner, name)
    return owner


def _set(owner: Any, path: str, value: Any) -> None:
    before, _, name = path.rpartition(".")
    setattr(_get(owner, before) if before else owner, name, value)
