"""Names of metrics in words."""

from nnzoo.errors import printable

PARTS = {"val": "validation", "test": "test"}
CAPITALS = {"auc", "ari", "gan", "kl", "mae", "mlp", "mse", "pca", "rmse", "vae"}
WORDS = {
    "anomaly_auc": "anomaly detection, area under the ROC curve",
    "anomaly_share": "share of points called anomalies",
    "dead_units": "units that win no point",
    "kl": "Kullback-Leibler divergence",
    "mae": "mean absolute error",
    "mse": "mean squared error",
    "nrmse_84": "normalized root mean squared error after 84 steps",
    "pseudo_nll": "negative pseudo-log-likelihood",
    "r2": "R², share of variance explained",
    "reconstruction_mse": "mean squared error of reconstruction",
    "refused": "points not learned, since all categories are in use",
    "rmse": "root mean squared error",
    "within_3sd": "share of samples within 3 standard deviations",
}
"""Metrics whose names are abbreviations."""


def words(name: str) -> str:
    """Return a technical name in words: ``sigmoid_neuron`` is "sigmoid neuron"."""
    parts = [part.upper() if part in CAPITALS else part for part in name.split("_")]
    return printable(" ".join(filter(None, parts)) or name)


def split(metric: str) -> tuple[str, str]:
    """Return the part of the data that a metric was measured on, and its name without it."""
    prefix, _, rest = metric.partition("_")
    return (PARTS[prefix], rest) if rest and prefix in PARTS else ("training", metric)


def metric_words(metric: str, with_part: bool = True) -> str:
    """Return a metric in words: ``val_mse`` is "validation mean squared error"."""
    part, base = split(metric)
    text = WORDS.get(base) or words(base)
    return f"{part} {text}" if with_part and part != "training" else text
