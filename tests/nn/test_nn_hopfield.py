"""Rules, energy and recall of Hopfield networks; scores and competition of the Hamming network."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from nnzoo import InputError
from nnzoo.nn.hamming import matching_scores, maxnet
from nnzoo.nn.hopfield import RECALLS, RULES, energy, recall, store, turns, without_diagonal
from nnzoo.nn.modern_hopfield import modern_energy, modern_recall
from nnzoo.nn.noise import wrong_components


def patterns(n, units, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(2, (n, units), generator=generator) * 2.0 - 1


def stored(x, rule):
    return store(torch.zeros(x.shape[1], x.shape[1]), x, rule)


# Rules


def test_hebbs_rule_by_hand():
    x = torch.tensor([[1.0, 1, -1], [1, -1, -1]])
    assert stored(x, "hebb").tolist() == [[0, 0, -2], [0, 0, 0], [-2, 0, 0]]


def test_storkeys_rule_by_its_sums():
    """The formula of the paper, term by term."""
    x = patterns(4, 6)
    n, w = 6, np.zeros((6, 6))
    for p in x.numpy():
        new = w.copy()
        for i in range(n):
            for j in range(n):
                if i != j:
                    h_ij = sum(w[i, k] * p[k] for k in range(n) if k not in (i, j))
                    h_ji = sum(w[j, k] * p[k] for k in range(n) if k not in (i, j))
                    new[i, j] += (p[i] * p[j] - p[i] * h_ji - h_ij * p[j]) / n
        w = new
    assert_close(stored(x, "storkey").double(), torch.from_numpy(w), rtol=1e-5, atol=1e-6)


def test_the_pseudo_inverse_projects_onto_the_patterns():
    x = patterns(5, 20).double()
    expected = torch.linalg.pinv(x) @ x
    assert_close(stored(x, "pseudo_inverse"), expected.float(), rtol=1e-5, atol=1e-6)
    again = torch.cat([x, -x[:2], x])  # nothing new
    assert_close(stored(again, "pseudo_inverse"), expected.float(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_patterns_may_come_in_several_calls(rule):
    x = patterns(9, 15)
    weight = torch.zeros(15, 15)
    for part in (x[:4], x[4:5], x[5:]):
        weight = store(weight, part, rule)
    assert_close(weight, stored(x, rule), rtol=1e-5, atol=1e-6)
    assert torch.equal(weight, weight.T)


# Recall


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_asynchronous_recall_never_raises_the_energy(data):
    """Each unit that turns lowers it, and at the end no unit would turn."""
    n = data.draw(st.integers(1, 7))
    numbers = st.lists(st.integers(-3, 3), min_size=n * n, max_size=n * n)
    weight = torch.tensor(data.draw(numbers)).float().reshape(n, n)
    weight = weight + weight.T
    x = torch.tensor(data.draw(st.lists(st.sampled_from([-1.0, 1.0]), min_size=n, max_size=n)))
    states = turns(weight, x, 1000)
    assert (energy(weight, states).diff() < 0).all()
    assert torch.equal(recall(weight, x, 1000), states[-1])
    net = without_diagonal(weight) @ states[-1]
    assert (net * states[-1] >= 0).all()


def test_synchronous_recall_may_end_in_a_cycle():
    weight = torch.tensor([[0.0, 1], [1, 0]])
    assert recall(weight, torch.tensor([1.0, -1]), 3, "synchronous").tolist() == [-1, 1]
    assert recall(weight, torch.tensor([1.0, -1]), 4, "synchronous").tolist() == [1, -1]
    assert recall(weight, torch.tensor([1.0, -1]), 4).tolist() == [-1, -1]


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("kind", RECALLS)
def test_a_traced_recall_is_the_same(kind):
    weight = stored(patterns(3, 12), "hebb")
    x = patterns(8, 12, seed=1)
    traced = torch.jit.trace(lambda x: recall(weight, x, 3, kind), x[:2])
    assert torch.equal(traced(x), recall(weight, x, 3, kind))


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_a_program_of_many_updates_is_refused():
    with pytest.raises(InputError, match=r"too long for a program: use model\.recall=synchronous"):
        torch.jit.trace(lambda x: recall(torch.zeros(20, 20), x, 50), patterns(2, 20))


def test_unknown_names():
    with pytest.raises(InputError, match=r"unknown model\.rule 'hebbian'"):
        stored(patterns(1, 2), "hebbian")
    with pytest.raises(InputError, match=r"unknown model\.recall 'async'"):
        recall(torch.zeros(2, 2), torch.ones(2), 1, "async")


@pytest.mark.parametrize("beta", [0.1, 1.0, 8.0])
def test_no_update_of_the_modern_network_raises_its_energy(beta):
    x, held = torch.randn(6, 10, generator=torch.Generator().manual_seed(0)), torch.arange(6) < 5
    states, beta = [3 * patterns(20, 10)], torch.tensor(beta)
    for _ in range(5):
        states.append(modern_recall(x, held, states[-1], beta, 1))
    falls = modern_energy(x, held, torch.stack(states), beta).diff(dim=0)
    assert (falls <= 1e-5).all()
    assert float(falls[0].max()) < -1
    scores = beta * states[0][0] @ x[:5].T  # by its formula, for one state
    assert_close(states[1][0], scores.exp() / scores.exp().sum() @ x[:5])


# The Hamming network


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 35), min_size=1, max_size=30))
def test_maxnet_finds_the_largest_score(scores):
    largest = max(scores)
    expected = [k for k, score in enumerate(scores) if score == largest > 0]
    assert (maxnet(torch.tensor(scores))[-1] > 0).nonzero().flatten().tolist() == expected


def test_scores_are_the_equal_components():
    x, y = patterns(7, 9), patterns(5, 9, seed=1)
    expected = (x[:, None] == y).sum(-1)
    assert torch.equal(matching_scores(y, x), expected.float())


def test_noise_is_a_share_of_each_pattern():
    wrong = wrong_components(50, 40, 0.1, seed=3)
    assert (wrong.sum(1) == 4).all()
    assert torch.equal(wrong, wrong_components(50, 40, 0.1, seed=3))
    assert not torch.equal(wrong, wrong_components(50, 40, 0.1, seed=4))
    assert (wrong.sum(0) > 0).sum() > 35  # anywhere
