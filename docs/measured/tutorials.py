"""The numbers of the tutorials."""

from statistics import mean

from measured.clusters import kmeans_distance
from measured.formats import CLOSE, EXACT, ROUGH, Commands, Numbers, listed, only, short


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
