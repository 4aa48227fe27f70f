"""The numbers of docs/models/sanger.md."""

import numpy as np
from sklearn.decomposition import PCA, IncrementalPCA

from measured.formats import CLOSE, ROUGH, Commands, Numbers, only, short
from nnzoo import load_run


def numbers(ran: Commands) -> Numbers:
    """Return the largest angles to principal components, and how far errors exceed the lowest."""
    found: Numbers = {}
    excess: list[float] = []
    incremental: list[float] = []
    for name, folder in (("wine", "sanger"), ("digits", "sanger_digits")):
        sweep = only(ran, f"hydra.sweep.dir=multirun/{folder}")
        angles = []
        for path in sweep.folders[1:]:
            run = load_run(path)
            x = run.data.train.x.double().numpy()
            exact = PCA(4).fit(x)
            weight = run.model.weights()["components"].double().numpy()
            cosines = np.abs((weight * exact.components_).sum(1)) / np.linalg.norm(weight, axis=1)
            angles.append(float(np.degrees(np.arccos(cosines.clip(max=1))).max()))
            best = _error(exact, x)
            own = run.model(run.data.train.x.to(run.model.dtype)).double().numpy()
            excess.append(float(np.square(own - x).mean()) / best - 1)
            other = IncrementalPCA(4, batch_size=32).fit(x)
        found[name] = (short(max(angles), 2), CLOSE)
        incremental.append(_error(other, x) / best - 1)
    found["excess"] = (short(100 * max(excess), 1), ROUGH)
    found["incremental"] = (short(100 * incremental[-1], 1), ROUGH)
    return found


def _error(fitted: PCA, x: np.ndarray) -> float:
    return float(np.square(fitted.inverse_transform(fitted.transform(x)) - x).mean())
