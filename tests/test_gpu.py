"""Every model on a CUDA device: the same results as on the CPU, and the same bits each time."""

import copy

import pytest
import torch
from helpers import MODELS, fit, same, tiny_data, tiny_model, train_by_engine

from nnzoo import create_data
from nnzoo.engine.loop import Engine, Plan
from nnzoo.engine.progress import Member, Progress
from nnzoo.models import Reconstructor
from nnzoo.runs.evaluation import compare, evaluate

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

EPOCHS = 5
# Relative tolerances of metrics. A GPU adds in another order, and gradient steps amplify the
# difference.
TOLERANCES = {
    "perceptron": 0.0,
    "competitive": 1e-4,
    "gan": 1e-1,  # two networks that follow each other
    "counterpropagation": 1e-2,
    "mlp": 1e-2,
    "vae": 1e-2,  # its first steps are large
}
CASES = {name: {} for name in MODELS} | {
    "autoencoder noisy": {"noise": 0.1, "sparsity": 0.01},
    "competitive batch": {"update": "batch"},
    "competitive wta": {"update": "batch", "rule": "wta"},
    "competitive cwta": {"update": "batch", "rule": "cwta", "lr": 0.05},
}


def tolerance(case):
    return TOLERANCES.get(case.split()[0], 1e-3)


@pytest.fixture(autouse=True)
def exact_products(monkeypatch):
    """No TF32, which has ten bits of mantissa, and cuBLAS in its reproducible mode."""
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    yield
    torch.set_float32_matmul_precision(before)
    torch.use_deterministic_algorithms(False)


def new(case, data, seed=0):
    return tiny_model(case.split()[0], data, seed, **CASES[case])


def train(case, accelerator, members=1, **options):
    """Train members by the engine; return their progress, and the device."""
    data = tiny_data(case.split()[0])
    trained = []
    for seed in range(members):
        model = new(case, data, seed)
        model.initialize_from(data.start_batch())
        trained.append(Member(model, data, seed, Progress(EPOCHS), write=lambda progress: None))
    engine = Engine(trained, Plan(EPOCHS))
    trainer = fit(engine, accelerator=accelerator, num_sanity_val_steps=0, **options)
    assert all(one.progress.error is None for one in trained)
    assert trainer.strategy.root_device.type == {"gpu": "cuda"}.get(accelerator, "cpu")
    return [one.progress for one in trained]


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("case", CASES)
def test_a_gpu_gives_the_cpus_numbers(case, members):
    pairs = zip(train(case, "cpu", members), train(case, "gpu", members), strict=True)
    for cpu, gpu in pairs:
        assert len(gpu.rows) == len(cpu.rows)
        for row, wanted in zip(gpu.rows, cpu.rows, strict=True):
            assert row == pytest.approx(wanted, rel=tolerance(case), abs=1e-6)
        assert all(not value.is_cuda for value in gpu.weights.values())


@pytest.mark.parametrize("case", CASES)
def test_the_same_seed_gives_the_same_bits_on_a_gpu(case):
    (one,), (other,) = (train(case, "gpu", deterministic=True) for _ in range(2))
    assert same(one.weights, other.weights)
    assert one.rows == other.rows


@pytest.mark.parametrize("name", MODELS)
def test_the_textbook_model_trains_on_a_gpu(name):
    data = tiny_data(name)
    found = []
    for accelerator in ("cpu", "gpu"):
        model = tiny_model(name, data)
        fit(model, data, accelerator=accelerator, max_epochs=EPOCHS)
        found.append(evaluate(model.cpu().eval(), data))
    assert found[1] == pytest.approx(found[0], rel=tolerance(name), abs=1e-6)


def test_lbfgs_on_a_gpu():
    data = create_data("parabola", batch_size=None)
    losses = []
    for accelerator in ("cpu", "gpu"):
        model = tiny_model("mlp", data, optimizer={"name": "lbfgs", "lr": 0.1})
        fit(model, data, accelerator=accelerator, max_epochs=EPOCHS)
        losses.append(evaluate(model.cpu(), data)["loss"])
    assert losses[1] == pytest.approx(losses[0], rel=1e-2)


@pytest.mark.parametrize("name", MODELS)
def test_metrics_and_predictions_on_the_gpu(name):
    data = tiny_data(name)
    model = tiny_model(name, data)
    train_by_engine(model, data, 1)
    on_cpu = evaluate(model, data)
    raw = data.raw[0].x
    output = model.predict(raw)
    model.cuda()
    assert evaluate(model, data) == pytest.approx(on_cpu, rel=1e-4, abs=1e-6)
    on_gpu = model.predict(raw)
    assert on_gpu.is_cuda
    torch.testing.assert_close(on_gpu.cpu(), output, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "name", [name for name in MODELS if isinstance(tiny_model(name), Reconstructor)]
)
def test_anomalies_and_samples_of_the_gpu_are_the_cpus(name):
    data = create_data("wine", scale="minmax")
    model, raw = tiny_model(name, data), data.points.x
    model.calibrate(data)
    found = compare(model, tiny_model(name, data, seed=1), data)
    gpu = copy.deepcopy(model).cuda()
    gpu.calibrate(data)
    assert gpu.threshold.item() == pytest.approx(model.threshold.item(), rel=1e-4)
    assert gpu.predict_labels(raw) == model.predict_labels(raw)
    on_gpu = compare(gpu, tiny_model(name, data, seed=1), data)
    assert on_gpu == pytest.approx(found, rel=1e-2)
    if name == "vae":
        torch.testing.assert_close(gpu.sample(9).cpu(), model.sample(9), rtol=1e-4, atol=1e-4)
