"""The restricted Boltzmann machine: its energy, its samples and its likelihood."""

from random import Random

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnzoo.errors import InputError, check_choice, check_int

VISIBLE = ("bernoulli", "gaussian")
"""Kinds of visible units."""

ENUMERABLE = 16
"""Largest number of units of the smaller layer whose states are enumerated."""

COMPARED_UNITS = 64
"""Largest number of visible units of which a pseudo-likelihood is computed."""


class RBM(nn.Module):
    """Visible units v and hidden units h, 0 or 1, with connections between the two layers only.

    With the weights W (hidden, visible) and the biases b and c, the probability of v and h is
    ``exp(-E(v, h)) / Z``, and that of v ``exp(-F(v)) / Z`` with the free energy F:

    - ``bernoulli``: v is 0 or 1, ``E = -b·v - c·h - h·Wv``,
      ``F(v) = -b·v - sum_j log(1 + exp(c_j + W_j·v))``.
    - ``gaussian``: ``E = sum_i (v_i - b_i)^2 / 2 s_i^2 - c·h - h·W(v / s^2)`` with learned standard
      deviations s, so that v given h is normal with the means ``b + h·W``.

    Sources: P. Smolensky, 1986, "Information processing in dynamical systems: foundations of
    harmony theory"; gaussian with learned deviations: K. Cho, A. Ilin & T. Raiko, 2011, "Improved
    learning of Gaussian-Bernoulli restricted Boltzmann machines".

    Args:
        features: number of visible units.
        hidden: number of hidden units.
        visible: kind of the visible units, one of ``VISIBLE``.

    Attributes:
        layer: the weights (hidden, visible) and the biases of the hidden units.
        visible_bias: (visible,).
        log_variance: ``log s^2``, (visible,), of gaussian units; otherwise None.
        compared: indices of the visible units of the pseudo-likelihood.

    Raises:
        InputError: if a number is not a whole number of at least 1, or the kind is unknown.
    """

    def __init__(self, features: int, hidden: int, visible: str = "bernoulli") -> None:
        super().__init__()
        self.layer = nn.Linear(check_int("features", features), check_int("hidden", hidden))
        self.sigmoid = nn.Sigmoid()
        nn.init.normal_(self.layer.weight, std=0.01)
        nn.init.zeros_(self.layer.bias)
        self.visible_bias = nn.Parameter(torch.zeros(features))
        self.compared = Random(0).sample(range(features), min(features, COMPARED_UNITS))
        is_gaussian = check_choice("model.visible", visible, VISIBLE) == "gaussian"
        self.log_variance = nn.Parameter(torch.zeros(features)) if is_gaussian else None

    def forward(self, v: Tensor) -> Tensor:
        """Return the probabilities of the hidden units, (..., visible) -> (..., hidden)."""
        return self.sigmoid(self.net_input(v))

    def net_input(self, v: Tensor) -> Tensor:
        """Return the net inputs of the hidden units, (..., visible) -> (..., hidden)."""
        inputs: Tensor = self.layer(v if self.log_variance is None else v / self.log_variance.exp())
        return inputs

    def visible_mean(self, h: Tensor) -> Tensor:
        """Return the means of the visible units, (..., hidden) -> (..., visible)."""
        inputs = h @ self.layer.weight + self.visible_bias
        return self.sigmoid(inputs) if self.log_variance is None else inputs

    def free_energy(self, v: Tensor) -> Tensor:
        """Return the free energies, (..., visible) -> (...)."""
        if self.log_variance is None:
            own = -v @ self.visible_bias
        else:
            own = ((v - self.visible_bias).square() / (2 * self.log_variance.exp())).sum(-1)
        return own - F.softplus(self.net_input(v)).sum(-1)

    # Samples

    def noise(self, *size: int, generator: torch.Generator) -> Tensor:
        """Return random numbers for steps of ``gibbs``, (*size, hidden + visible)."""
        hidden, features = self.layer.weight.shape
        sample = torch.rand if self.log_variance is None else torch.randn
        uniform = torch.rand(*size, hidden, generator=generator)
        return torch.cat([uniform, sample(*size, features, generator=generator)], -1)

    @torch.no_grad()
    def gibbs(self, v: Tensor, noise: Tensor) -> Tensor:
        """Sample the hidden units given v, then the visible units given these, without gradients.

        Args:
            v: (..., visible).
            noise: random numbers of ``noise``, (..., hidden + visible).
        """
        return self.sample_visible(self.sample_hidden(v, noise), noise)

    @torch.no_grad()
    def sample_hidden(self, v: Tensor, noise: Tensor) -> Tensor:
        """Sample the hidden units given v, (..., visible) -> (..., hidden); for the noise see
        ``gibbs``."""
        uniform, _ = noise.split(list(self.layer.weight.shape), -1)
        return (uniform < self(v)).to(v)

    @torch.no_grad()
    def sample_visible(self, h: Tensor, noise: Tensor) -> Tensor:
        """Sample the visible units given h, (..., hidden) -> (..., visible); for the noise see
        ``gibbs``."""
        _, own = noise.split(list(self.layer.weight.shape), -1)
        mean = self.visible_mean(h)
        if self.log_variance is None:
            return (own < mean).to(h)
        return mean + (self.log_variance / 2).exp() * own

    def walk(self, v: Tensor, noise: Tensor) -> Tensor:
        """Return v after k steps of ``gibbs``, for noise (..., k, hidden + visible)."""
        for step in noise.unbind(-2):
            v = self.gibbs(v, step)
        return v

    @torch.no_grad()
    def sample(self, n: int, steps: int, generator: torch.Generator) -> Tensor:
        """Return n samples of the visible units, (n, visible), after steps of ``gibbs`` that start
        at the means without hidden units."""
        v = self.visible_mean(self.visible_bias.new_zeros(n, len(self.layer.bias)))
        for _ in range(steps):
            v = self.gibbs(v, self.noise(n, generator=generator).to(v))
        return v

    # Learning

    def energy_gap(self, v: Tensor, samples: Tensor) -> Tensor:
        """Return the mean free energy of points (points, visible) minus that of samples of the
        model (samples, visible).

        With samples without a gradient, its gradient is that of minus the mean log-likelihood.
        """
        n = len(v)
        energies = self.free_energy(torch.cat([v, samples]))  # one call takes less time
        if len(samples) == n:  # a difference of each point has smaller rounding errors
            return (energies[:n] - energies[n:]).mean()
        return energies[:n].mean() - energies[n:].mean()

    def contrastive_loss(self, v: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return ``energy_gap`` for samples that start at the points: the loss of contrastive
        divergence.

        Args:
            v: the points, (points, visible).
            noise: random numbers of k steps, (points, k, hidden + visible); None: the
                reconstruction is taken for a sample.

        Source: G. E. Hinton, 2002, "Training products of experts by minimizing contrastive
        divergence".
        """
        walked = self.visible_mean(self(v)).detach() if noise is None else self.walk(v, noise)
        return self.energy_gap(v, walked)

    # Likelihoods

    @property
    def smaller(self) -> int:
        """Number of units whose states ``log_partition`` enumerates."""
        hidden, features = self.layer.weight.shape
        return hidden if self.log_variance is not None else min(hidden, features)

    @property
    def is_enumerable(self) -> bool:
        """Whether these units are few enough for the exact likelihood."""
        return self.smaller <= ENUMERABLE

    def log_partition(self) -> Tensor:
        """Return ``log Z``, by a sum over all states of the smaller layer.

        Raises:
            InputError: if that layer has more than ``ENUMERABLE`` units.
        """
        weight, bias, b = self.layer.weight, self.layer.bias, self.visible_bias
        if not self.is_enumerable:
            raise InputError(
                f"the likelihood is a sum over all states of {self.smaller} units, and is computed "
                f"for at most {ENUMERABLE}"
            )
        places = torch.arange(self.smaller, device=b.device)
        states = (torch.arange(2**self.smaller, device=b.device)[:, None] >> places & 1).to(b)
        if self.log_variance is not None:
            mean, variance = states @ weight + b, self.log_variance.exp()
            squares = ((mean.square() - b.square()) / (2 * variance)).sum(-1)
            logs = states @ bias + squares + (2 * torch.pi * variance).log().sum() / 2
        elif self.smaller == len(b):
            logs = -self.free_energy(states)
        else:
            logs = states @ bias + F.softplus(states @ weight + b).sum(-1)
        return logs.logsumexp(0)

    def log_likelihood(self, v: Tensor) -> Tensor:
        """Return the exact ``log p(v)`` in nats, of a density if gaussian; (..., visible) -> (...);
        an InputError as in ``log_partition``."""
        return -self.free_energy(v) - self.log_partition()

    def pseudo_log_likelihood(self, v: Tensor) -> Tensor:
        """Return ``sum_i log p(v_i | all other v)`` of bernoulli units, (points, visible) ->
        (points,), in nats.

        A value between 0 and 1 counts as the probability of 1. With more than ``COMPARED_UNITS``
        units, the sum is estimated from that many random ones, which are always the same.

        Source: J. Besag, 1975, "Statistical analysis of non-lattice data".
        """
        weight, features = self.layer.weight, v.shape[-1]
        inputs, total = self.net_input(v), torch.zeros_like(v[..., 0])
        for i in self.compared:  # one at a time: each needs (points, hidden) numbers
            off = inputs - v[..., i, None] * weight[:, i]
            difference = F.softplus(off + weight[:, i]) - F.softplus(off)
            logit = self.visible_bias[i] + difference.sum(-1)
            total = total - F.binary_cross_entropy_with_logits(logit, v[..., i], reduction="none")
        return total * (features / len(self.compared))
