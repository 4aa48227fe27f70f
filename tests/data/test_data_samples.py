"""Points that a trained model generates, as data."""

import pytest
import torch
from helpers import fit, tiny_data, tiny_model

from nnzoo import InputError, create_data, load_model


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a GAN's run on named features."""
    folder = tmp_path_factory.mktemp("gan")
    data = create_data("xor", feature_names=["price", "skill"])
    model = tiny_model("gan", data)
    fit(model, data).save_checkpoint(folder / "checkpoints/last.ckpt")
    return folder


@pytest.mark.parametrize("file", ["", "checkpoints/last.ckpt"])
def test_the_points_are_the_models_samples(run, file):
    data = create_data("samples", run=str(run / file), n=50, seed=3)
    assert torch.equal(data.points.x, load_model(run).sample(50, seed=3))
    assert data.points.x.dtype == torch.float32
    assert data.points.y is None
    assert (data.n_classes, data.n_targets, data.n_clusters) == (None, None, None)
    assert data.feature_names == ["price", "skill"]


def test_the_default_is_1000_points(run):
    assert create_data("samples", run=run).points.x.shape == (1000, 2)


def test_the_seed_determines_the_points(run):
    one, again, other = (create_data("samples", run=run, seed=s).points.x for s in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_another_model_learns_from_them(run, trained_result):
    result = trained_result(
        "model=autoencoder",
        "data=samples",
        f"data.run={run}",
        "seed=4",
        "trainer.max_epochs=2",
        "figures=none",
    )
    learned = load_model(result["paths"]["folder"])
    x = load_model(run).sample(1000, seed=4)
    torch.testing.assert_close(learned.scaling.offset, x.amin(0).double())
    torch.testing.assert_close(learned.scaling.divisor, (x.amax(0).double() - x.amin(0)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_an_autoencoder_trained_on_samples_reconstructs_the_real_points(seed, trained_result):
    options = (f"seed={seed}", "figures=none")
    gan = trained_result("model=gan", *options)["paths"]["folder"]
    result = trained_result("model=autoencoder", "data=samples", f"data.run={gan}", *options)
    real = create_data("blobs", scale="minmax")
    x = real.points.x

    def error(folder):
        return ((load_model(folder).predict(x) - x) / real.scaling.divisor).square().mean().item()

    assert error(result["paths"]["folder"]) <= 6e-4
    untrained = tiny_model("autoencoder", real, seed)
    assert ((untrained.predict(x) - x) / real.scaling.divisor).square().mean().item() >= 0.05


def test_a_run_must_be_named():
    with pytest.raises(InputError, match=r"data\.run is null: .* data\.run=outputs/gan/"):
        create_data("samples")


def test_the_run_must_exist(tmp_path):
    data = create_data("samples", run=tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"there is no run or checkpoint .*nowhere"):
        _ = data.points


def test_the_model_must_generate_samples(tmp_path):
    data = tiny_data("autoencoder")
    fit(tiny_model("autoencoder", data), data).save_checkpoint(tmp_path / "a.ckpt")
    with pytest.raises(InputError, match="cannot sample; model=dbn"):
        _ = create_data("samples", run=tmp_path / "a.ckpt").points


@pytest.mark.parametrize("n", [0, 2.5])
def test_the_number_of_points_must_be_a_whole_number(n):
    with pytest.raises(InputError, match=r"data\.n must be a whole number of at least 1"):
        create_data("samples", run="somewhere", n=n)
