"""Invalid options of data modules raise an InputError that names the option."""

import pytest

import nnzoo
from nnzoo import InputError
from nnzoo.data import Bundled, GaussianClusters, Inline


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, r"data\.batch_size must be a whole number of at least 1, got 0"),
        ({"batch_size": -4}, r"data\.batch_size"),
        ({"batch_size": 2.5}, r"data\.batch_size"),
        ({"seed": -1}, r"data\.seed"),
        ({"seed": "one"}, r"data\.seed"),
        ({"val_fraction": -0.1}, r"data\.val_fraction must be a number >= 0"),
        ({"val_fraction": 1}, r"data\.val_fraction and data\.test_fraction must be less than 1"),
        ({"val_fraction": float("nan")}, r"data\.val_fraction"),
        ({"scale": "min-max"}, r"unknown data\.scale 'min-max'; did you mean 'minmax'"),
        ({"shuffle": "yes"}, r"data\.shuffle must be true or false"),
        ({"batchsize": 3}, r"unknown key of data 'batchsize'; did you mean 'batch_size'"),
    ],
)
@pytest.mark.parametrize("name", ["xor", "gaussian_clusters", "iris", "blobs", "moons"])
def test_options_of_all_data(name, options, message):
    with pytest.raises(InputError, match=message):
        nnzoo.create_data(name, **options)


@pytest.mark.parametrize("fraction", [0.1, 0.9])
def test_no_part_may_be_empty(fraction):
    data = nnzoo.create_data("xor", val_fraction=fraction)
    with pytest.raises(InputError, match="of 4 points leaves a part empty"):
        _ = data.train


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("gaussian_clusters", {"sd": -1}, r"data\.sd must be a number >= 0, got -1"),
        ("gaussian_clusters", {"points_per_cluster": 0}, r"data\.points_per_cluster"),
        ("gaussian_clusters", {"clusters": 0}, r"data\.clusters"),
        ("gaussian_clusters", {"clusters": 6}, "clusters is 6 but 5 centroids are given"),
        ("gaussian_clusters", {"features": 0}, r"data\.features"),
        ("gaussian_clusters", {"centroids": [[1, 2], [3]]}, r"data\.centroids must be rows"),
        ("gaussian_clusters", {"centroids": [1, 2]}, r"data\.centroids must be rows"),
        ("gaussian_clusters", {"centroids": [["a"]]}, r"data\.centroids must be rows"),
        ("gaussian_clusters", {"centroids": []}, r"data\.centroids must be rows"),
        ("blobs", {"n_samples": 0}, r"data\.n_samples"),
        ("blobs", {"centers": 0}, r"data\.centers"),
        ("blobs", {"n_features": 0}, r"data\.n_features"),
        ("blobs", {"cluster_std": -1}, r"data\.cluster_std"),
        ("moons", {"n_samples": 0}, r"data\.n_samples"),
        ("moons", {"noise": -0.1}, r"data\.noise"),
        ("circles", {"factor": 1}, r"data\.factor must be a number >= 0 and < 1"),
        ("friedman", {"n_features": 4}, r"data\.n_features"),
        ("swiss_roll", {"n_samples": 1}, r"data\.n_samples"),
        ("two_spirals", {"density": 0}, r"data\.density"),
    ],
)
def test_options_of_generated_data(name, options, message):
    with pytest.raises(InputError, match=message):
        nnzoo.create_data(name, **options)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([[1, 2], [3]], None, r"data\.x must be rows of numbers of equal length"),
        ([[1, "two"]], None, r"data\.x must be rows of numbers"),
        ([1, 2, 3], None, r"data\.x must be rows of finite numbers"),
        ([], None, r"data\.x must be rows of finite numbers"),
        ([[]], None, r"data\.x must be rows of finite numbers"),
        ([[1, float("nan")]], None, r"data\.x must be rows of finite numbers"),
        ([[1, float("inf")]], None, r"data\.x must be rows of finite numbers"),
        ([[1], [2]], [0], r"data\.y must be 2 class indices"),
        ([[1], [2]], [0, -1], r"data\.y must be 2 class indices"),
        ([[1], [2]], [0.5], r"data\.y must have 2 entries"),
        ([[1], [2]], [[0.5], [1, 2]], r"data\.y must be rows of numbers of equal length"),
        ([[1], [2]], [[0.5], ["a"]], r"data\.y must be rows of numbers"),
        ([[1], [2]], ["a", "b"], r"data\.y must be 2 class indices"),
        ([[1], [2]], [True, False], r"data\.y must be 2 class indices"),
        ([[1], [2]], 1, r"data\.y must be a list"),
    ],
)
def test_inline_data_need_finite_rows_and_a_target_per_row(x, y, message):
    with pytest.raises(InputError, match=message):
        Inline(x, y)


@pytest.mark.parametrize(
    ("names", "message"), [(["a", "b", "c"], "must have 2 names, got 3"), (3, "must be a list")]
)
def test_inline_data_need_a_name_per_feature(names, message):
    with pytest.raises(InputError, match=rf"data\.feature_names {message}"):
        Inline([[1, 2]], feature_names=names)


def test_feature_names_are_kept():
    assert Inline([[1, 2]], [0], feature_names=["price", "skill"]).feature_names == [
        "price",
        "skill",
    ]


def test_unknown_bundled_data():
    with pytest.raises(InputError, match=r"unknown data\.name 'irish'; did you mean 'iris'"):
        Bundled("irish")


def test_a_class_checks_its_own_arguments_too():
    with pytest.raises(InputError, match=r"data\.sd"):
        GaussianClusters(sd=float("inf"))
