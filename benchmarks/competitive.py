"""The competitive layer on many points: points per second, and the quantization error.

    python -m benchmarks.competitive [--points 100000] [--device cuda] [--repeats 3] [--quick]

The peers are scikit-learn's MiniBatchKMeans (MBK), MiniSom and the rule of neurolab, for the same
number of epochs. ``fit`` is ``python scripts/train.py experiment=competitive_at_size``: the initial
weights, training, metrics and checkpoints. ``rule`` calls the functions of nnzoo in a plain loop.
MiniBatchKMeans runs with two batch sizes, ``n_init=1`` and no early stop: ``fast`` is the faster
one, ``good`` the one with the smaller error. From a million points on it gets them by
``partial_fit``, because the time of its ``fit`` per batch grows with the number of points. MiniSom
and the rule of neurolab take points one at a time; they are timed on a few thousand, and their
error is shown where these are all points.
"""

import itertools
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

# Imported here, because the limit on threads acts on libraries that are loaded.
from sklearn.cluster import MiniBatchKMeans
from threadpoolctl import threadpool_limits

from benchmarks.measure import Seconds, alternate, arguments_of, as_line, ratios, report
from benchmarks.tasks import train_centroids
from nnzoo.models.competitive import Competitive
from nnzoo.nn.competitive import batch_step
from nnzoo.nn.kmeans import START_POINTS, START_POINTS_PER_UNIT, refined
from nnzoo.nn.search import nearest

EPOCHS = 5
BATCHES = (1024, 8192)  # of MiniBatchKMeans: the default, and one for speed
LONG = 5 * 10**8  # points times units; from here on a single round
MANY = 10**6  # points; from here on MiniBatchKMeans trains by partial_fit
ONE_BY_ONE = 2000  # points on which MiniSom and neurolab's rule are timed

# points, features, units
SIZES = [
    *((10**3, 3, 5), (10**3, 16, 64), (10**4, 16, 64)),
    *((10**5, 3, 5), (10**5, 16, 64), (10**5, 64, 64), (10**5, 3, 1024)),
    *((10**5, 16, 1024), (10**5, 64, 1024)),
    *((10**6, 3, 5), (10**6, 16, 64), (10**6, 64, 64), (10**6, 16, 1024)),
    *((10**7, 16, 64),),
]
QUICK = [(500, 3, 5), (1000, 4, 16)]


def clusters(n: int, d: int, units: int) -> NDArray[np.float32]:
    """Return (n, d): round clusters of equal size and width, as many as units."""
    rng = np.random.default_rng(0)
    centers = rng.uniform(-10, 10, (units, d)).astype(np.float32)
    return centers[rng.integers(units, size=n)] + rng.standard_normal((n, d), np.float32)


def uneven(n: int, d: int, units: int) -> NDArray[np.float32]:
    """Return (n, d): 20 clusters of different sizes and widths, for any number of units."""
    rng = np.random.default_rng(0)
    centers = 3 * rng.standard_normal((20, d), np.float32)
    widths = rng.uniform(0.3, 2, (20, 1)).astype(np.float32)
    k = rng.choice(20, n, p=rng.dirichlet(np.ones(20)))
    return centers[k] + widths[k] * rng.standard_normal((n, d), np.float32)


def error(x: NDArray[np.float32], weight: Any) -> float:
    """Return the mean distance to the nearest weight, computed by differences."""
    weight = torch.as_tensor(weight, dtype=torch.float32)
    rows = max(1, 2**22 // len(weight))
    exact = {"compute_mode": "donot_use_mm_for_euclid_dist"}
    total = 0.0
    for start in range(0, len(x), rows):
        part = torch.from_numpy(x[start : start + rows])
        total += float(torch.cdist(part, weight, **exact).amin(1).double().sum())
    return total / len(x)


@dataclass
class Contest:
    """One size of one kind of data, and the results of all candidates.

    Attributes:
        x: (points, features).
        units: number of units.
        folder: for files.
        device: of nnzoo.
        weights: (units, features) of each round, by candidate.
    """

    x: NDArray[np.float32]
    units: int
    folder: Path
    device: str
    weights: dict[str, list[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        np.save(self.folder / "x.npy", self.x)
        self.runs = itertools.count()

    def fit(self) -> Seconds:
        """Train as the command does; return the seconds of the initial weights and of ``fit``."""
        overrides = [
            "experiment=competitive_at_size",
            "model=competitive",
            f"trainer={'gpu' if self.device == 'cuda' else 'cpu'}",
            f"data.path={self.folder / 'x.npy'}",
            f"trainer.max_epochs={EPOCHS}",
            f"model.units={self.units}",
            f"threads={torch.get_num_threads()}",
            f"seed={next(self.runs)}",
        ]
        weight, seconds = train_centroids(Competitive, self.folder, *overrides)
        self._keep("fit", weight)
        return seconds

    @torch.no_grad()
    def rule(self) -> None:
        """Compute the initial weights and the steps on batches with the rates of the experiment."""
        batch, n = 4096, len(self.x)
        torch.manual_seed(len(self.weights.get("rule", [])))
        x = torch.from_numpy(self.x)
        sample = x[torch.randperm(n)[: max(START_POINTS, START_POINTS_PER_UNIT * self.units)]]
        weight, x = refined(sample, self.units).to(self.device), x.to(self.device)
        steps = EPOCHS * -(-n // batch)
        last = self.units / (steps * min(batch, n))
        done = itertools.count()
        for _ in range(EPOCHS):
            for part in torch.randperm(n).to(x.device).split(batch):
                points = x.index_select(0, part)
                _, winners = nearest(points, weight, approximate=True)
                lr = 0.5 * (last / 0.5) ** (next(done) / steps)
                weight = batch_step(weight, points, winners, lr)
        self._keep("rule", weight.cpu())

    def mini_batch(self, batch: int) -> None:
        """Train MiniBatchKMeans (D. Sculley, 2010, "Web-scale k-means clustering")."""
        name = f"MiniBatchKMeans {batch}"
        options = {"max_iter": EPOCHS, "n_init": 1, "max_no_improvement": None}
        seed = len(self.weights.get(name, []))
        means = MiniBatchKMeans(self.units, batch_size=batch, random_state=seed, **options)
        if len(self.x) < MANY:
            means.fit(self.x)
        else:
            rng = np.random.default_rng(seed)
            for _ in range(EPOCHS):
                order = rng.permutation(len(self.x))
                for start in range(0, len(order), batch):
                    means.partial_fit(self.x[order[start : start + batch]])
        self._keep(name, means.cluster_centers_)

    def minisom(self) -> None:
        """Train MiniSom with a very small neighborhood."""
        from minisom import MiniSom

        x = self.x[:ONE_BY_ONE]
        seed = len(self.weights.get("MiniSom", []))
        som = MiniSom(1, self.units, x.shape[1], sigma=0.3, random_seed=seed)
        som.random_weights_init(x)
        som.train(x, self._slow_epochs(), random_order=True, use_epochs=True)
        self._keep("MiniSom", som.get_weights()[0])

    def neurolab(self) -> None:
        """Train by the rule of neurolab in NumPy.

        The winner is ``argmin c_i d_i`` and moves by ``lr d_k (x - w_k)``. Units start in the
        middle of the points, and the counts c at 1 in each epoch.
        """
        x, lr = self.x[:ONE_BY_ONE].astype(float), 0.01
        weight = np.tile((x.min(0) + x.max(0)) / 2, (self.units, 1))
        for _ in range(self._slow_epochs()):
            counts = np.ones(self.units)
            for point in x:
                distances = np.sqrt(((point - weight) ** 2).sum(1))
                k = np.argmin(counts * distances)
                counts[k] += 1
                weight[k] += lr * distances[k] * (point - weight[k])
        self._keep("neurolab", weight)

    def _slow_epochs(self) -> int:
        return EPOCHS if len(self.x) <= ONE_BY_ONE else 1

    def _keep(self, name: str, weight: Any) -> None:
        self.weights.setdefault(name, []).append(weight)

    def errors(self, name: str) -> float:
        """Return the median quantization error of a candidate over the rounds."""
        return median(error(self.x, weight) for weight in self.weights[name])

    def row(self, repeats: int) -> dict[str, Any]:
        """Run all candidates alternately and return a row of results."""
        candidates: dict[str, Callable[[], Any]] = {"fit": self.fit, "rule": self.rule}
        peers = [f"MiniBatchKMeans {batch}" for batch in BATCHES]
        for name, batch in zip(peers, BATCHES, strict=True):
            candidates[name] = lambda batch=batch: self.mini_batch(batch)
        slow = {"neurolab": self.neurolab}
        if find_spec("minisom"):
            slow["MiniSom"] = self.minisom
        seconds = alternate(candidates | slow, repeats)
        n = len(self.x)
        rates = {name: [EPOCHS * n / s for s in seconds[name]] for name in candidates}
        learned = self._slow_epochs() * min(n, ONE_BY_ONE)
        rates |= {name: [learned / s for s in seconds[name]] for name in slow}
        faster = max(peers, key=lambda name: median(rates[name]))
        errors = {name: self.errors(name) for name in candidates}
        better = min(peers, key=errors.__getitem__)
        row = {
            "points": n,
            "features": self.x.shape[1],
            "units": self.units,
            "1e6 points/s": median(rates["fit"]) / 1e6,
            "ns per point": 1e9 / median(rates["fit"]),
            **ratios("x fast MBK", rates["fit"], rates[faster]),
            **ratios("x good MBK", rates["fit"], rates[better]),
            **ratios("rule x good", rates["rule"], rates[better]),
            "error": f"{errors['fit']:.4f}",
            "rule": f"{errors['rule']:.4f}",
            "fast MBK": f"{errors[faster]:.4f}",
            "good MBK": f"{errors[better]:.4f}",
            "of good": f"{errors['fit'] / errors[better]:.4f}",
        }
        for name in slow:
            row |= ratios(f"x {name}", rates["fit"], rates[name])
            row[name] = f"{self.errors(name):.4f}" if n <= ONE_BY_ONE else ""
        return row


def main(arguments: list[str] | None = None) -> None:
    """Measure and report as the command line asks."""
    parser = arguments_of("competitive", __doc__, repeats=3)
    parser.add_argument("--points", type=float, nargs="*", help="only these sizes")
    parser.add_argument("--data", choices=("clusters", "uneven"), help="only this kind")
    parser.add_argument("--threads", type=int, default=1, help="of nnzoo and all peers")
    asked = parser.parse_args(arguments)
    if not find_spec("minisom"):
        print("MiniSom is not installed: pip install -e '.[bench]'")
    torch.set_num_threads(asked.threads)
    rows = []
    with threadpool_limits(asked.threads):
        for kind in (clusters, uneven):
            for n, d, units in QUICK if asked.quick else SIZES:
                if asked.data not in (None, kind.__name__) or n not in (asked.points or [n]):
                    continue
                repeats = 1 if n * units >= LONG else asked.repeats
                with tempfile.TemporaryDirectory() as folder:
                    contest = Contest(kind(n, d, units), units, Path(folder), asked.device)
                    rows.append({"data": kind.__name__} | contest.row(repeats))
                    print(as_line(rows[-1]), flush=True)
    report(f"the competitive layer on {asked.device}, {asked.threads} thread", rows, asked.csv)


if __name__ == "__main__":
    main()
