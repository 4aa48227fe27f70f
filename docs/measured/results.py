"""The numbers of docs/results.md."""

from typing import Any

from measured.clusters import kmeans_distance
from measured.formats import CLOSE, EXACT, ROUGH, Commands, Numbers, listed, only, short, spread
from nnzoo import create_data, load_model
from nnzoo.nn import coverage


def sampled(run: Any) -> dict[str, list[float]]:
    """Return how well samples of each model of a sweep cover the true centroids, by measure."""
    found: dict[str, list[float]] = {}
    points = create_data("blobs").points
    for folder in run.folders[1:]:
        samples = load_model(folder).sample(1000).to(points.x)
        for name, value in coverage(samples, points.x, points.centroids).items():
            found.setdefault(name, []).append(value)
    return found


def results(ran: Commands) -> Numbers:
    """Return the numbers of docs/results.md."""

    def of(folder: str) -> Any:
        return only(ran, f"hydra.sweep.dir=multirun/{folder}")

    def evaluated(folder: str) -> Any:
        return next(r for c, r in ran.items() if f"evaluate run=multirun/{folder}/$seed " in c)

    clusters = of("competitive")
    ratios = [
        result["metrics"]["centroid_distance"] / kmeans_distance(result["seed"])
        for result in clusters.results
    ]
    vae, gan = sampled(of("vae")), of("gan")
    digits, anomaly = evaluated("digits_autoencoder"), evaluated("anomaly")
    denoised = evaluated("denoising")
    xor = of("xor").all("accuracy")
    perceptron = only(ran, "model=perceptron").results[0]["weights"]["after"]
    return {
        "weight": (listed(perceptron["w"][0]), EXACT),
        "xor": (str(xor.count(1.0)), EXACT),
        **spread("r2", of("parabola").all("r2"), digits=5),
        **spread("mlp", of("digits").all("val_accuracy")),
        **spread("ratio", ratios),
        "dead": (short(max(clusters.all("dead_units"))), EXACT),
        **spread("counter", of("counterpropagation").all("val_accuracy")),
        **spread("mse", of("autoencoder").all("mse"), ROUGH, 2),
        **spread("digits", digits.all("mse")),
        **spread("digits_pca", digits.all("pca_mse")),
        **spread("digits_val", digits.all("val_mse")),
        **spread("digits_val_pca", digits.all("val_pca_mse")),
        **spread("ari", digits.all("latent_ari"), 2 * CLOSE, 2),
        **spread("raw_ari", digits.all("raw_ari"), CLOSE, 2),
        **spread("untrained_ari", digits.all("untrained_ari"), ROUGH, 2),
        **spread("auc", anomaly.all("anomaly_auc")),
        **spread("denoised", denoised.all("denoised_mse")),
        **spread("denoised_val", denoised.all("val_denoised_mse")),
        **spread("zeros", evaluated("sparse").all("latent_zeros"), 2 * CLOSE, 2),
        **spread("vae_within", vae["within_3sd"]),
        **spread("vae_smallest", vae["smallest_share"], 2 * CLOSE),
        **spread("gan_within", gan.all("within_3sd")),
        **spread("gan_smallest", gan.all("smallest_share"), 2 * CLOSE),
        **spread("created", evaluated("created").all("mse"), ROUGH, 2),
    }
