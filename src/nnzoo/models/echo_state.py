"""Echo state networks: a random reservoir, whose linear outputs ridge regression trains."""

from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from nnzoo.batch import Batch
from nnzoo.errors import InputError, check_int
from nnzoo.models.bases.recurrent import Recurrent
from nnzoo.models.training.steps import Clock, Rule
from nnzoo.nn.echo_state import Reservoir, ridge_regression
from nnzoo.nn.rbf import DoubleLinear

AHEAD = 84
"""Steps of a free run after which its error is measured, as in the source."""

STARTS = 100
"""Number of free runs whose error is measured."""


class EchoState(Recurrent):
    """Linear outputs of recurrent units with fixed random weights.

    ``h_t = (1 - a) h_{t-1} + a tanh(W [x_t, h_{t-1}] + b)`` and ``o_t = V h_t + c``. Only V and c
    learn, by ridge regression for all steps at once. The loss is the mean of ``(o - t)^2`` over
    sequences, steps and units.

    Source: H. Jaeger, 2001, "The 'echo state' approach to analysing and training recurrent neural
    networks"; H. Jaeger & H. Haas, 2004, "Harnessing nonlinearity: predicting chaotic systems and
    saving energy in wireless communication".

    Args:
        in_features: number of inputs of each step.
        units, task, washout, time_steps: see ``nnzoo.models.bases.recurrent.Recurrent``.
        hidden: number of recurrent units, the reservoir.
        spectral_radius, leak_rate, input_scale, bias_scale, density: see
            ``nnzoo.nn.echo_state.Reservoir``.
        ridge: penalty of the squared weights of the outputs, see
            ``nnzoo.nn.echo_state.ridge_regression``.

    Attributes:
        layer: the reservoir, an ``nnzoo.nn.Reservoir``.
        head: the linear outputs, in float64.

    Raises:
        InputError: if an argument is not valid.
    """

    chain: ClassVar = {"": "input and reservoir", "layer": "reservoir", "head": "output layer"}
    default_optimizer: ClassVar = None
    learns_at_once = True
    gives_probabilities = False
    figures = ("series", "free_run", "errors_by_step")

    ridge: Tensor

    def __init__(
        self,
        in_features: int,
        units: int = 1,
        task: str = "regression",
        hidden: int = 100,
        spectral_radius: float = 0.9,
        leak_rate: float = 1.0,
        input_scale: float = 0.3,
        bias_scale: float = 0.2,
        density: float = 1.0,
        ridge: float = 1e-6,
        washout: int = 0,
        time_steps: int | None = None,
    ) -> None:
        super().__init__(in_features, units, task, washout, time_steps)
        self.save_hyperparameters()
        self.add_coefficient("ridge", ridge, above=0)
        scales = (input_scale, bias_scale, density)
        self.layer = Reservoir(in_features, hidden, spectral_radius, leak_rate, *scales)
        self.head = DoubleLinear(hidden, units)

    def forward(self, x: Tensor) -> Tensor:
        """(..., time, in_features) scaled -> (..., time, units)."""
        return self.head(self.layer.states(x)).to(x.dtype)

    # Learning

    def steps(self, clock: Clock) -> tuple[Rule, ...]:
        return (Rule(timed=False),)

    def update(self, batch: Batch, clock: Clock) -> dict[str, Tensor]:
        """Return the output weights for all sequences of the batch, and the loss after it."""
        if not len(batch.x):
            return {}
        states = self.layer.states(batch.x)[..., self.washout :, :].flatten(0, -2)
        y = self.targets(batch)
        weight, bias = ridge_regression(states, y, self.ridge)
        loss = F.mse_loss(F.linear(states, weight, bias), y.double())
        return {"head.weight": weight, "head.bias": bias, "loss": loss.to(batch.x.dtype)}

    # Free runs

    @property
    def predicts_next(self) -> bool:
        """Whether the outputs are the features of the next step, by the names of the targets."""
        following = [f"next {name}" for name in self.feature_names]
        fits = self.task == "regression" and self.units == self.in_features
        return fits and self.target_names in ([], following)

    @torch.no_grad()
    def free_run(self, x: Any, steps: int) -> Tensor:
        """Continue raw sequences: after their last step, each output is the next input.

        Args:
            x: (sequences, time, in_features), or (time, in_features) for one sequence.
            steps: number of steps to predict.

        Returns:
            (..., steps, in_features) in raw units.

        Raises:
            InputError: if the targets of the training are not the features of the next step, the
                number is less than 1, or as in ``scaled``.
        """
        if not self.predicts_next:
            raise InputError(
                "a free run needs a model whose targets are the features one step later: train it "
                "on data such as data=mackey_glass with data.horizon=1"
            )
        check_int("steps", steps)
        return self._continued(self.layer.states(self.scaled(x))[..., -1, :], steps)

    def _continued(self, state: Tensor, steps: int) -> Tensor:
        """(..., units) states after the last input -> (..., steps, in_features) in raw units."""
        assert self.target_scaling is not None
        found = []
        for _ in range(steps):
            found.append(self.target_scaling.inverse(self.head(state)))
            state = self.layer.step(self.scaling(found[-1]), state)
        return torch.stack(found, -2)

    @torch.no_grad()
    def diagnostics(self, data: Any) -> dict[str, float]:
        """Return ``nrmse_84``: the root mean squared error of free runs after 84 steps, divided by
        the standard deviation, over starts in the second half of the sequences of the validation
        part; nothing if there is none, or they are too short."""
        val = data.raw[1]
        if val is None or not self.predicts_next:
            return {}
        x, y = (values[:STARTS] for values in val)
        first, last = max(self.washout, x.shape[1] // 2), x.shape[1] - AHEAD
        if first > last:
            return {}
        start = torch.linspace(first, last, -(-STARTS // len(x))).long()
        found = self._continued(self.layer.states(self.scaled(x))[:, start], AHEAD)[..., -1, :]
        errors = (found - y[:, start + AHEAD - 1]) / y.flatten(0, 1).std(0, correction=0)
        return {f"nrmse_{AHEAD}": float(errors.square().mean().sqrt())}
