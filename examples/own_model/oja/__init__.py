"""A model of one's own: Oja's unit."""

import torch
from torch.nn import functional as F

from nnzoo.models import Model, Rule


class Oja(Model):
    """A linear unit that learns the first principal component by Oja's rule.

    Args:
        lr: learning rate.
    """

    monitor, monitor_label = "loss", "loss: mean squared error, scaled data"

    def __init__(self, in_features, lr=0.02):
        super().__init__(in_features)
        self.save_hyperparameters()
        self.add_coefficient("lr", lr, low=0)  # checked; may differ between members of a sweep
        start = F.normalize(torch.randn(in_features), dim=0)
        self.weight = torch.nn.Parameter(start, requires_grad=False)  # no gradient changes it

    def forward(self, x):  # (..., in_features) -> (..., 1)
        return (x @ self.weight).unsqueeze(-1)

    @property
    def output_names(self):
        return ["component"]

    def loss(self, batch, noise=None):
        return F.mse_loss(self(batch.x) * self.weight, batch.x)

    def steps(self, clock):
        return (Rule("update", timed=False),)

    def update(self, batch, clock):
        y = self(batch.x)
        change = (y * (batch.x - y * self.weight)).mean(0)
        return {"weight": self.weight + self.lr * change, "loss": self.loss(batch)}
