"""The numbers of docs/models/elman.md."""

from statistics import mean

import numpy as np
from torch import Tensor

from measured.formats import CLOSE, EXACT, Commands, Numbers, only, short
from measured.gru import gru_nrmse
from nnzoo import load_model, load_run
from nnzoo.data import MackeyGlass

WASHOUT = 20
"""Steps of a sequence that do not count, so that a linear model gets 21 values at least."""


def numbers(ran: Commands) -> Numbers:
    """Return errors by step of the temporal XOR, and those of forecasts beside a linear model's."""
    return bits(ran) | amplitude(ran) | forecasts(ran)


def bits(ran: Commands) -> Numbers:
    """Return the root mean squared error of each third step, means over seeds."""
    folders = only(ran, "experiment=temporal_xor", "-m").folders[1:]
    errors = []
    for folder in folders:
        x, y = load_run(folder).data.raw[1]
        by_step = (load_model(folder).predict(x) - y).square().mean((0, 2)).sqrt()
        errors.append([float(by_step[k::3].mean()) for k in (0, 1, 2)])
    falls = sum(second < 0.9 * min(first, third) for first, second, third in errors)
    return {
        "predictable": (short(mean(e[1] for e in errors), 2), CLOSE),
        "random": (short(mean(e[k] for e in errors for k in (0, 2)), 2), CLOSE),
        "falls": (str(falls), EXACT),
    }


def amplitude(ran: Commands) -> Numbers:
    """Return the error on neurolab's sequence, the mean over seeds."""
    rmse = only(ran, "hydra.sweep.dir=multirun/amplitude").all("rmse")
    return {"amplitude": (short(mean(rmse), 2), CLOSE)}


def forecasts(ran: Commands) -> Numbers:
    """Return the NRMSE of the validation part by horizon, beside those of the peers."""
    run = only(ran, "experiment=mackey_glass", "-m")
    found: Numbers = {}
    for horizon in (1, 6):
        typed = f"data.horizon={horizon}"
        own = [r["metrics"]["val_r2"] for r in run.results if typed in r["overrides"]]
        found[f"elman_{horizon}"] = (short(mean((1 - r2) ** 0.5 for r2 in own), 2), CLOSE)
        gru = gru_nrmse(horizon, WASHOUT, range(201, 211))
        found[f"gru_{horizon}"] = (short(gru, 2), 2 * CLOSE)
        found[f"linear_{horizon}"] = (short(linear_nrmse(horizon), 2), CLOSE)
    return found


def linear_nrmse(horizon: int) -> float:
    """Return the NRMSE of a linear autoregression of the last 21 values, fitted by least squares to
    the steps of the training part that count for the network."""
    train, val = MackeyGlass(horizon=horizon, val_fraction=0.2).raw
    assert val is not None
    (x, y), (val_x, val_y) = (map(lagged, part) for part in (train, val))  # type: ignore[arg-type]
    weights, *_ = np.linalg.lstsq(x, y[:, -1], rcond=None)
    error = val_x @ weights - val_y[:, -1]
    return float(np.sqrt((error**2).mean()) / val_y[:, -1].std())


def lagged(values: Tensor) -> np.ndarray:
    """Return ones and the last 21 values at each step that counts, (steps, 22), the newest last."""
    windows = values[..., 0].double().unfold(1, WASHOUT + 1, 1).flatten(0, 1).numpy()
    return np.column_stack([np.ones(len(windows)), windows])
