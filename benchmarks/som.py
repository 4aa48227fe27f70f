"""Self-organizing maps on many points: points per second, and errors, against other libraries.

    pip install fastersom susi torchsom
    python -m benchmarks.som [--threads 1] [--device cuda] [--repeats 3] [--quick]

100 000 points of 16 features on a map of 20 x 20. ``batch`` is ``nnzoo train model=som
model.update=batch data.batch_size=4096``, and ``whole`` the batch map, with all points in a batch:
the initial weights, training, metrics and checkpoints. fastersom has whole batches too, TorchSOM
some of 4096. All four learn for 10 epochs, with a radius that falls from a quarter of the side to a
tenth of that; in TorchSOM as its only decay says. MiniSom and susi learn one point at a time, as
``online`` does; these three are timed on a part of the points. Errors are means over all points:
the distance to the nearest unit, and the share of points whose two nearest units are not adjacent,
diagonals included.
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
from threadpoolctl import threadpool_limits

from benchmarks.competitive import error, uneven
from benchmarks.measure import Seconds, alternate, arguments_of, ratios, report
from benchmarks.tasks import train_centroids
from nnzoo.models import SOM
from nnzoo.nn.grid import Grid
from nnzoo.nn.search import two_winners

EPOCHS = 10
BATCH = 4096
POINTS, FEATURES, SIDE = 100_000, 16, 20
QUICK = 600, 4, 5
ONE_BY_ONE = 10_000  # points on which libraries that learn them one at a time are timed
PEERS = {"fastersom": "fastersom", "TorchSOM": "torchsom", "MiniSom": "minisom", "susi": "susi"}


@dataclass
class Contest:
    """Points, and what all candidates made of them.

    Attributes:
        x: (points, features).
        side: of the square map.
        folder: for files.
        device: of all that can use a GPU.
        learned: number of points learned in a round, by candidate.
        weights: (units, features) of the last round, by candidate.
    """

    x: NDArray[np.float32]
    side: int
    folder: Path
    device: str
    learned: dict[str, int] = field(default_factory=dict)
    weights: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.part = self.x[:ONE_BY_ONE]
        self.runs = itertools.count()
        for name, x in (("all", self.x), ("part", self.part)):
            np.save(self.folder / f"{name}.npy", x)

    def batch(self, size: int | str = BATCH, name: str = "batch") -> Seconds:
        """Train nnzoo's map by batches."""
        radii = f"model.radius={self.side / 4}", f"model.radius_end={self.side / 40}"
        options = "model.update=batch", f"data.batch_size={size}", "model.decay=exponential"
        return self._nnzoo(name, "all", EPOCHS, *options, *radii)

    def whole(self) -> Seconds:
        """Train nnzoo's map by batches of all points."""
        return self.batch("null", "whole")

    def online(self) -> Seconds:
        """Train nnzoo's map one point at a time."""
        return self._nnzoo("online", "part", 1, "data.batch_size=1024")

    def _nnzoo(self, name: str, file: str, epochs: int, *options: str) -> Seconds:
        """Train as the command does; return the seconds of the initial weights and of ``fit``."""
        overrides = [
            "model=som",
            "data=npy",
            f"data.path={self.folder / file}.npy",
            f"trainer={'gpu' if self.device == 'cuda' else 'cpu'}",
            f"trainer.max_epochs={epochs}",
            f"trainer.check_val_every_n_epoch={epochs}",
            f"model.rows={self.side}",
            f"model.columns={self.side}",
            f"threads={torch.get_num_threads()}",
            f"seed={next(self.runs)}",
            *options,
        ]
        weight, seconds = train_centroids(SOM, self.folder, *overrides)
        self._keep(name, epochs * len(self.x if file == "all" else self.part), weight)
        return seconds

    def fastersom(self) -> None:
        """Train fastersom: Gaussian filters of the sums and counts of all points."""
        import fastersom

        radii = self.side / 4, self.side / 40
        som = fastersom.SOM(
            self.side, self.side, EPOCHS, *radii, random_state=0, device=self.device
        )
        self._keep("fastersom", EPOCHS * len(self.x), som.fit(self.x).weights_)

    def torchsom(self) -> None:
        """Train TorchSOM, whose ``fit`` includes the errors of each batch."""
        import torchsom

        som = torchsom.SOM(
            *(self.side, self.side, self.x.shape[1]),
            epochs=EPOCHS,
            batch_size=BATCH,
            sigma=self.side / 4,
            device=self.device,
        )
        x = torch.from_numpy(self.x)
        som.initialize_weights(x.to(self.device), mode="random")
        som.fit(x, verbose=False)
        self._keep("TorchSOM", EPOCHS * len(self.x), som.weights.detach().cpu())

    def minisom(self) -> None:
        """Train MiniSom in random order."""
        from minisom import MiniSom

        som = MiniSom(self.side, self.side, self.x.shape[1], random_seed=0)
        som.random_weights_init(self.part)
        som.train(self.part, len(self.part), random_order=True)
        self._keep("MiniSom", len(self.part), som.get_weights())

    def susi(self) -> None:
        """Train susi on points drawn with replacement."""
        import susi

        som = susi.SOMClustering(
            self.side, self.side, n_iter_unsupervised=len(self.part), random_state=0
        )
        self._keep("susi", len(self.part), som.fit(self.part).unsuper_som_)

    def _keep(self, name: str, learned: int, weight: Any) -> None:
        weight = torch.as_tensor(np.asarray(weight), dtype=torch.float32)
        self.learned[name] = learned
        self.weights[name] = weight.reshape(self.side**2, -1)

    def rows(self, repeats: int) -> list[dict[str, Any]]:
        """Run all candidates alternately and return a row for each."""
        names = "batch", "whole", "online"
        candidates: dict[str, Callable[[], Any]] = {name: getattr(self, name) for name in names}
        candidates |= {name: getattr(self, PEERS[name]) for name in PEERS if find_spec(PEERS[name])}
        seconds = alternate(candidates, repeats)
        rates = {name: [self.learned[name] / s for s in found] for name, found in seconds.items()}
        rows = []
        for name in candidates:
            row = {"way": name, "points learned": self.learned[name]}
            row |= {"1e6 points/s": median(rates[name]) / 1e6}
            for own in names:
                row |= ratios(f"{own}, x its points/s", rates[own], rates[name])
            rows.append(row | self.errors(name))
        return rows

    def errors(self, name: str) -> dict[str, str]:
        """Return the errors of a candidate; none for one that has learned only a few points."""
        if self.learned[name] < len(self.x):
            return {"quantization error": "", "topographic error": ""}
        weight = self.weights[name]
        first, second = two_winners(torch.from_numpy(self.x), weight)
        apart = ~Grid(self.side, self.side, "rectangular", False).adjacent()[first, second]
        return {
            "quantization error": f"{error(self.x, weight):.4f}",
            "topographic error": f"{apart.float().mean():.4f}",
        }


def contest(n: int, features: int, side: int, device: str, repeats: int) -> list[dict[str, Any]]:
    """Return the rows of all candidates for as many points."""
    with tempfile.TemporaryDirectory() as folder:
        return Contest(uneven(n, features, side**2), side, Path(folder), device).rows(repeats)


def main(arguments: list[str] | None = None) -> None:
    """Measure and report as the command line asks."""
    parser = arguments_of("som", __doc__, repeats=3)
    parser.add_argument("--threads", type=int, default=1, help="of nnzoo and all peers")
    asked = parser.parse_args(arguments)
    for name, module in PEERS.items():
        if not find_spec(module):
            print(f"{name} is not installed: pip install {module}")
    torch.set_num_threads(asked.threads)
    n, d, side = QUICK if asked.quick else (POINTS, FEATURES, SIDE)
    with threadpool_limits(asked.threads):
        rows = contest(*QUICK, asked.device, 1)
        if not asked.quick:  # the first contest has loaded all libraries
            rows = contest(n, d, side, asked.device, asked.repeats)
    title = f"maps of {side} x {side} for {n} points of {d} features"
    report(f"{title} on {asked.device}, {asked.threads} thread", rows, asked.csv)


if __name__ == "__main__":
    main()
