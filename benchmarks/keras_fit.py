"""Train a task in Keras, in its own process, because the backend is chosen at import.

    KERAS_BACKEND=jax python -m benchmarks.keras_fit TASK.npz

prints the seconds of two calls of ``model.fit`` as JSON: of a new model, which includes
compilation, and of the same model once more, already compiled.
"""

import json
import sys
import time

import keras
import numpy as np


def main(path: str) -> None:
    """Train as the file describes."""
    with np.load(path) as saved:
        x, y, task = saved["x"], saved["y"], json.loads(str(saved["task"]))
    layers = [keras.Input((task["widths"][0],))]
    layers += [keras.layers.Dense(width, task["hidden"]) for width in task["widths"][1:-1]]
    layers += [keras.layers.Dense(task["widths"][-1], task["output"])]
    model = keras.Sequential(layers)
    model.compile(
        optimizer=keras.optimizers.Adam(task["rate"]),
        loss=task["loss"],
        steps_per_execution=task["steps_per_execution"],
    )
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        model.fit(x, y, epochs=task["epochs"], batch_size=task["batch"], verbose=0)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"fit": seconds[0], "compiled": seconds[1]}))


if __name__ == "__main__":
    main(sys.argv[1])
