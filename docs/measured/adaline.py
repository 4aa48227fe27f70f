"""The numbers of docs/models/adaline.md."""

import numpy as np
from sklearn.linear_model import LinearRegression

from measured.formats import CLOSE, EXACT, Commands, Numbers, only, short
from nnzoo import load_run


def numbers(ran: Commands) -> Numbers:
    """Return how far the weights are from least squares, and their ratios."""
    sweep = only(ran, "hydra.sweep.dir=multirun/adaline")
    runs = [load_run(folder) for folder in sweep.folders[1:]]
    distances = []
    for run in runs:
        x, y = (values.double().numpy() for values in run.data.train)
        exact = LinearRegression().fit(x, 2 * y - 1)
        own = run.model.weights()
        distances.append(np.abs(own["w"][0].numpy() - exact.coef_).max())
        distances.append(abs(own["b"][0].item() - exact.intercept_))
    model = runs[0].model
    weights = model.weights()["w"][0] / model.scaling.divisor
    ratios = ", ".join(f"{4 * w / weights[0]:.1f}" for w in weights)
    (accuracy,) = {f"{value:.3f}" for value in sweep.all("accuracy")}
    return {
        "distance": (short(max(distances), 1), 2.0),
        "weights": (ratios, CLOSE),
        "accuracy": (accuracy, EXACT),
    }
