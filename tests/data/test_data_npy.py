"""NumPy files: what is read, memory use, and error messages."""

import subprocess
import sys

import numpy as np
import pytest
import torch

import nnzoo
from nnzoo import InputError, limits
from nnzoo.data import NPY, DataModule, Points, base, loader, npy

X = np.arange(12, dtype=np.float32).reshape(4, 3)


class InMemory(DataModule):
    """An array in memory."""

    def __init__(self, x, **options):
        super().__init__(**options)
        self.x = x

    def load(self):
        return Points(torch.tensor(self.x))


@pytest.fixture
def saved(tmp_path):
    def save(array, **options):
        np.save(tmp_path / "x.npy", array)
        return NPY(str(tmp_path / "x.npy"), **options)

    return save


def test_an_array_of_points(saved):
    data = saved(X)
    assert data.points.x.tolist() == X.tolist()
    assert data.points.x.dtype == torch.float32
    assert data.points.y is None
    assert data.feature_names == ["x1", "x2", "x3"]
    assert (data.n_features, data.n_classes, data.n_targets) == (3, None, None)


@pytest.mark.parametrize(
    "array",
    [
        X.astype(np.float64),
        X.astype(np.int16),
        X.astype(">f4"),
        np.asfortranarray(X),
    ],
    ids=["float64", "int16", "big-endian", "fortran"],
)
def test_other_numbers_and_orders_are_converted(saved, array):
    x = saved(array).points.x
    assert x.dtype == torch.float32
    assert x.is_contiguous()
    assert x.tolist() == X.tolist()


@pytest.fixture
def mapped(monkeypatch):
    """Arrays stay in their files, as large ones do."""
    monkeypatch.setattr(npy, "MAX_SHARE", 0)


def test_a_small_file_is_read(saved):
    data = saved(X)
    x = data.points.x
    data.path.write_bytes(b"")
    assert x.tolist() == X.tolist()


def test_a_large_file_of_float32_is_mapped(saved, mapped):
    assert isinstance(npy.read_npy(saved(X).path), np.memmap)
    assert not isinstance(npy.read_npy(saved(X.astype(float)).path), np.memmap)


def test_the_file_is_never_changed(saved, mapped):
    data = saved(X)
    data.points.x.zero_()
    assert np.load(data.path).tolist() == X.tolist()


READERS = {
    "scaling": lambda data: data.scaling,
    "start": lambda data: data.start_batch().x,
    "slices": lambda data: list(data.scaled_slices(data.raw[0])),
    "split": lambda data: data.raw,
    "batches": lambda data: next(iter(data.train_dataloader())),
}


@pytest.mark.parametrize("use", READERS)
def test_a_mapped_file_that_becomes_shorter(use, saved, mapped):
    """Reading past the end of a mapped file would kill the process."""
    data = saved(np.ones((4000, 3), np.float32), scale="standard" if use == "scaling" else "none")
    if use != "split":
        data.points, data.raw  # noqa: B018
    else:
        data.points  # noqa: B018
    with data.path.open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(InputError, match=r"x\.npy has become shorter since the training began"):
        READERS[use](data)


SHRINKS = """
import sys
from nnzoo.cli.main import main
from nnzoo.data import npy
from nnzoo.engine import loader
npy.MAX_SHARE, epoch = 0, loader.PopulationLoader.epoch

def shrinking(self, number, last):
    if number == 2:
        open("x.npy", "r+b").truncate(1000)
    return epoch(self, number, last)

loader.PopulationLoader.epoch = shrinking
main(["train", *sys.argv[1:]])
"""


@pytest.mark.slow
def test_a_file_that_becomes_shorter_in_a_training(tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(400_000, 3)).astype("f4"))
    options = ["model=competitive", "data=npy", "data.path=x.npy", "model.units=4"]
    options += [
        "model.update=batch",
        "data.batch_size=4096",
        "trainer.max_epochs=4",
        "figures=none",
    ]
    command = [sys.executable, "-c", SHRINKS, *options]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "x.npy has become shorter since the training began" in done.stderr


@pytest.mark.parametrize("dtype", ["f4", "f8", "i1"])
def test_a_header_that_claims_too_much(tmp_path, dtype):
    with (tmp_path / "x.npy").open("wb") as stream:
        header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": (10**9, 10**3)}
        np.lib.format.write_array_header_2_0(stream, header)
    with pytest.raises(InputError, match="is not an array of numbers written by"):
        NPY(str(tmp_path / "x.npy")).load()


def test_a_sparse_file_of_other_numbers_than_float32(tmp_path):
    """It takes no space on the disk, but more than the memory when it is converted to float32."""
    file = tmp_path / "x.npy"
    rows = int(limits.memory() / 9)  # a third of the memory
    with file.open("wb") as stream:
        header = {"descr": "|i1", "fortran_order": False, "shape": (rows, 3)}
        np.lib.format.write_array_header_2_0(stream, header)
        stream.truncate(stream.tell() + 3 * rows)
    with pytest.raises(InputError, match="more than this computer's memory can hold"):
        NPY(str(file)).load()


@pytest.mark.parametrize("scale", ["none", "standard", "minmax"])
@pytest.mark.parametrize("options", [{}, {"val_fraction": 0.25}, {"shuffle": False}])
@pytest.mark.parametrize("large", [False, True])
def test_batches_are_those_of_the_array_in_memory(saved, monkeypatch, scale, options, large):
    """Exactly equal, including large data that are ordered and scaled in pieces."""
    x = np.random.default_rng(0).normal(3, 2, (103, 4)).astype(np.float32)
    options = {"scale": scale, "batch_size": 8, **options}
    torch.manual_seed(0)
    expected = [batch.x for batch in InMemory(x, **options).train_dataloader()]
    if large:
        monkeypatch.setattr(base, "LARGE", 50)
        monkeypatch.setattr(loader, "MAX_GATHERED", 100)
    data = saved(x, **options)
    torch.manual_seed(0)
    found = [batch.x for batch in data.train_dataloader()]
    assert len(found) == len(expected) >= 10
    assert all(map(torch.equal, found, expected))
    assert large == ("train" not in data.__dict__) or scale == "none"


def test_without_scaling_the_training_part_is_the_file_itself(saved):
    data = saved(X)
    assert data.train.x.data_ptr() == data.points.x.data_ptr()


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (X[0], r"x\.npy has the shape \(3,\); it must be \(points, features\)"),
        (X[None], r"the shape \(1, 4, 3\)"),
        (X[:0], r"the shape \(0, 3\)"),
        (np.array(["a", "b"]), "contains <U1; the values must be real numbers"),
        (X.astype(complex), "contains complex128"),
        (np.array([[1, None]]), "is not an array of numbers written by numpy.save"),
        (np.where(X == 7, np.nan, X), r"the value at \[2, 1\] is nan as float32"),
        (np.where(X == 0, np.inf, X), r"the value at \[0, 0\] is inf"),
        (np.full((2, 2), 1e300), r"the value at \[0, 0\] is inf as float32"),
    ],
)
def test_invalid_arrays(saved, array, message):
    with pytest.raises(InputError, match=message):
        saved(array).load()


def test_invalid_files(tmp_path):
    (tmp_path / "text.npy").write_text("1,2\n3,4\n")
    (tmp_path / "empty.npy").write_bytes(b"")
    np.savez(tmp_path / "several.npz", a=X, b=X)
    for name, message in {
        "nowhere.npy": "cannot read .*nowhere.npy: No such file",
        "": "cannot read .*: it is a directory",
        "text.npy": "text.npy is not an array of numbers written by numpy.save",
        "empty.npy": "empty.npy is not an array of numbers written by numpy.save",
        "several.npz": "several.npz is an archive of arrays; save a single array with numpy.save",
    }.items():
        with pytest.raises(InputError, match=message):
            NPY(str(tmp_path / name)).load()
    with pytest.raises(InputError, match=r"data=npy data.path=FILE.npy; got None"):
        nnzoo.create_data("npy")


@pytest.mark.parametrize("model", ["autoencoder", "competitive", "gan", "vae"])
def test_a_run_on_a_file(tmp_path, nnzoo_train, model):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(300, 5)).astype(np.float32))
    options = ["data.path=x.npy", "data.batch_size=32", "data.val_fraction=.1", "figures=none"]
    options += ["model.units=4"] if model == "competitive" else []
    printed = nnzoo_train(f"model={model}", "data=npy", *options, "trainer.max_epochs=1")
    assert (printed.code, printed.err) == (0, "")
    assert "270 points x 5 features, 30 more for validation" in printed.out


PEAK = """
import resource, sys
from nnzoo.cli.main import main
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
main(["train", *sys.argv[1:]])
print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "kB")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is only in kB on Linux")
def test_a_run_needs_little_more_memory_than_the_file(tmp_path):
    """2e6 points x 16 are 128 MB, mapped; copies of them would double that."""

    def peak(points):
        folder = tmp_path / str(points)
        folder.mkdir()
        x = np.random.default_rng(0).standard_normal((points, 16), dtype=np.float32)
        np.save(folder / "x.npy", x)
        options = ["experiment=competitive_at_size", "data.path=x.npy", "model.units=16"]
        command = [
            sys.executable,
            "-c",
            PEAK,
            *options,
            "data.scale=standard",
            "trainer.max_epochs=2",
        ]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        return int(done.stdout.split("peak ")[1].split()[0]) / 1024

    growth = peak(2_000_000) - peak(200_000)
    assert growth < 128 + 100
