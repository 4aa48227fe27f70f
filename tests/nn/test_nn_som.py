"""The grid of the self-organizing map and its rules, by hand, by a loop, and against MiniSom."""

import math

import pytest
import torch

from nnzoo import InputError
from nnzoo.nn.decay import DECAYS, decayed
from nnzoo.nn.grid import Grid
from nnzoo.nn.som import NEIGHBORHOODS, neighborhood, som_batch_rule, som_rule


def number(value):
    return torch.tensor(value, dtype=torch.float64)


# The grid


def test_a_hexagonal_grid_by_hand():
    grid = Grid(2, 2, "hexagonal")
    height = math.sqrt(3) / 2
    expected = number([[0, 0], [1, 0], [0.5, height], [1.5, height]])
    torch.testing.assert_close(grid.positions(), expected)
    torch.testing.assert_close(grid.distances()[0], number([0, 1, 1, math.sqrt(3)]))


def test_a_rectangular_grid_by_hand():
    torch.testing.assert_close(
        Grid(2, 3, "rectangular").distances()[0],
        number([0, 1, 2, 1, math.sqrt(2), math.sqrt(5)]),
    )


@pytest.mark.parametrize(("shape", "neighbors"), [("hexagonal", 6), ("rectangular", 8)])
def test_all_units_of_a_torus_have_the_same_neighbors(shape, neighbors):
    assert (Grid(4, 5, shape, True).adjacent().sum(1) == neighbors).all()
    counts = Grid(4, 5, shape).adjacent().sum(1)
    assert counts.max() == neighbors
    assert counts.min() < neighbors


def test_distances_on_a_torus_go_around():
    torch.testing.assert_close(
        Grid(1, 5, "rectangular", True).distances()[0], number([0, 1, 2, 2, 1])
    )


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (Grid(0, 3, "rectangular"), "model.rows must be"),
        (Grid(3, 2.5, "rectangular"), "model.columns must be"),
        (Grid(3, 3, "square"), "unknown model.grid 'square'"),
        (Grid(3, 4, "hexagonal", True), "needs an even number of rows"),
    ],
)
def test_grids_that_cannot_be(grid, message):
    with pytest.raises(InputError, match=message):
        grid.check()


# Decays and neighborhoods


@pytest.mark.parametrize("decay", DECAYS)
def test_decays_lead_from_the_start_to_the_end(decay):
    start, end = number(4.0), number(0.5)
    values = decayed(torch.linspace(0, 1, 5, dtype=torch.float64), start, end, decay)
    assert (values[0], values[-1]) == (4.0, pytest.approx(0.5))
    assert (values.diff() < 0).all()
    middle = {"exponential": math.sqrt(2), "linear": 2.25, "inverse": 4 / 4.5}
    assert float(values[2]) == pytest.approx(middle[decay])


def test_neighborhoods_by_hand():
    squares = number([0, 1, 4, 9])
    assert neighborhood(squares, 2, "bubble").tolist() == [1, 1, 1, 0]
    bell = [1, math.exp(-1 / 8), math.exp(-1 / 2), math.exp(-9 / 8)]
    assert neighborhood(squares, 2, "gaussian").tolist() == pytest.approx(bell)
    hat = [1, 0.75 * bell[1], 0, -1.25 * bell[3]]
    assert neighborhood(squares, 2, "mexican_hat").tolist() == pytest.approx(hat)


# Rules


def test_an_online_step_by_hand():
    squares = Grid(1, 2, "rectangular").distances().square()
    weight = number([[0.0, 0.0], [1.0, 1.0]])
    new = som_rule(weight, number([[0.0, 0.4]]), number([0.5]), number([1.0]), squares)
    h = math.exp(-0.5)  # the second unit is 1 from the winner
    expected = [[0, 0.2], [1 - 0.5 * h, 1 - 0.5 * h * 0.6]]
    torch.testing.assert_close(new, number(expected))
    assert weight.tolist() == [[0, 0], [1, 1]]


def points(n, features, seed=0):
    return torch.randn(n, features, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", NEIGHBORHOODS)
@pytest.mark.parametrize("toroidal", [False, True])
def test_the_online_rule_equals_a_plain_loop(kind, toroidal):
    grid = Grid(4, 3, "hexagonal", toroidal)
    x, weight = points(40, 5), points(12, 5, 1).double()
    lr, radius = torch.linspace(0.5, 0.01, 40), torch.linspace(2, 0.3, 40)
    expected = weight.clone()
    for point, rate, r in zip(x.double(), lr.double(), radius.double(), strict=True):
        k = int((point - expected).square().sum(1).argmin())
        for i in range(12):
            d = float(grid.distances()[i, k])
            h = float(neighborhood(number(d * d), float(r), kind))
            expected[i] += rate * h * (point - expected[i])
    found = som_rule(weight, x, lr, radius, grid.distances().square(), kind)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("shape", ["rectangular", "hexagonal"])
def test_the_online_rule_equals_minisom(shape):
    minisom = pytest.importorskip("minisom")
    grid, x = Grid(4, 5, shape), points(200, 3).double().numpy()
    progress = torch.arange(200, dtype=torch.float64) / 200
    lr = decayed(progress, number(0.5), number(0.01), "exponential")
    radius = decayed(progress, number(2.0), number(0.5), "linear")
    peer = minisom.MiniSom(5, 4, 3, topology=shape, random_seed=0)
    # Their units by column, then by row; hexagonal rows are shifted like ours but for the parity.
    peer._xx, peer._yy = (grid.positions()[:, k].reshape(4, 5).numpy() for k in (0, 1))
    weight = torch.from_numpy(peer._weights.swapaxes(0, 1).reshape(20, 3).copy())
    for t, point in enumerate(x):
        peer._learning_rate, peer._sigma = float(lr[t]), float(radius[t])
        peer._decay_function = peer._sigma_decay_function = lambda value, *_: value
        peer.update(point, peer.winner(point), 0, 1)
    ours = som_rule(weight, torch.from_numpy(x), lr, radius, grid.distances().square())
    expected = torch.from_numpy(peer._weights.swapaxes(0, 1).reshape(20, 3).copy())
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("kind", ["bubble", "gaussian"])
def test_the_batch_rule_with_all_points_is_the_batch_map(kind):
    grid = Grid(3, 4, "rectangular")
    x, weight = points(60, 2).double(), points(12, 2, 1).double()
    squares, radius = grid.distances().square(), number(1.2)
    winners = torch.cdist(x, weight).argmin(1)
    h = neighborhood(squares, radius, kind).double()[:, winners]
    totals = h.sum(1, keepdim=True)
    expected = torch.where(totals > 0, (h @ x) / totals, weight)  # a unit without points stays
    found = som_batch_rule(weight, x, weight, winners, number(1.0), radius, squares, kind)
    torch.testing.assert_close(found, expected)


def test_a_batch_of_one_point_is_an_online_step_of_the_winner():
    squares = Grid(2, 2, "hexagonal").distances().square()
    weight, x = points(4, 3).double(), points(1, 3, 1)
    lr, radius = number(0.2), number(0.01)
    winners = torch.cdist(x.double(), weight).argmin(1)
    batch = som_batch_rule(weight, x, weight, winners, lr, radius, squares)
    torch.testing.assert_close(batch, som_rule(weight, x, lr[None], radius[None], squares))


def test_mexican_hat_is_refused_in_a_batch():
    winners = torch.zeros(3, dtype=torch.long)
    arguments = points(4, 2).double(), points(3, 2), points(4, 2), winners, number(0.1), number(1.0)
    with pytest.raises(InputError, match=r"unknown model\.neighborhood 'mexican_hat'"):
        som_batch_rule(*arguments, torch.zeros(4, 4), "mexican_hat")


def test_members_learn_as_alone():
    squares = Grid(3, 3, "hexagonal").distances().square()
    weight, x = points(36, 2).reshape(4, 9, 2).double(), points(80, 2).reshape(4, 20, 2)
    winners = torch.cdist(x.double(), weight).argmin(-1)
    lr, radius = torch.linspace(0.1, 0.5, 4).double(), torch.linspace(1, 2, 4)
    each = [v[:, None].expand(4, 20) for v in (lr, radius)]
    batch = x, weight, winners, lr, radius
    for rule, own in ((som_rule, (x, *each)), (som_batch_rule, batch)):
        dims = (*[0] * (1 + len(own)), None)
        together = torch.func.vmap(rule, in_dims=dims)(weight, *own, squares)
        alone = [rule(*member, squares) for member in zip(weight, *own, strict=True)]
        assert torch.equal(together, torch.stack(alone))
