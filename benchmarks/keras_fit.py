"""Keras on a task, in a process of its own, since a backend is chosen when Keras is imported.

    KERAS_BACKEND=jax python -m benchmarks.keras_fit TASK.npz

prints the seconds of ``model.fit`` twice, as JSON: on a new model, whose compiling is part of it,
and once more on the same, compiled by then.
"""

import json
import sys
import time

import keras
import numpy as np


def main(path: str) -> None:
    """Fit what the file says."""
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
        model.fit(x, y, epochs=task["passes"], batch_size=task["batch"], verbose=0)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"fit": seconds[0], "compiled": seconds[1]}))


if __name__ == "__main__":
    main(sys.argv[1])
