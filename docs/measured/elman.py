"""The numbers of docs/models/elman.md."""

from statistics import mean

import numpy as np

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
        for most in (WASHOUT + 1, 61):
            nrmse = linear_nrmse(horizon, most)
            found[f"linear_{horizon}_{most}"] = (short(nrmse, 2), CLOSE)
    return found


def linear_nrmse(horizon: int, most: int) -> float:
    """Return the NRMSE of linear autoregressions, one for each number of values, fitted by least
    squares to the training part: at each step that counts for the network, that of all values of
    the sequence so far, but not more than ``most``."""
    train, val = MackeyGlass(horizon=horizon, val_fraction=0.2).raw
    assert val is not None
    values, targets, val_values, val_targets = (
        part[..., 0].double().numpy() for part in (train.x, train.y, val.x, val.y)
    )
    errors = []
    for t in range(WASHOUT, values.shape[1]):
        n = min(t + 1, most)
        past = lagged(values, n)
        weights, *_ = np.linalg.lstsq(
            past.reshape(-1, n + 1), targets[:, -past.shape[1] :].ravel(), rcond=None
        )
        errors.append(lagged(val_values[:, : t + 1], n)[:, -1] @ weights - val_targets[:, t])
    return float(np.sqrt(np.square(errors).mean()) / val_targets[:, WASHOUT:].std())


def lagged(values: np.ndarray, n: int) -> np.ndarray:
    """Return 1 and the last n values at each step of sequences (sequences, time) that has so many,
    (sequences, time - n + 1, n + 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(values, n, 1)
    return np.concatenate([np.ones_like(windows[..., :1]), windows], 2)
