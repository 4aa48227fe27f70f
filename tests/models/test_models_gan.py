"""The GAN: its losses and steps by hand, its samples, and how well they cover two blobs."""

import pytest
import torch
from helpers import fit, own_data, own_epochs, own_model, same, state, train_by_engine
from torch.nn import functional as F
from torch.utils.data import DataLoader

import nnzoo
from nnzoo import InputError, create_data, create_model
from nnzoo.batch import Batch
from nnzoo.data import DataModule, Points
from nnzoo.models.training.steps import step_generator
from nnzoo.nn import energy_distance
from nnzoo.runs.evaluation import evaluate


@pytest.fixture(scope="module")
def trained():
    torch.set_num_threads(1)
    data = own_data("gan")
    model = own_model("gan", data)
    untrained = evaluate(model, data)
    train_by_engine(model, data, own_epochs("gan"), every=10)
    return model, data, untrained


@pytest.fixture
def model():
    torch.manual_seed(0)
    return create_model("gan", in_features=3, hidden=[8, 6], latent=2)


BATCH = Batch(torch.randn(20, 3, generator=torch.Generator().manual_seed(1)))
NOISE = torch.randn(30, 2, generator=torch.Generator().manual_seed(2))


# Networks and losses


def test_the_networks_are_mirror_images(model):
    widths = [
        [layer.out_features for layer in net if isinstance(layer, torch.nn.Linear)]
        for net in (model.generator, model.discriminator)
    ]
    assert widths == [[8, 6, 3], [6, 8, 1]]
    assert sum(p.numel() for p in model.parameters()) == (24 + 54 + 21) + (24 + 56 + 9)


def test_losses_are_binary_cross_entropies(model):
    model.gradient_penalty.zero_()
    real, made = model(BATCH.x), model(model.generator(NOISE))
    ones, zeros = torch.ones_like, torch.zeros_like
    wanted = F.binary_cross_entropy(real, ones(real)) + F.binary_cross_entropy(made, zeros(made))
    torch.testing.assert_close(model.loss(BATCH, NOISE), wanted)
    wanted = F.binary_cross_entropy(made, ones(made))
    torch.testing.assert_close(model.generator_loss(BATCH, NOISE), wanted)


def test_losses_by_hand(model):
    for parameter in model.discriminator.parameters():
        parameter.data.zero_()
    model.discriminator[-1].bias.data.fill_(torch.tensor(3.0).log())  # a probability of .75
    torch.testing.assert_close(model(BATCH.x), torch.full((20, 1), 0.75))
    # -log .75 - log .25 and -log .75
    assert model.loss(BATCH, NOISE).item() == pytest.approx(0.2876821 + 1.3862944)
    assert model.generator_loss(BATCH, NOISE).item() == pytest.approx(0.2876821)


def test_the_gradient_penalty_by_hand():
    linear, nonlinear = (create_model("gan", in_features=2, hidden=h) for h in ([], [5]))
    linear.discriminator[0].weight.data.copy_(torch.tensor([[3.0, 4.0]]))  # a slope of length 5
    x = BATCH.x[:, :2]
    for model in (linear, nonlinear):
        losses = []
        for gamma in (0.0, 0.5):
            model.gradient_penalty.fill_(gamma)
            losses.append(model.loss(Batch(x)))
        points = x.clone().requires_grad_()
        (slopes,) = torch.autograd.grad(model.discriminator(points).sum(), points)
        torch.testing.assert_close(losses[1] - losses[0], 0.25 * slopes.square().sum(1).mean())
        if model is linear:
            assert (losses[1] - losses[0]).item() == pytest.approx(0.25 * 25)


@pytest.mark.parametrize("gamma", [-1, float("nan"), "much"])
def test_a_gradient_penalty_that_cannot_be(gamma):
    with pytest.raises(InputError, match=r"model\.gradient_penalty must be"):
        create_model("gan", in_features=2, gradient_penalty=gamma)


@pytest.mark.parametrize("logit", [-200.0, 200.0])
def test_losses_stay_finite_where_the_discriminator_is_sure(model, logit):
    model.discriminator[-1].bias.data.fill_(logit)
    assert model.loss(BATCH, NOISE).item() == pytest.approx(200, abs=1)
    assert model.generator_loss(BATCH, NOISE).item() == pytest.approx(max(-logit, 0), abs=1)


# Steps


def test_a_step_by_hand():
    """The discriminator down its loss, then the generator down its own, then the average."""
    data = create_data("moons", batch_size=None, val_fraction=0, shuffle=False)
    options = {"optimizer": {"name": "sgd", "lr": 0.1}, "average": 0.75}
    model = own_model("gan", data, **options)
    hand = own_model("gan", data, **options)
    noise = hand.sample_noise(data.train, step_generator(0, 0))
    start = [p.detach().clone() for p in hand.generator.parameters()]

    def descend(part, loss):
        parameters = list(part.parameters())
        for p, slope in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            assert slope.any()
            p.data -= 0.1 * slope

    first = hand.loss(data.train, noise)
    descend(hand.discriminator, first)
    descend(hand.generator, hand.generator_loss(data.train, noise))

    torch.manual_seed(0)
    trainer = fit(model, data)
    assert trainer.callback_metrics["loss"].item() == pytest.approx(first.item())
    for name, parameter in hand.named_parameters():
        torch.testing.assert_close(dict(model.named_parameters())[name], parameter)
    averages = [v for n, v in model.average.state_dict().items() if n.startswith("module.")]
    for average, old, new in zip(averages, start, hand.generator.parameters(), strict=True):
        torch.testing.assert_close(average, 0.75 * old + 0.25 * new)


@pytest.mark.parametrize(
    ("still", "moved"),
    [("generator", {"discriminator"}), ("discriminator", {"generator", "average"})],
)
def test_a_network_moves_in_its_own_step_alone(still, moved, model, monkeypatch):
    """Where its optimizer takes no step, it stays as it was, whatever the other network does."""
    options = model.optimizer_options
    rates = {still: 1e-30}
    monkeypatch.setattr(
        model, "optimizer_options", lambda part: options(part) | {"lr": rates.get(part, 0.01)}
    )
    before = state(model)
    fit(model, DataLoader(BATCH.x, batch_size=5), max_epochs=2)
    changed = {
        name.split(".")[0] for name, value in state(model).items() if (value != before[name]).any()
    }
    assert changed == moved


def test_both_rates_follow_the_schedule():
    data = create_data("wine", scale="standard")
    model = own_model("gan", data, scheduler={"name": "cosine"})
    trainer = fit(model, data, max_epochs=3)
    rates = [optimizer.param_groups[0]["lr"] for optimizer in trainer.optimizers]
    assert rates == pytest.approx([0, 0], abs=1e-9)


@pytest.mark.parametrize("labeled", [True, False])
def test_an_ordinary_loader(model, labeled):
    rows = list(zip(BATCH.x, torch.zeros(20), strict=True)) if labeled else BATCH.x
    before = state(model)
    trainer = fit(model, DataLoader(rows, batch_size=8), max_epochs=3)
    assert trainer.current_epoch == 3
    after = state(model)
    parts = ("generator", "discriminator", "average")
    assert all((after[name] != before[name]).any() for name in after if name.startswith(parts))


# What it gives


def test_samples_are_in_raw_units(model):
    model.scaling.offset = torch.tensor([100.0, 0.0, -5.0])
    model.scaling.divisor = torch.tensor([1.0, 10.0, 0.5])
    noise = torch.randn(40, 2, generator=torch.Generator().manual_seed(3))
    made = model.generator(noise).detach()  # not trained yet: the average is the generator
    raw = made * torch.tensor([1.0, 10.0, 0.5]) + torch.tensor([100.0, 0.0, -5.0])
    torch.testing.assert_close(model.sample(40, seed=3), raw)


def test_samples_depend_on_the_seed_alone(model):
    stream = torch.get_rng_state()
    one = model.sample(5)
    assert one.shape == (5, 3)
    assert not one.requires_grad
    assert torch.equal(one, model.sample(5, seed=0))
    assert not torch.equal(one, model.sample(5, seed=1))
    assert torch.equal(stream, torch.get_rng_state())


@pytest.mark.slow
def test_samples_are_of_the_averaged_weights(trained):
    model, data, _ = trained
    noise = torch.randn(9, 4, generator=torch.Generator().manual_seed(0))
    made = data.scaling.inverse(model.average(noise))
    assert torch.equal(model.sample(9), made)
    assert not torch.allclose(made, data.scaling.inverse(model.generator(noise)))


@pytest.mark.parametrize("n", [0, -1, 2.5, None])
def test_samples_that_cannot_be(model, n):
    with pytest.raises(InputError, match="n must be a whole number of at least 1"):
        model.sample(n)


@pytest.mark.parametrize("seed", [-1, 0.5, 2**63])
def test_a_seed_that_cannot_be(model, seed):
    with pytest.raises(InputError, match=r"seed must be a whole number from 0 to 92233720"):
        model.sample(1, seed)


def test_labels(model):
    for parameter in model.discriminator.parameters():
        parameter.data.zero_()
    x = BATCH.x[:2]
    assert model.predict_labels(x) == ["real", "real"]  # a probability of .5
    model.discriminator[-1].bias.data.fill_(-0.01)
    assert model.predict_labels(x) == ["generated", "generated"]
    assert len(model.output_names) == model.predict(x).shape[-1] == 1


def test_a_checkpoint_keeps_the_samples(tmp_path):
    data = create_data("wine", scale="standard")
    model = own_model("gan", data)
    fit(model, data, max_epochs=2).save_checkpoint(tmp_path / "a.ckpt")
    loaded = nnzoo.load_model(tmp_path / "a.ckpt")
    assert same(state(loaded), state(model))
    assert torch.equal(loaded.sample(20, seed=5), model.sample(20, seed=5))


# How good it is


def test_the_energy_distance_is_measured_on_points_spread_over_all(model):
    x = torch.arange(3000.0)[:, None].expand(-1, 3) / 1000  # in order, as a file may have them
    measured = model.metrics(Batch(x))["energy_distance"]
    samples = model.sample(1000)
    torch.testing.assert_close(measured, energy_distance(x[::3], samples))


def covers(metrics):
    """Both blobs, in nearly equal shares, and little between them."""
    assert 0.4 <= metrics["smallest_share"] <= 0.5 <= metrics["largest_share"] <= 0.6
    assert metrics["within_3sd"] >= 0.9
    assert metrics["energy_distance"] <= 0.04


def test_it_learns_both_blobs(trained):
    model, data, untrained = trained
    measured = evaluate(model, data)
    covers(measured)
    assert measured["energy_distance"] < 0.1 * untrained["energy_distance"]
    # And each with its width, which a share within three deviations does not tell from a point.
    samples = model.sample(1000)
    near = torch.cdist(samples, data.points.centroids).argmin(1)
    for k in (0, 1):
        assert 0.3 < torch.linalg.eigvalsh(samples[near == k].T.cov()).sqrt().min() < 1.5


class Given(DataModule):
    """Points that a test made."""

    def __init__(self, x, **options):
        super().__init__(**options)
        self.given = Points(x)

    def load(self):
        return self.given


# Where GANs without a penalty collapse: modes on a ring, and one mode with a tenth of the points.
TURNS = torch.arange(8) * torch.pi / 4
RING = torch.stack((TURNS.cos(), TURNS.sin()), 1).repeat_interleave(125, 0), 0.05
TWO = torch.tensor([[-3.0, 0.0], [3.0, 0.0]])
UNEQUAL = TWO.repeat_interleave(torch.tensor([900, 100]), 0), 0.6


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
@pytest.mark.parametrize(("centers", "sd"), [RING, UNEQUAL], ids=["ring", "unequal"])
def test_it_covers_every_mode(centers, sd, seed):
    noise = torch.randn(centers.shape, generator=torch.Generator().manual_seed(0))
    data = Given(centers + sd * noise, scale="standard", batch_size=128)
    model = own_model("gan", data, seed)
    train_by_engine(model, data, own_epochs("gan"), seed=seed, every=10)
    modes, sizes = centers.unique(dim=0, return_counts=True)
    near = torch.cdist(model.sample(4000), modes).argmin(1)
    shares = near.bincount(minlength=len(modes)) / len(near)
    assert (shares >= 0.75 * sizes / len(centers)).all()
    assert evaluate(model, data)["energy_distance"] <= 0.01


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_it_learns_both_blobs_from_every_seed(seed):
    data = own_data("gan")
    model = own_model("gan", data, seed)
    train_by_engine(model, data, own_epochs("gan"), seed=seed, every=10)
    covers(evaluate(model, data))
