"""Many autoencoders written by hand in JAX: vmap over members, scan over steps, jit.

    python -m benchmarks.jax_sweep TASK.npz MEMBERS OUTPUT.npz

trains the members on the mean squared error by Adam, each from its own initial weights and in its
own random order of the points, and writes their weights and losses. It prints the seconds of
compilation and of the run as JSON, and the mean loss of the last epoch.
"""

import json
import sys
import time
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

BETAS, EPSILON = (0.9, 0.999), 1e-8
ACTIVATIONS = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh}


def main(path: str, members: str, output: str) -> None:
    """Train as the file describes."""
    with np.load(path) as saved:
        x, task = jnp.asarray(saved["x"]), json.loads(str(saved["task"]))
    if task["loss"] != "mse":
        raise ValueError(f"only the mean squared error is written here, not {task['loss']}")
    keys = jax.random.split(jax.random.key(0), int(members))
    program = jax.jit(jax.vmap(lambda key: train(key, x, task)))
    start = time.perf_counter()
    compiled = program.lower(keys).compile()
    middle = time.perf_counter()
    layers, losses = jax.block_until_ready(compiled(keys))
    end = time.perf_counter()
    arrays = {f"{name}{i}": value for i, pair in enumerate(layers) for name, value in pair.items()}
    np.savez(output, losses=losses, **arrays)
    seconds = {"compile": middle - start, "run": end - middle}
    print(json.dumps(seconds | {"loss": float(losses[:, -1].mean())}))


def train(key: Any, x: Any, task: dict[str, Any]) -> tuple[Any, Any]:
    """Train one member; return its layers and the mean loss of each epoch."""
    start, orders = jax.random.split(key)
    layers = initial(start, task["widths"])
    zeros = jax.tree.map(jnp.zeros_like, layers)
    full, rest = divmod(len(x), task["batch"])

    def loss(layers: Any, batch: Any) -> Any:
        made = batch
        for layer in layers[:-1]:
            made = ACTIVATIONS[task["hidden"]](made @ layer["w"] + layer["b"])
        made = jax.nn.sigmoid(made @ layers[-1]["w"] + layers[-1]["b"])
        return jnp.square(made - batch).mean()

    def step(state: Any, points: Any) -> tuple[Any, Any]:
        layers, first, second, count = state
        value, gradients = jax.value_and_grad(loss)(layers, x[points])
        count = count + 1
        a, b = BETAS
        first = jax.tree.map(lambda m, g: a * m + (1 - a) * g, first, gradients)
        second = jax.tree.map(lambda v, g: b * v + (1 - b) * g * g, second, gradients)
        size = task["rate"] / (1 - a**count)
        layers = jax.tree.map(
            lambda p, m, v: p - size * m / (jnp.sqrt(v / (1 - b**count)) + EPSILON),
            *(layers, first, second),
        )
        return (layers, first, second, count), value

    def epoch(state: Any, key: Any) -> tuple[Any, Any]:
        order = jax.random.permutation(key, len(x))
        batches = order[: full * task["batch"]].reshape(full, task["batch"])
        state, losses = jax.lax.scan(step, state, batches)
        if rest:  # the last batch has fewer points
            state, last = step(state, order[full * task["batch"] :])
            losses = jnp.append(losses, last)
        return state, losses.mean()

    state = (layers, zeros, zeros, jnp.zeros(()))
    state, losses = jax.lax.scan(epoch, state, jax.random.split(orders, task["epochs"]))
    return state[0], losses


def initial(key: Any, widths: list[int]) -> list[dict[str, Any]]:
    """Return layers with uniform weights and biases in ``1/sqrt(inputs)``, as in torch."""
    layers = []
    for fan_in, fan_out in pairwise(widths):
        key, one, other = jax.random.split(key, 3)
        limit = fan_in**-0.5
        layers.append(
            {
                "w": jax.random.uniform(one, (fan_in, fan_out), minval=-limit, maxval=limit),
                "b": jax.random.uniform(other, (fan_out,), minval=-limit, maxval=limit),
            }
        )
    return layers


if __name__ == "__main__":
    main(*sys.argv[1:])
