"""The program of the tutorial: an autoencoder in Keras, from the imports to the figures.

    KERAS_BACKEND=jax python -m benchmarks.keras_tutorial REPORT.json FOLDER [EPOCHS]

Two blobs of 1000 points in total, a network 2-32-16-32-2, Adam on the mean squared error in batches
of 32, 50 epochs; figures of the points, of two units of the code, and of the points beside their
reconstruction. It differs from the tutorial in two ways: the points are scaled to the range of the
sigmoid output, and figures are written to files, as nnzoo does, instead of shown in windows.
"""

import json
import sys
from pathlib import Path

from benchmarks.stages import IMPORTS, Stopwatch


def main(report: str, folder: str, epochs: str = "50") -> None:
    """Run the program and write the seconds of each stage."""
    watch = Stopwatch()
    with watch.stage(IMPORTS):
        import matplotlib

        matplotlib.use("agg")
        from keras import Input, Model
        from keras.layers import Dense
        from matplotlib import pyplot as plt
        from sklearn.datasets import make_blobs
    with watch.stage("data, model, result"):
        x, _ = make_blobs(n_samples=1000, centers=2, n_features=2, random_state=42)
        x = (x - x.min(0)) / (x.max(0) - x.min(0))
        points = Input((2,))
        code = Dense(16, "relu")(Dense(32, "relu")(points))
        rebuilt = Dense(2, "sigmoid")(Dense(32, "relu")(code))
        network, encoder = Model(points, rebuilt), Model(points, code)
        network.compile(optimizer="adam", loss="mse")
    with watch.stage("fit"):
        network.fit(x, x, epochs=int(epochs), batch_size=32, verbose=0)
    with watch.stage("figures"):
        codes, outputs = encoder.predict(x, verbose=0), network.predict(x, verbose=0)
        for name, panels in (
            ("points", {"points": x}),
            ("latent", {"latent space": codes}),
            ("reconstruction", {"original": x, "reconstruction": outputs}),
        ):
            figure, axes = plt.subplots(1, len(panels), squeeze=False, figsize=(5 * len(panels), 5))
            for axis, (title, shown) in zip(axes[0], panels.items(), strict=True):
                axis.scatter(shown[:, 0], shown[:, 1])
                axis.set_title(title)
            figure.savefig(Path(folder) / f"{name}.png", dpi=120)
            plt.close(figure)
    Path(report).write_text(json.dumps(watch.seconds), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
