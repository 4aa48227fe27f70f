"""Where the numbers and pictures of each page come from, for ``measure.py``.

A number is a pair: its text, and the relative difference above which the page is out of date.
"""

import shlex
from collections.abc import Callable, Sequence
from statistics import mean
from typing import Any

from minisom import MiniSom
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from torch import from_numpy

from nnzoo import create_data, load_model, load_run
from nnzoo.nn import coverage

EXACT = 1e-4
CLOSE = 0.1
ROUGH = 0.5  # errors near zero depend on rounding

Numbers = dict[str, tuple[str, float]]
Commands = dict[str, Any]


def short(value: float, digits: int = 3) -> str:
    """Return a number to some significant digits."""
    return f"{value:.{digits}g}"


def listed(values: Sequence[float], digits: int = 3) -> str:
    """Return numbers in brackets."""
    return f"({', '.join(short(value, digits) for value in values)})"


def spread(name: str, values: Sequence[float], within: float = CLOSE, digits: int = 3) -> Numbers:
    """Return the mean of numbers as ``name``, and their range as ``name_range``."""
    low, high = short(min(values), digits), short(max(values), digits)
    shown = low if low == high else f"{low} to {high}"
    return {name: (short(mean(values), digits), within), f"{name}_range": (shown, within)}


def only(ran: Commands, *words: str) -> Any:
    """Return what the command with these words left; of several, that with the fewest words."""
    found = [command for command in ran if set(words) <= set(shlex.split(command))]
    return ran[min(found, key=lambda command: len(shlex.split(command)))]


def autoencoder(ran: Commands) -> Numbers:
    """Return the numbers of docs/tutorials/autoencoder.md."""
    tutorial = only(ran, "experiment=autoencoder_tutorial")
    digits = ran["nnzoo evaluate"].metrics
    outliers = ran["nnzoo evaluate #2"].metrics  # of the run before the second one
    gan = only(ran, "model=gan").metrics
    created = only(ran, "run=outputs/from_generated").metrics["mse"]
    real = only(ran, "run=outputs/from_real").metrics["mse"]
    return {
        "mse": (short(tutorial.metrics["mse"], 2), ROUGH),
        "raw": (short(only(ran, "data.scale=none").metrics["mse"], 4), CLOSE),
        "parameters": (str(tutorial.results[0]["parameters"]), EXACT),
        "one": (short(only(ran, "model.latent=1").metrics["mse"]), CLOSE),
        "digits": (short(digits["mse"]), CLOSE),
        "digits_val": (short(digits["val_mse"]), CLOSE),
        "pca": (short(digits["pca_mse"]), CLOSE),
        "pca_val": (short(digits["val_pca_mse"]), CLOSE),
        "ari": (short(digits["latent_ari"], 2), 2 * CLOSE),
        "raw_ari": (short(digits["raw_ari"], 2), CLOSE),
        "untrained_ari": (short(digits["untrained_ari"], 2), ROUGH),
        "auc": (short(outliers["anomaly_auc"]), CLOSE),
        "within": (short(gan["within_3sd"]), CLOSE),
        "smallest": (short(gan["smallest_share"]), CLOSE),
        "created": (short(created, 2), ROUGH),
        "real": (short(real, 2), ROUGH),
    }


def perceptron(ran: Commands) -> Numbers:
    """Return the numbers of docs/tutorials/perceptron.md."""
    tutorial = only(ran, "experiment=perceptron_tutorial")
    weights = tutorial.results[0]["weights"]["after"]
    cars = ran["nnzoo train model=perceptron data=car_decision"]
    learned = cars.results[0]["weights"]["after"]
    both = next(r for command, r in ran.items() if "data.y=[[" in command)
    return {
        "losses": (", ".join(short(loss) for loss in tutorial.losses()), EXACT),
        "weight": (listed(weights["w"][0]), EXACT),
        "threshold": (short(weights["threshold"][0]), EXACT),
        "both": (short(both.metrics["accuracy"]), EXACT),
        "cars": (f"{cars.metrics['accuracy']:.0%}".replace("%", " %"), EXACT),
        "epochs": (str(cars.results[0]["epochs"]), EXACT),
        "car_weight": (listed(learned["w"][0]), EXACT),
        "car_threshold": (short(learned["threshold"][0]), EXACT),
    }


def kmeans_distance(seed: int) -> float:
    """Return the ``centroid_distance`` of k-means with 10 starts."""
    points = create_data("gaussian_clusters", seed=seed).points
    found = KMeans(5, n_init=10, random_state=seed).fit(points.x.numpy()).cluster_centers_
    distances = cdist(found, points.centroids.numpy())
    return float(distances[linear_sum_assignment(distances)].mean())


def competitive(ran: Commands) -> Numbers:
    """Return the numbers of docs/tutorials/competitive.md."""
    distances = {
        name: only(ran, *words).all("centroid_distance")
        for name, words in {
            "rule100": ("experiment=competitive_tutorial",),
            "rule1000": ("experiment=competitive_tutorial", "trainer.max_epochs=1000"),
            "default": ("-m", "model=competitive"),
        }.items()
    }
    distances["kmeans"] = [kmeans_distance(seed) for seed in range(4)]
    counter = only(ran, "model=counterpropagation").metrics
    return {
        **{name: (short(mean(values)), CLOSE) for name, values in distances.items()},
        "counter": (short(counter["accuracy"]), CLOSE),
        "counter_val": (short(counter["val_accuracy"]), CLOSE),
        "rmse": (short(only(ran, "model=mlp").metrics["rmse"], 2), ROUGH),
    }


def sigmoid_classifier(ran: Commands) -> Numbers:
    """Return the numbers of docs/tutorials/sigmoid_classifier.md."""
    first, second = only(ran, "experiment=sigmoid_tutorial").results[0]["outputs"]
    iris = only(ran, "data=iris").metrics
    (flat,) = only(ran, "data=xor", "model.hidden=[]").results
    return {
        "first_before": (short(first["before"][0], 7), EXACT),
        "second_before": (short(second["before"][0], 7), EXACT),
        "first_after": (short(first["after"][0]), CLOSE),
        "second_after": (short(second["after"][0]), CLOSE),
        "flat": (", ".join(f"{row['after'][0]:.2f}" for row in flat["outputs"]), CLOSE),
        "deep": (short(only(ran, "data=xor").metrics["accuracy"]), EXACT),
        "iris": (short(iris["accuracy"]), CLOSE),
        "iris_val": (short(iris["val_accuracy"]), CLOSE),
    }


def sigmoid_neuron(ran: Commands) -> Numbers:
    """Return the numbers of docs/tutorials/sigmoid_neuron.md."""
    tutorial = only(ran, "experiment=synaptic_tutorial").results[0]
    stuck = next(r for command, r in ran.items() if "data.x=" in command).results[0]
    numbers = {
        "outputs": (", ".join(short(row["after"][0]) for row in tutorial["outputs"]), EXACT),
        "stuck": (", ".join(f"{row['after'][0]:.3f}" for row in stuck["outputs"]), EXACT),
        "typed": (only(ran, "input=[1,0,0]").out.split()[-2], EXACT),
    }
    for when in ("before", "after"):
        (weights,) = tutorial["weights"][when]["net.0.weight"]
        numbers |= {f"{when}{i}": (short(w, 8), 1e-6) for i, w in enumerate(weights)}
    sweep = only(ran, "-m", "experiment=xor_tutorial").results
    for name, hidden in (("two", "model.hidden=[2]"), ("four", "model.hidden=[4]")):
        jobs = [result for result in sweep if hidden in result["overrides"]]
        learned = sum(result["metrics"]["accuracy"] == 1 for result in jobs)
        numbers[name] = (str(learned), EXACT)
    for name, word in (
        ("relu", "model.activation=relu"),
        ("sigmoid", "model.activation=sigmoid"),
        ("mixed", "model.activation=[tanh,relu]"),
    ):
        found = only(ran, word).metrics
        numbers[name] = (f"{found['accuracy']:.3f}", CLOSE)
        numbers[f"{name}_val"] = (f"{found['val_accuracy']:.3f}", CLOSE)
    rates = only(ran, "experiment=learning_rate")
    for name, job in zip(("high", "right", "low"), range(3), strict=True):
        numbers[name] = (short(mean(rates.losses(job)[-50:]), 2), ROUGH)
    return numbers


def sampled(run: Any) -> dict[str, list[float]]:
    """Return how well samples of each model of a sweep cover the true centroids, by measure."""
    found: dict[str, list[float]] = {}
    points = create_data("blobs").points
    for folder in run.folders[1:]:
        samples = load_model(folder).sample(1000).to(points.x)
        for name, value in coverage(samples, points.x, points.centroids).items():
            found.setdefault(name, []).append(value)
    return found


def som_ratios(run: Any) -> Numbers:
    """Return the errors of maps divided by MiniSom's on the same points, means over seeds."""
    found: dict[tuple[str, str], list[float]] = {}
    for result, folder in zip(run.results, run.folders[1:], strict=True):
        data = load_run(folder).data
        x, model = data.train.x, load_model(folder)
        peer = MiniSom(8, 8, x.shape[1], random_seed=result["seed"])
        peer.random_weights_init(x.numpy())
        peer.train(x.numpy(), 20 * len(x), random_order=True)
        theirs = from_numpy(peer.get_weights().swapaxes(0, 1).reshape(64, -1).copy())
        for weight, who in ((model.layer.weight, "ours"), (theirs, "theirs")):
            two = cdist(x.numpy(), weight.detach().numpy())
            first, second = two.argsort(1)[:, :2].T
            apart = ~model.grid.adjacent()[first, second]
            errors = two.min(1).mean(), float(apart.float().mean())
            for name, value in zip(("quantization", "topographic"), errors, strict=True):
                found.setdefault((f"{result['data']}_{name}", who), []).append(value)
    names = {name for name, _ in found}
    ratios = {name: mean(found[name, "ours"]) / mean(found[name, "theirs"]) for name in names}
    return {name: (f"{ratio:.2f}", CLOSE) for name, ratio in ratios.items()}


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
        **som_ratios(of("som")),
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


NUMBERS: dict[str, Callable[[Commands], Numbers]] = {
    "autoencoder": autoencoder,
    "competitive": competitive,
    "perceptron": perceptron,
    "results": results,
    "sigmoid_classifier": sigmoid_classifier,
    "sigmoid_neuron": sigmoid_neuron,
}


# Picture of a page: the figure of a command, and a word of that command.
PICTURES = {
    "autoencoder_latent.png": ("latent.png", "experiment=autoencoder_tutorial"),
    "autoencoder_reconstruction.png": ("reconstruction.png", "experiment=autoencoder_tutorial"),
    "gan_losses.png": ("losses.png", "model=gan"),
    "gan_generated.png": ("generated.png", "model=gan"),
    "vae_generated.png": ("generated.png", "model=vae"),
    "counterpropagation_confusion.png": ("confusion.png", "model=counterpropagation"),
    "counterpropagation_prototypes.png": ("prototypes.png", "model=counterpropagation"),
    "diabetes_fit.png": ("fit.png", "data.path=diabetes.csv"),
    "diabetes_residuals.png": ("residuals.png", "data.path=diabetes.csv"),
    "digits_reconstruction.png": ("reconstruction.png", "experiment=digits_autoencoder"),
    "iris_confusion.png": ("confusion.png", "data=iris"),
    "synaptic_curve.png": ("curve.png", "experiment=synaptic_tutorial"),
    "som_grid.png": ("grid.png", "model=som"),
    "som_hits.png": ("hits.png", "model=som"),
    "som_planes.png": ("planes.png", "model=som"),
    "som_unit_distances.png": ("unit_distances.png", "model=som"),
    "competitive_clusters.gif": ("clusters.gif", "figures.rotate=true"),
    "competitive_clusters.png": ("clusters.png", "model=competitive"),
    "learning_rate.png": ("sweep.png", "experiment=learning_rate"),
    "mlp_activations.png": ("activations.png", "data=moons"),
    "mlp_fit.png": ("fit.png", "model=mlp"),
    "mlp_network.png": ("network.png", "data=moons"),
    "perceptron_boundary.png": ("boundary.png", "experiment=perceptron_tutorial"),
    "perceptron_curve.png": ("curve.png", "experiment=perceptron_tutorial"),
    "perceptron_decision.png": ("decision.png", "data=car_decision"),
    "perceptron_points.png": ("points.png", "experiment=perceptron_tutorial"),
    "sigmoid_classifier_boundary.png": ("boundary.png", "data=xor"),
    "sigmoid_tutorial_boundary.png": ("boundary.png", "experiment=sigmoid_tutorial"),
    "xor_boundary.png": ("boundary.png", "experiment=xor_tutorial"),
}

SCREENSHOTS = {"report_run.png", "report_sweep.png"}  # of a browser, made by hand
