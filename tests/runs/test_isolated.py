"""Trainings from Python beside other work: modes, settings, threads and forks."""

import copy
import gc
import os
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

import nnzoo
from nnzoo import InputError
from nnzoo.runs.isolated import isolated

X = np.random.default_rng(5).normal(size=(40, 3))


def short(**options):
    return nnzoo.train("autoencoder", X, **({"latent": 1, "epochs": 2} | options))


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_modes_of_gradients(mode):
    expected = short().metrics
    with mode():
        modes = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        run = short()
        assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == modes
    assert torch.is_grad_enabled()
    assert run.metrics == expected
    assert not any(weight.is_inference() for weight in run.model.parameters())


def test_settings_of_the_process(monkeypatch):
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    hook, benchmark = sys.excepthook, torch.backends.cudnn.benchmark
    environment = dict(os.environ)
    short(deterministic=True)
    short(benchmark=not benchmark)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.backends.cudnn.benchmark == benchmark
    with isolated():
        sys.excepthook = print
        os.environ["MASTER_PORT"] = "1"
    assert sys.excepthook is hook
    assert dict(os.environ) == environment


def test_threads_train_one_after_the_other():
    seeds = [1, 2, 3, 4]
    expected = [short(seed=seed).metrics for seed in seeds]
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda seed: short(seed=seed), seeds))
    assert [run.metrics for run in runs] == expected


def test_a_forked_child_leaves_the_folder():
    run = short()
    read, write = os.pipe()
    with isolated():  # the child must not wait for the lock of its parent's thread
        child = os.fork()
        if child == 0:
            run._temporary.remove()
            with ThreadPoolExecutor(1) as pool:
                pool.submit(lambda: isolated().__enter__()).result(10)
            os.write(write, b"done")
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert os.read(read, 4) == b"done"
    assert (run.folder / "result.json").is_file()
    os.close(read)
    os.close(write)


@pytest.fixture
def no_collection():
    """Objects in cycles are not freed."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_copies_share_the_temporary_folder(copied, tmp_path):
    run = short()
    folder, other = run.folder, copied(run)
    del run
    assert folder.is_dir()
    assert other.save(tmp_path / "kept") == tmp_path / "kept"
    del other
    assert not folder.exists()


@pytest.mark.usefixtures("no_collection")
def test_a_pickled_run_without_its_folder(tmp_path):
    run = short()
    content = pickle.dumps(run)
    del run
    again = pickle.loads(content)
    assert again.predict(X).shape == X.shape
    with pytest.raises(InputError, match="is gone; give folder= to nnzoo"):
        again.save(tmp_path / "kept")
    assert list(tmp_path.iterdir()) == []
