"""Every model on a CUDA device: the same results as on the CPU, and the same bits each time."""

import copy

import pytest
import torch
from helpers import Rows, fit, own_data, own_model, same, state

from nnzoo import create_data

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

# Sums are taken in another order on a GPU, and gradient steps carry that on.
CASES = {
    "perceptron": ({}, 0.0),
    "sigmoid_classifier": ({}, 1e-3),
    "autoencoder": ({}, 1e-3),
    "autoencoder noisy": ({"noise": 0.1, "sparsity": 0.01}, 1e-3),
    "mlp": ({}, 1e-2),
    "mlp lbfgs": ({"optimizer": {"name": "lbfgs", "lr": 0.1}}, 1e-2),
    "sigmoid_neuron": ({}, 1e-3),
    "counterpropagation": ({}, 1e-2),
    "gan": ({}, 1e-1),  # two networks that follow each other
    "vae": ({}, 1e-2),  # its first steps are large
    "competitive online": ({"update": "online"}, 1e-6),  # its loop runs in NumPy on either
    "competitive batch": ({"update": "batch"}, 1e-4),
    "competitive cwta": ({"update": "batch", "rule": "cwta", "lr": 0.05}, 1e-4),
}


@pytest.fixture(autouse=True)
def exact_products(monkeypatch):
    """No TF32, which keeps ten bits of a factor; and cuBLAS in its reproducible mode."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    yield
    torch.set_float32_matmul_precision(before)
    torch.use_deterministic_algorithms(False)


def train(case, accelerator, **trainer_options):
    name = case.split()[0]
    data = own_data(name)
    model, rows = own_model(name, data, **CASES[case][0]), Rows()
    options = {"accelerator": accelerator, "max_epochs": 5, "callbacks": [rows]}
    trainer = fit(model, data, **(options | trainer_options))
    device = trainer.strategy.root_device
    return model, data, rows, device


@pytest.mark.parametrize("case", CASES)
def test_a_gpu_gives_the_cpus_numbers(case):
    cpu, data, cpu_rows, _ = train(case, "cpu")
    gpu, _, gpu_rows, device = train(case, "gpu")
    assert device.type == "cuda"
    tolerance = CASES[case][1]
    assert gpu_rows.steps == cpu_rows.steps
    assert gpu_rows.losses == pytest.approx(cpu_rows.losses, rel=tolerance, abs=1e-7)
    assert gpu.cpu().score(data) == pytest.approx(cpu.score(data), rel=tolerance, abs=1e-7)


@pytest.mark.parametrize("case", CASES)
def test_the_same_seed_gives_the_same_bits_on_a_gpu(case):
    states = [state(train(case, "gpu", deterministic=True)[0]) for _ in range(2)]
    assert same(*states)


@pytest.mark.parametrize(
    "name",
    ["autoencoder", "competitive", "counterpropagation", "gan", "mlp", "sigmoid_classifier", "vae"],
)
def test_scores_and_predictions_can_be_made_on_the_gpu(name):
    data = create_data("wine", scale="minmax")
    model = own_model(name, data)
    on_cpu = model.score(data)
    raw = data.raw[0].x
    output = model.predict(raw)
    model.cuda()
    assert model.score(data) == pytest.approx(on_cpu, rel=1e-4)
    on_gpu = model.predict(raw)
    assert on_gpu.is_cuda
    torch.testing.assert_close(on_gpu.cpu(), output, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["autoencoder", "vae"])
def test_anomalies_and_samples_of_the_gpu_are_the_cpus(name):
    data = create_data("wine", scale="minmax")
    model, raw = own_model(name, data), data.points.x
    model.calibrate(data)
    found = model.assess(data, own_model(name, data, seed=1))
    gpu = copy.deepcopy(model).cuda()
    gpu.calibrate(data)
    assert gpu.threshold.item() == pytest.approx(model.threshold.item(), rel=1e-4)
    assert gpu.decisions(raw) == model.decisions(raw)
    on_gpu = gpu.assess(data, own_model(name, data, seed=1))
    assert on_gpu == pytest.approx(found, rel=1e-2)
    if name == "vae":
        torch.testing.assert_close(gpu.sample(9).cpu(), model.sample(9), rtol=1e-4, atol=1e-4)
