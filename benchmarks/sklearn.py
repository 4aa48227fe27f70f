"""The estimators of nnzoo.sklearn: a fit against scikit-learn's, a search against GridSearchCV.

    python -m benchmarks.sklearn [--repeats 3] [--quick]

``iris`` trains equal layers for 100 epochs in equal batches. ``digits`` searches 50 learning rates
in 5 folds; its scores must agree to 1e-4. Each is timed by the clock and by the processor's time
(user and system), which other programs affect less.
"""

import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as Other

from benchmarks.measure import Seconds, alternate, arguments_of, ratios, report, spread
from nnzoo.sklearn import FusedSearchCV, MLPClassifier


def main(arguments: list[str] | None = None) -> None:
    """Measure and report as the command line asks."""
    asked = arguments_of("sklearn", __doc__, repeats=3).parse_args(arguments)
    torch.set_num_threads(1)
    rows = fits(2 if asked.quick else 100, asked.repeats)
    for dtype, batch in ((np.float64, 16), (np.float64, 32), (np.float32, 32)):
        rows += searches(dtype, batch, asked.quick, asked.repeats)
    report("scikit-learn", rows, asked.csv)


def fits(epochs: int, repeats: int) -> list[dict[str, Any]]:
    """Return rows of a fit of one network."""
    x, y = load_iris(return_X_y=True)
    equal = {"activation": "relu", "batch_size": 32, "random_state": 0}
    ours = MLPClassifier(hidden=(100,), epochs=epochs, lr=0.001, scale="none", **equal)
    never = {"tol": 0, "n_iter_no_change": epochs + 1}  # otherwise it stops early
    theirs = Other((100,), max_iter=epochs, learning_rate_init=0.001, alpha=0, **equal, **never)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ways = {"nnzoo": partial(ours.fit, x, y), "scikit-learn": partial(theirs.fit, x, y)}
        return compare("iris, one fit", ways, repeats)


def searches(dtype: Any, batch: int, quick: bool, repeats: int) -> list[dict[str, Any]]:
    """Return rows of a grid search on points of a dtype.

    Raises:
        RuntimeError: if the scores of the two ways differ by more than 1e-4.
    """
    x, y = load_digits(return_X_y=True)
    x = x.astype(dtype)
    options: dict[str, Any] = {"activation": "relu", "batch_size": batch, "random_state": 0}
    estimator = MLPClassifier(hidden=(16,), epochs=1 if quick else 20, **options)
    grid = {"lr": np.geomspace(1e-4, 0.01, 2 if quick else 50).tolist()}
    fused, alone = FusedSearchCV(estimator, grid, cv=5), GridSearchCV(estimator, grid, cv=5)
    ways = {"FusedSearchCV": partial(fused.fit, x, y), "GridSearchCV": partial(alone.fit, x, y)}
    estimator.fit(x[:100], y[:100])  # loads libraries
    rows = compare(f"digits, {dtype.__name__}, batches of {batch}", ways, 1 if quick else repeats)
    name = "mean_test_score"
    difference = float(np.abs(fused.cv_results_[name] - alone.cv_results_[name]).max())
    if difference > 1e-4:
        raise RuntimeError(f"the scores differ by {difference}")
    return [row | {"scores differ by": difference} for row in rows]


def compare(task: str, ways: dict[str, Callable[[], Any]], repeats: int) -> list[dict[str, Any]]:
    """Return a row for each way, with the ratio of each to the first."""

    def timed(way: Callable[[], Any]) -> Seconds:
        wall, processor = time.perf_counter(), time.process_time()
        way()
        used = time.process_time() - processor
        return Seconds(time.perf_counter() - wall, processor=used)

    found = alternate({name: partial(timed, way) for name, way in ways.items()}, repeats)
    used = {name: [one.found["processor"] for one in all_] for name, all_ in found.items()}
    first = next(iter(ways))
    return [
        {
            "task": task,
            "way": way,
            **spread("seconds", found[way]),
            **spread("CPU seconds", used[way]),
            **ratios(f"it / {first}", found[way], found[first]),
            **ratios("CPU ratio", used[way], used[first]),
        }
        for way in ways
    ]


if __name__ == "__main__":
    main()
