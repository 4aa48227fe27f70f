"""Files from others: a clear error, before memory is allocated for what they claim to contain."""

import os
import pickle
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
import torch
import yaml
from helpers import fit, same, state, tiny_data, tiny_model

from nnzoo import InputError, create_data, load_model
from nnzoo.models import VAE, Autoencoder
from nnzoo.runs.job import _Dumper
from nnzoo.runs.reading import MAX_YAML, is_larger, read_torch, read_yaml


@pytest.fixture
def file(tmp_path):
    """A checkpoint of a small autoencoder."""
    data = tiny_data("autoencoder")
    fit(tiny_model("autoencoder", data), data).save_checkpoint(tmp_path / "a.ckpt")
    return tmp_path / "a.ckpt"


@pytest.fixture(autouse=True)
def little_memory():
    """Each test may allocate at most 2 GiB: larger allocations fail."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with suppress(FileNotFoundError):  # only Linux has it
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + 2**31
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def change(file, edit):
    content = torch.load(file, weights_only=True)
    edit(content)
    torch.save(content, file)


def rewrite(file, edit, compression=zipfile.ZIP_STORED):
    """Write a checkpoint again, with each record edited."""
    with zipfile.ZipFile(file) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, record in records.items():
            archive.writestr(name, edit(name, record))


def refused(file, reason):
    with pytest.raises(InputError, match=reason) as caught:
        load_model(file)
    assert str(file) in str(caught.value)


# Checkpoints


@pytest.mark.parametrize("in_features", [10**8, 10**18, -1, 2.5, "4", None, [4]])
def test_a_model_larger_than_its_weights(file, in_features):
    change(file, lambda c: c["hyper_parameters"].update(in_features=in_features))
    refused(file, "is damaged: its weights and its options differ in size")


@pytest.mark.parametrize(
    "options", [{"latent": 10**9}, {"hidden": [10**9]}, {"hidden": [10**6, 10**6]}]
)
@pytest.mark.parametrize("kind", [Autoencoder, VAE])
def test_layers_larger_than_the_weights(tmp_path, kind, options):
    file = tmp_path / "a.ckpt"
    data = tiny_data("vae")
    fit(kind(4), data).save_checkpoint(file)
    change(file, lambda c: c["hyper_parameters"].update(options))
    refused(file, "is damaged: .*size mismatch")


class Reads(Autoencoder):
    """A user's class that reads its weights while it is built."""

    def __init__(self, in_features, **options):
        super().__init__(in_features, **options)
        self.first = next(self.parameters()).flatten()[0].item()


def test_a_class_of_the_users_that_reads_its_weights(tmp_path):
    model = Reads(4)
    fit(model, tiny_data("autoencoder")).save_checkpoint(tmp_path / "a.ckpt")
    assert same(state(load_model(tmp_path / "a.ckpt")), state(model))


def test_tensors_larger_than_the_file(file):
    change(file, lambda c: c["state_dict"].update(x=torch.zeros(1).expand(10**9)))
    refused(file, "is damaged: its content is larger than the file")


def test_tensors_of_a_resumed_training_are_counted(file):
    change(file, lambda c: c["nnzoo"].update(training=[torch.zeros(1).expand(10**9)]))
    refused(file, "is damaged: its content is larger than the file")


def test_lists_that_contain_each_other(file):
    values = [1]
    for _ in range(64):
        values = [values, values]
    change(file, lambda c: c["hyper_parameters"].update(hidden=values))
    refused(file, "is damaged: its content is larger than the file")


def test_content_that_contains_itself():
    values = []
    values.append(values)
    assert is_larger(values, 100)
    assert not is_larger([torch.zeros(25), {"a": (1, 2)}], 100)


def test_compressed_records(file):
    rewrite(file, lambda name, record: record, zipfile.ZIP_DEFLATED)
    refused(file, "is damaged: its content is larger than the file")


class Large:
    def __init__(self, kind):
        self.kind = kind

    def __reduce__(self):
        return self.kind, (10**10,)


@pytest.mark.parametrize("kind", [bytearray, torch.Tensor, torch.FloatTensor])
def test_calls_that_allocate(file, kind):
    """``torch.load(weights_only=True)`` makes them."""
    record = pickle.dumps({"nnzoo": Large(kind)}, protocol=2)
    rewrite(file, lambda name, old: record if name.endswith("data.pkl") else old)
    refused(file, f"is not a checkpoint of an nnzoo model: it refers to .*{kind.__name__}")


def test_records_under_another_name(file):
    record = pickle.dumps({"nnzoo": Large(bytearray)}, protocol=2)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/DATA.PKL", record)
        archive.writestr("a/version", "3")
    refused(file, "it refers to __builtin__ bytearray")


@pytest.mark.parametrize("place", ["weights", "pickle"])
def test_a_flipped_bit_of_the_file(file, place):
    content = bytearray(file.read_bytes())
    weight = torch.load(file, weights_only=True)["state_dict"]["encoder.0.weight"].numpy()
    at = content.index(weight.tobytes() if place == "weights" else b"feature_names")
    content[at + 3] ^= 1
    file.write_bytes(content)
    refused(file, r"is damaged: the checksum of .* does not match")


@pytest.mark.parametrize("edit", ["number", "shape", "name", "dtype"])
def test_other_weights_in_a_file_that_is_intact(file, edit):
    def change_weights(content):
        weights = content["state_dict"]
        name = "encoder.0.weight"
        if edit == "number":
            weights[name][0, 0] += 1e-6
        elif edit == "shape":
            weights[name] = weights[name].T
        elif edit == "name":
            content["state_dict"] = {f"{key}_": value for key, value in weights.items()}
        else:
            weights[name] = weights[name].view(torch.int32)

    change(file, change_weights)
    refused(file, "is damaged: the checksum of its weights does not match")


@pytest.mark.parametrize("checksum", [None, "", 0])
def test_a_checksum_that_is_no_checksum(file, checksum):
    change(file, lambda c: c["nnzoo"].update(checksum=checksum))
    refused(file, "is damaged: the checksum of its weights does not match")


def test_a_checkpoint_without_a_checksum(file):
    change(file, lambda c: c["nnzoo"].pop("checksum"))
    refused(file, "is not a checkpoint of an nnzoo model")


def test_random_damage(file):
    """No mutated file loads with other weights."""
    torch.manual_seed(0)
    expected = state(load_model(file))
    content = file.read_bytes()
    for at in torch.randint(len(content), (60,)).tolist():
        damaged = bytearray(content)
        damaged[at] ^= 1 << at % 8
        file.write_bytes(damaged)
        try:
            assert same(state(load_model(file)), expected)
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_other_exceptions_name_the_file(file):
    change(file, lambda c: c["hyper_parameters"].update(noise="much"))
    refused(file, r"is damaged: model\.noise must be a number")


def test_plain_content_is_read(tmp_path):
    content = {"a": [1, 2.5, "x", None, True], "t": torch.arange(3), "s": {1}}
    torch.save(content, tmp_path / "a.pt")
    found = read_torch(tmp_path / "a.pt")
    assert found.pop("t").tolist() == [0, 1, 2]
    del content["t"]
    assert found == content


# YAML

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{one}: &{one} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, one in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "it has an alias"),
        ("a: &a [*a]", "it has an alias"),
        ("[" * 100_000, "nested more than 100 levels deep|maximum nesting depth"),
        ("a: " + "x" * MAX_YAML, f"it has more than {MAX_YAML} bytes"),
        ("a: !!python/object/apply:os.system [touch /tmp/x]", "could not determine a constructor"),
        ("a: 2025-99-99", "month must be in"),
        ("[1, 2]", "it is not a mapping"),
        (b"\xff\xfe\xff", "cannot be read"),
        ("a: [", "cannot be read"),
    ],
)
def test_yaml_that_is_refused(tmp_path, text, reason):
    file = tmp_path / "a.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=reason) as caught:
        read_yaml(file)
    assert str(file) in str(caught.value)


def test_yaml_that_is_read(tmp_path):
    content = {"a": [1, 2.5, 1e-05, "1e-3", None, True], "b": {"c": "é"}}
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(content))
    assert read_yaml(tmp_path / "a.yaml") == content
    # A config has no alias, also where it holds one list twice.
    twice = {"a": content["a"], "b": content["a"]}
    (tmp_path / "a.yaml").write_text(yaml.dump(twice, Dumper=_Dumper))
    assert read_yaml(tmp_path / "a.yaml") == twice
    (tmp_path / "a.yaml").write_text("")
    assert read_yaml(tmp_path / "a.yaml") == {}


# Data


def test_a_fifo_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "x")
    for kind in ("csv", "npy"):
        with pytest.raises(InputError, match=r"x(: it)? is not a (regular )?file"):
            create_data(kind, path=str(tmp_path / "x")).load()


@pytest.mark.parametrize("kind", ["csv", "npy"])
def test_a_device_is_no_file(kind):
    with pytest.raises(InputError, match=r"/dev/zero(: it)? is not a (regular )?file"):
        create_data(kind, path="/dev/zero").load()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("blobs", {"n_samples": 10**12}),
        ("blobs", {"n_features": 10**12}),
        ("blobs", {"centers": 10**12}),
        ("moons", {"n_samples": 10**12}),
        ("parabola", {"n_points": 10**12}),
        ("gaussian_clusters", {"points_per_cluster": 10**12}),
        ("gaussian_clusters", {"centroids": None, "clusters": 10**12}),
        ("gaussian_clusters", {"centroids": None, "features": 10**12}),
    ],
)
def test_data_larger_than_the_memory(name, options):
    with pytest.raises(InputError, match="are more than this computer's memory can hold"):
        create_data(name, **options).load()


def test_samples_larger_than_the_memory(trained):
    folder = trained("model=vae", "data=blobs", "trainer.max_epochs=1")
    with pytest.raises(InputError, match="are more than this computer's memory can hold"):
        create_data("samples", run=str(folder), n=10**12).load()
