"""The rule of the growing neural gas: a point by hand, and a plain loop over sets of edges."""

import pytest
import torch

from nnzoo.nn.growing_neural_gas import growing_rule


def number(value):
    return torch.tensor(value, dtype=torch.float64)


def start(weight, edges=((0, 1, 0.0),), living=2):
    ages = torch.full((len(weight), len(weight)), -1.0)
    for i, j, age in edges:
        ages[i, j] = ages[j, i] = age
    errors = torch.zeros(len(weight))
    return (
        number(weight),
        ages,
        errors,
        (torch.arange(len(weight)) < living).float(),
        torch.tensor(0),
    )


def learn(state, x, lr=0.5, near=0.1, max_age=50, every=100, split=0.5, decay=0.5):
    return growing_rule(*state, number(x), *map(number, (lr, near, max_age, every, split, decay)))


def test_a_point_by_hand():
    """Unit 0 wins, unit 1 is second, and unit 2 is a neighbor whose edge ages."""
    state = start([[0.0], [3.0], [-4.0]], [(0, 2, 4.0)], 3)
    weight, ages, errors, living, seen = learn(state, [[1.0]])
    assert weight[:, 0].tolist() == [0.5, 3, -3.5]
    assert ages.tolist() == [[-1, 0, 5], [0, -1, -1], [5, -1, -1]]
    assert errors.tolist() == [0.5, 0, 0]  # decayed
    assert (int(living.sum()), int(seen)) == (3, 1)


def test_an_old_edge_and_a_unit_without_edges_are_removed():
    state = start([[0.0], [9.0], [3.0], [0.0]], [(0, 1, 50.0), (0, 2, 3.0)], 3)
    weight, ages, _, living, _ = learn(state, [[1.0]])
    assert int(living.sum()) == 2
    assert weight[:, 0].tolist() == [0.5, pytest.approx(2.8), 0.5, 0.5]  # the last ones are free
    assert (ages > -1).nonzero().tolist() == [[0, 1], [1, 0]]


def test_a_unit_is_inserted_where_the_error_is_largest():
    weight, ages, errors, living, seen = learn(start([[0.0], [4.0], [0.0]]), [[1.0]], every=1)
    assert weight[:, 0].tolist() == pytest.approx([0.5, 3.7, 2.1])
    assert ages.tolist() == [[-1, -1, 0], [-1, -1, 0], [0, 0, -1]]
    assert errors.tolist() == [0.25, 0, 0.25]
    assert (int(living.sum()), int(seen)) == (3, 0)


def plain(weight, x, units, lr, near, max_age, every, split, decay):
    """Fritzke's steps with objects: units as [position, error], edges as {pair: age}."""
    nodes = [[row.clone(), 0.0] for row in weight[:2]]
    edges = {frozenset((0, 1)): 0}
    ids = [0, 1]
    for t, point in enumerate(x, start=1):
        order = sorted(ids, key=lambda i: float((point - nodes[i][0]).square().sum()))
        s, second = order[:2]
        nodes[s][1] += float((point - nodes[s][0]).square().sum())
        nodes[s][0] = nodes[s][0] + lr * (point - nodes[s][0])
        for pair in [p for p in edges if s in p]:
            (n,) = pair - {s}
            nodes[n][0] = nodes[n][0] + near * (point - nodes[n][0])
            edges[pair] += 1
        edges[frozenset((s, second))] = 0
        edges = {pair: age for pair, age in edges.items() if age <= max_age}
        ids = [i for i in ids if any(i in pair for pair in edges)]
        if t % every == 0 and len(ids) < units:
            q = max(ids, key=lambda i: nodes[i][1])
            f = max((i for p in edges if q in p for i in p - {q}), key=lambda i: nodes[i][1])
            r = len(nodes)
            nodes[q][1] *= split
            nodes[f][1] *= split
            nodes.append([(nodes[q][0] + nodes[f][0]) / 2, nodes[q][1]])
            ids.append(r)
            del edges[frozenset((q, f))]
            edges |= {frozenset((q, r)): 0, frozenset((f, r)): 0}
        for node in nodes:
            node[1] *= decay
    return torch.stack([nodes[i][0] for i in ids]), sorted(edges.values())


def test_it_equals_a_plain_loop():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(400, 2, generator=generator, dtype=torch.float64)
    options = {"lr": 0.2, "near": 0.01, "max_age": 8, "every": 10, "split": 0.5, "decay": 0.99}
    state = start([[-1.0, -1.0], [1.0, 1.0]] + 23 * [[-1.0, -1.0]])
    weight, ages, _, living, _ = learn(state, x.tolist(), **options)
    expected, edges = plain(state[0], x, 25, **options)
    assert int(living.sum()) == len(expected) > 20
    found = weight[: int(living.sum())]
    assert torch.cdist(found, expected).amin(1).max() < 1e-6  # removals change the order
    assert torch.cdist(expected, found).amin(1).max() < 1e-6
    assert sorted(ages.triu(1)[(ages > -1).triu(1)].tolist()) == edges
