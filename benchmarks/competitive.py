"""The competitive layer on many points, against scikit-learn's MiniBatchKMeans, MiniSom and
neurolab's rule: points learnt in a second, and the quantization error after equal passes.

    python -m benchmarks.competitive [--points 100000] [--device cuda] [--repeats 3] [--quick]

``fit`` is what ``python scripts/train.py experiment=competitive_at_size`` reports: ``Trainer.fit``
with its start, metrics and checkpoints. ``rule`` is nnzoo's functions alone in a loop. Of
MiniBatchKMeans (MBK) both batch sizes are run, with ``n_init=1`` and no early stop: ``fast`` is the
one of higher speed, ``good`` that of lower error. Of very many points they come by ``partial_fit``,
since its ``fit`` takes time that grows with all points for each batch. MiniSom and neurolab's rule
take the points one by one; they are timed on a few thousand, and their error is told where those
are all.
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

# Imported here, since the limit on threads is for libraries that are loaded already.
from sklearn.cluster import MiniBatchKMeans
from threadpoolctl import threadpool_limits

from benchmarks.measure import Seconds, alternate, arguments_of, as_text, ratio, report
from nnzoo.models.competitive import FEW_POINTS, POINTS_A_UNIT
from nnzoo.nn.competitive import batch_step
from nnzoo.nn.search import nearest
from nnzoo.nn.start import refined
from nnzoo.training.run import train
from nnzoo.zoo import composed

PASSES = 5
BATCHES = (1024, 8192)  # of MiniBatchKMeans: its default, and one for speed
LONG = 5 * 10**8  # distances in a pass that one round has to do for
MANY = 10**6  # points from which MiniBatchKMeans gets its batches one by one
ONE_BY_ONE = 2000  # points that the slow peers are timed on

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
    """(n, d): round clusters of equal size and width, as many as units."""
    rng = np.random.default_rng(0)
    centres = rng.uniform(-10, 10, (units, d)).astype(np.float32)
    return centres[rng.integers(units, size=n)] + rng.standard_normal((n, d), np.float32)


def uneven(n: int, d: int, units: int) -> NDArray[np.float32]:
    """(n, d): 20 clusters whose sizes and widths differ, whatever the units."""
    rng = np.random.default_rng(0)
    centres = 3 * rng.standard_normal((20, d), np.float32)
    widths = rng.uniform(0.3, 2, (20, 1)).astype(np.float32)
    k = rng.choice(20, n, p=rng.dirichlet(np.ones(20)))
    return centres[k] + widths[k] * rng.standard_normal((n, d), np.float32)


def error(x: NDArray[np.float32], weight: Any) -> float:
    """The mean distance to the nearest of the weights, by differences."""
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
    """One size of one kind of data, and what each candidate came to.

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
        """nnzoo as a user runs it."""
        run = next(self.runs)
        overrides = [
            "experiment=competitive_at_size",
            "model=competitive",
            f"trainer={'gpu' if self.device == 'cuda' else 'cpu'}",
            f"data.path={self.folder / 'x.npy'}",
            f"data.repeat={PASSES}",
            f"model.units={self.units}",
            f"threads={torch.get_num_threads()}",
            f"seed={run}",
            "figures=none",
            f"run.folder={self.folder / f'run{run}'}",
            "run.model=competitive",
            "run.data=npy",
        ]
        result = train(composed(overrides), quiet=True)
        checkpoint = torch.load(result["paths"]["last"], weights_only=True)
        self._keep("fit", checkpoint["state_dict"]["layer.weight"].cpu())
        return Seconds(result["fit_seconds"])

    @torch.no_grad()
    def rule(self) -> None:
        """The start, then steps on batches, with the rate that the experiment has."""
        batch, n = 4096, len(self.x)
        torch.manual_seed(len(self.weights.get("rule", [])))
        x = torch.from_numpy(self.x)
        sample = x[torch.randperm(n)[: max(FEW_POINTS, POINTS_A_UNIT * self.units)]]
        weight, x = refined(sample, self.units).to(self.device), x.to(self.device)
        steps = PASSES * -(-n // batch)
        last = self.units / (steps * min(batch, n))
        done = itertools.count()
        for _ in range(PASSES):
            for part in torch.randperm(n).to(x.device).split(batch):
                points = x.index_select(0, part)
                _, winners = nearest(points, weight, loose=True)
                lr = 0.5 * (last / 0.5) ** (next(done) / steps)
                weight = batch_step(weight, points, winners, lr)
        self._keep("rule", weight.cpu())

    def mini_batch(self, batch: int) -> None:
        """scikit-learn's MiniBatchKMeans (D. Sculley, 2010, "Web-scale k-means clustering")."""
        name = f"MiniBatchKMeans {batch}"
        options = {"max_iter": PASSES, "n_init": 1, "max_no_improvement": None}
        seed = len(self.weights.get(name, []))
        means = MiniBatchKMeans(self.units, batch_size=batch, random_state=seed, **options)
        if len(self.x) < MANY:
            means.fit(self.x)
        else:
            rng = np.random.default_rng(seed)
            for _ in range(PASSES):
                order = rng.permutation(len(self.x))
                for start in range(0, len(order), batch):
                    means.partial_fit(self.x[order[start : start + batch]])
        self._keep(name, means.cluster_centers_)

    def minisom(self) -> None:
        """MiniSom with hardly a neighbourhood."""
        from minisom import MiniSom

        x = self.x[:ONE_BY_ONE]
        seed = len(self.weights.get("MiniSom", []))
        som = MiniSom(
            *(1, self.units, x.shape[1]),
            sigma=0.3,
            random_seed=seed,
        )
        som.random_weights_init(x)
        som.train(x, self._slow_passes(), random_order=True, use_epochs=True)
        self._keep("MiniSom", som.get_weights()[0])

    def neurolab(self) -> None:
        """neurolab's rule in NumPy: the winner is ``argmin c_i d_i``, and goes ``lr d_k`` of the
        way; units start amid the points, and counts at 1 in each pass."""
        x, lr = self.x[:ONE_BY_ONE].astype(float), 0.01
        weight = np.tile((x.min(0) + x.max(0)) / 2, (self.units, 1))
        for _ in range(self._slow_passes()):
            counts = np.ones(self.units)
            for point in x:
                distances = np.sqrt(((point - weight) ** 2).sum(1))
                k = np.argmin(counts * distances)
                counts[k] += 1
                weight[k] += lr * distances[k] * (point - weight[k])
        self._keep("neurolab", weight)

    def _slow_passes(self) -> int:
        return PASSES if len(self.x) <= ONE_BY_ONE else 1

    def _keep(self, name: str, weight: Any) -> None:
        self.weights.setdefault(name, []).append(weight)

    def errors(self, name: str) -> float:
        """The median over the rounds of a candidate's quantization error."""
        return median(error(self.x, weight) for weight in self.weights[name])

    def row(self, repeats: int) -> dict[str, Any]:
        """All candidates in turn; what they came to."""
        candidates: dict[str, Callable[[], Any]] = {"fit": self.fit, "rule": self.rule}
        peers = [f"MiniBatchKMeans {batch}" for batch in BATCHES]
        for name, batch in zip(peers, BATCHES, strict=True):
            candidates[name] = lambda batch=batch: self.mini_batch(batch)
        slow = {"neurolab": self.neurolab}
        if find_spec("minisom"):
            slow["MiniSom"] = self.minisom
        seconds = alternate(candidates | slow, repeats)
        n = len(self.x)
        rates = {name: [PASSES * n / s for s in seconds[name]] for name in candidates}
        looked = self._slow_passes() * min(n, ONE_BY_ONE)
        rates |= {name: [looked / s for s in seconds[name]] for name in slow}
        faster = max(peers, key=lambda name: median(rates[name]))
        errors = {name: self.errors(name) for name in candidates}
        better = min(peers, key=errors.__getitem__)
        row = {
            "points": n,
            "features": self.x.shape[1],
            "units": self.units,
            "1e6 points/s": median(rates["fit"]) / 1e6,
            "ns a point": 1e9 / median(rates["fit"]),
            "x fast MBK": ratio(rates["fit"], rates[faster]),
            "x good MBK": ratio(rates["fit"], rates[better]),
            "rule x good": ratio(rates["rule"], rates[better]),
            "error": f"{errors['fit']:.4f}",
            "rule": f"{errors['rule']:.4f}",
            "fast MBK": f"{errors[faster]:.4f}",
            "good MBK": f"{errors[better]:.4f}",
            "of good": f"{errors['fit'] / errors[better]:.4f}",
        }
        for name in slow:
            row[f"x {name}"] = ratio(rates["fit"], rates[name])
            row[name] = f"{self.errors(name):.4f}" if n <= ONE_BY_ONE else ""
        return row


def main(arguments: list[str] | None = None) -> None:
    """Measure and report as the command line says."""
    parser = arguments_of("competitive", __doc__, repeats=3)
    parser.add_argument("--points", type=float, nargs="*", help="only sizes of so many points")
    parser.add_argument("--data", choices=("clusters", "uneven"), help="only this kind")
    parser.add_argument("--threads", type=int, default=1, help="of nnzoo and of all peers")
    asked = parser.parse_args(arguments)
    if not find_spec("minisom"):
        print("MiniSom is not installed and left out: pip install 'nnzoo[bench]'")
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
                    print(", ".join(f"{k} {as_text(v)}" for k, v in rows[-1].items()), flush=True)
    report(f"the competitive layer on {asked.device}, {asked.threads} thread", rows, asked.csv)


if __name__ == "__main__":
    main()
