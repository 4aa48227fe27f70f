"""torch's GRU, trained as the models of sequences are: the peer in docs/models/elman.md."""

from statistics import mean

import lightning.pytorch as pl
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnzoo.data import MackeyGlass
from nnzoo.engine.loop import Engine, Plan
from nnzoo.engine.progress import Member, Progress
from nnzoo.models import Recurrent
from nnzoo.nn.recurrent import over_time

EPOCHS, EVERY, RATE = 200, 10, 0.05
"""As of the experiment; the rate is the best of 0.01, 0.02, 0.03, 0.05, 0.1 and 0.2 for seeds 0
to 5, 6 steps ahead."""


class GRU(Recurrent):
    """``torch.nn.GRU`` with a linear layer. Its steps are written out, since vmap does not support
    torch's own loop."""

    def __init__(self, in_features: int, hidden: int, washout: int) -> None:
        optimizer = {"lr": RATE}
        super().__init__(in_features, 1, "regression", washout, optimizer=optimizer)
        self.save_hyperparameters()
        self.gru = nn.GRU(in_features, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)

    def forward(self, x: Tensor) -> Tensor:
        return over_time(self._steps, x)

    def _steps(self, x: Tensor) -> Tensor:
        gru, n = self.gru, self.gru.hidden_size
        inputs = F.linear(x, gru.weight_ih_l0, gru.bias_ih_l0)
        h, states = torch.zeros_like(inputs[:, 0, :n]), []
        for own in inputs.unbind(1):
            back = F.linear(h, gru.weight_hh_l0, gru.bias_hh_l0)
            reset, update = (own[:, : 2 * n] + back[:, : 2 * n]).sigmoid().chunk(2, 1)
            new = (own[:, 2 * n :] + reset * back[:, 2 * n :]).tanh()
            h = new + update * (h - new)
            states.append(h)
        return self.head(torch.stack(states, 1))


def gru_nrmse(horizon: int, washout: int, seeds: range) -> float:
    """Return the NRMSE of forecasts of the Mackey-Glass series, as of the experiment, the mean over
    seeds."""
    scale = {"scale": "standard", "target_scale": "standard"}
    data = MackeyGlass(horizon=horizon, val_fraction=0.2, batch_size=8, **scale)
    members = []
    for seed in seeds:
        torch.manual_seed(seed)
        model = GRU(1, 11, washout)
        own = model.gru(data.train.x[:2])[0]
        assert torch.allclose(model(data.train.x[:2]), model.head(own), atol=1e-6)
        model.set_scaling(data)
        members.append(Member(model, data, seed, Progress(EPOCHS), write=lambda _: None))
    quiet = {"enable_progress_bar": False, "enable_model_summary": False, "logger": False}
    pl.Trainer(accelerator="cpu", devices=1, enable_checkpointing=False, **quiet, max_epochs=1).fit(
        Engine(members, Plan(EPOCHS, every=EVERY))
    )
    found = [member.progress.best.metrics["val_r2"] for member in members]
    return mean((1 - r2) ** 0.5 for r2 in found)
