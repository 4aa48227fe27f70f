"""The numbers of docs/models/artmap.md."""

from statistics import mean

from measured.formats import CLOSE, Commands, Numbers, only
from measured.means import mean_by

POINTS = (100, 1000, 10000)


def numbers(ran: Commands) -> Numbers:
    """Return accuracies and numbers of boxes, means over seeds."""
    found = {}
    for n in POINTS:
        results = only(ran, f"hydra.sweep.dir=multirun/circle_{n}").results
        accuracy = mean(result["metrics"]["val_accuracy"] for result in results)
        boxes = mean(result["metrics"]["categories"] for result in results)
        found |= {f"a{n}": (f"{accuracy:.3f}", CLOSE), f"c{n}": (f"{boxes:.1f}", CLOSE)}
    run = only(ran, "hydra.sweep.dir=multirun/artmap")
    for (data,), value in mean_by(run.results, "val_accuracy", "data").items():
        found[f"a_{data}"] = f"{value:.3f}", CLOSE
    for (data,), value in mean_by(run.results, "categories", "data").items():
        found[f"c_{data}"] = f"{value:.1f}", CLOSE
    return found
