"""Every data set of the catalogue: its shape and values."""

from functools import partial

import pytest
import torch
from sklearn import datasets

import nnzoo

# name: points, features, classes
SIZES = {
    "animals": (16, 13, 16),
    "bars": (30, 16, None),
    "blobs": (1000, 2, 2),
    "breast_cancer": (569, 30, 2),
    "car_decision": (81, 4, 2),
    "circle_in_square": (2000, 2, 2),
    "circles": (500, 2, 2),
    "digits": (1797, 64, 10),
    "dimensions": (4000, 3, 3),
    "few_letters": (5, 35, 5),
    "gaussian_clusters": (500, 3, None),
    "iris": (150, 4, 3),
    "lvq_points": (10, 2, 2),
    "letters": (26, 35, 26),
    "moons": (500, 2, 2),
    "random_patterns": (50, 400, None),
    "sigmoid_pairs": (2, 2, 2),
    "synaptic": (4, 3, 2),
    "tutorial_points": (4, 2, 2),
    "two_spirals": (194, 2, 2),
    "wine": (178, 13, 3),
    "xor": (4, 2, 2),
}
TARGETS = {"friedman": 10, "parabola": 1, "swiss_roll": 3}  # features
GENERATED = {
    "circles": partial(datasets.make_circles, 500, noise=0.05, factor=0.5),
    "friedman": partial(datasets.make_friedman1, 500, 10, noise=1.0),
    "moons": partial(datasets.make_moons, 500, noise=0.1),
    "swiss_roll": partial(datasets.make_swiss_roll, 1000),
}
BUNDLED = ["breast_cancer", "digits", "iris", "wine"]
TUTORIALS = {
    "tutorial_points": ([[0.3, 0.2], [0, 1.3], [1.4, 0.6], [0.5, 1.9]], [0, 1, 1, 1]),
    "sigmoid_pairs": ([[1.66, 1.56], [2, 1.5]], [1, 0]),
    "synaptic": ([[0, 0, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1]], [0, 1, 1, 0]),
    "xor": ([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]),
}


def test_every_data_set_is_tested_here():
    of_points = [*SIZES, *TARGETS, "csv", "npy", "samples", "table"]
    assert nnzoo.list_data() == sorted([*of_points, "mackey_glass", "sequence", "series"])


@pytest.mark.parametrize("name", SIZES)
def test_sizes(name):
    points, features, classes = SIZES[name]
    data = nnzoo.create_data(name)
    assert data.points.x.shape == (points, features)
    assert data.points.x.dtype == torch.float32
    assert data.n_features == features
    assert data.n_classes == classes
    if classes is None:
        assert data.points.y is None
        assert data.class_names == []
    else:
        assert data.points.y.dtype == torch.int64
        assert data.points.y.unique().tolist() == list(range(classes))
        assert len(data.class_names) == classes
    assert len(data.feature_names) == len(set(data.feature_names)) == features


@pytest.mark.parametrize("name", TUTORIALS)
def test_values_of_the_tutorials(name):
    x, y = TUTORIALS[name]
    data = nnzoo.create_data(name)
    torch.testing.assert_close(data.train.x, torch.tensor(x, dtype=torch.float32), rtol=0, atol=0)
    assert data.train.y.tolist() == y
    assert data.val is None
    assert data.feature_names == ["x1", "x2", "x3"][: data.n_features]
    assert data.class_names == ["0", "1"]


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_data_equal_scikit_learns(name):
    bunch = getattr(datasets, f"load_{name}")()
    data = nnzoo.create_data(name)
    assert torch.equal(data.points.x, torch.from_numpy(bunch.data).float())
    assert data.points.y.tolist() == bunch.target.tolist()
    assert data.feature_names == list(bunch.feature_names)
    assert data.class_names == [str(label) for label in bunch.target_names]
    assert data.val_fraction == 0.2
    assert data.points.image_shape == ((8, 8) if name == "digits" else None)


def test_blobs_equal_scikit_learns_with_the_tutorials_seed():
    x, y = datasets.make_blobs(1000, centers=2, n_features=2, random_state=42)
    data = nnzoo.create_data("blobs")
    assert torch.equal(data.points.x, torch.from_numpy(x).float())
    assert data.points.y.tolist() == y.tolist()
    assert data.val is None
    centers = torch.tensor([[-2.509, 9.014], [4.640, 1.973]])
    torch.testing.assert_close(data.points.centroids, centers, rtol=0, atol=1e-3)


@pytest.mark.parametrize(("name", "make"), GENERATED.items())
def test_random_points_equal_scikit_learns(name, make):
    x, y = make(random_state=3)
    data = nnzoo.create_data(name, seed=3)
    assert torch.equal(data.points.x, torch.from_numpy(x).float())
    assert torch.equal(data.points.y.reshape(-1), torch.from_numpy(y).to(data.points.y))


@pytest.mark.parametrize(("name", "features"), TARGETS.items())
def test_data_with_a_number_to_predict(name, features):
    data = nnzoo.create_data(name)
    assert (data.n_features, data.n_targets, data.n_classes) == (features, 1, None)


def test_the_spirals_are_those_of_the_source():
    x, y = (
        nnzoo.create_data("two_spirals").points.x.double(),
        nnzoo.create_data("two_spirals").points.y,
    )
    # Point 0 is at the top, point 16 half a turn further with a radius smaller by a unit.
    expected = torch.tensor([[0, 6.5], [0, -5.5], [0, 4.5], [0, 0.5]], dtype=torch.float64)
    torch.testing.assert_close(x[[0, 16, 32, 96]], expected, rtol=0, atol=1e-5)
    assert torch.equal(x[97:], -x[:97])
    assert y.tolist() == [0] * 97 + [1] * 97
    dense = nnzoo.create_data("two_spirals", density=4).points.x
    torch.testing.assert_close(dense[: 97 * 4 - 3 : 4].double(), x[:97])


def test_animals_have_the_attributes_of_the_source():
    points = nnzoo.create_data("animals").points
    table = {
        name: {points.feature_names[k] for k in row.nonzero().flatten()}
        for name, row in zip(points.class_names, points.x, strict=True)
    }
    assert table["duck"] == {"small", "two legs", "feathers", "swims"}
    assert table["wolf"] == {"medium", "four legs", "hair", "mane", "hunts", "runs"}
    equal = {(a, b) for a in table for b in table if a < b and table[a] == table[b]}
    assert equal == {("hawk", "owl"), ("horse", "zebra")}
    for exclusive in ({"small", "medium", "big"}, {"two legs", "four legs"}, {"hair", "feathers"}):
        assert all(len(found & exclusive) == 1 for found in table.values())
    twice = nnzoo.create_data("animals", copies=2).points
    assert torch.equal(twice.x, points.x.repeat(2, 1))
    assert torch.equal(twice.y, points.y.repeat(2))


def test_parts_have_three_two_and_one_dimensions():
    points = nnzoo.create_data("dimensions", seed=1).points
    box, rectangle, curve = (points.x[points.y == k] for k in range(3))
    assert (len(box), len(rectangle), len(curve)) == (1600, 1600, 800)
    low, high = torch.zeros(3), torch.ones(3)
    torch.testing.assert_close(box.amin(0), low, rtol=0, atol=0.01)
    torch.testing.assert_close(box.amax(0), high, rtol=0, atol=0.01)
    torch.testing.assert_close(rectangle.amin(0), torch.tensor([1, 0, 0.5]), rtol=0, atol=0.01)
    torch.testing.assert_close(rectangle.amax(0), torch.tensor([2, 1, 0.5]), rtol=0, atol=0.01)
    line, ring = curve[curve[:, 0] < 3], curve[curve[:, 0] > 3]
    assert (line[:, 1:] == 0.5).all()
    assert 0.2 < len(line) / len(curve) < 0.29  # 1 / (1 + pi)
    radii = (ring - torch.tensor([3.5, 0.5, 0.5])).norm(dim=1)
    torch.testing.assert_close(radii, torch.full_like(radii, 0.5))
    assert ring[:, 1].min() < 0.01 < 0.99 < ring[:, 1].max()


@pytest.mark.parametrize(
    ("options", "shape", "classes"),
    [({"centers": 4}, (1000, 2), 4), ({"n_samples": 60, "n_features": 5}, (60, 5), 2)],
)
def test_blobs_options(options, shape, classes):
    data = nnzoo.create_data("blobs", **options)
    assert data.points.x.shape == shape
    assert data.n_classes == data.n_clusters == classes


@pytest.mark.parametrize(
    ("name", "clusters"), [("gaussian_clusters", 5), ("blobs", 2), ("iris", 3), ("digits", 10)]
)
def test_the_number_of_clusters_is_known(name, clusters):
    assert nnzoo.create_data(name).n_clusters == clusters


def test_the_number_of_clusters_of_unlabeled_points_is_not_known():
    assert nnzoo.create_data("xor", y=None).n_clusters is None


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("iris", {}, "iris: 120 points x 4 features, 30 more for validation, 3 classes; "
         "batches of 32"),
        ("parabola", {"batch_size": None}, "Parabola: 100 points x 1 feature, regression of y; "
         "batches of 100"),
    ],
)  # fmt: skip
def test_its_text_states_its_sizes(name, options, text):
    assert str(nnzoo.create_data(name, **options)) == text
    assert repr(nnzoo.create_data(name, **options)) == text
