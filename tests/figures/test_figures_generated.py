"""Generated points and images next to real ones, on the same scales."""

import numpy as np
import pytest
from reading import assert_whole, drawn, normal, note

from nnzoo.figures import generated

pytestmark = pytest.mark.filterwarnings("error")


def names(d):
    return {"feature_names": [f"f{i}" for i in range(d)], "title": "t"}


@pytest.mark.parametrize("d", [1, 2, 3])
def test_real_and_generated_points_have_the_same_axes(d):
    x, samples = normal(40, d), normal(30, d) * 3 + 1
    figure = generated(x, samples, **names(d))
    assert_whole(figure)
    left, right = figure.axes
    assert [left.get_title(), right.get_title()] == ["real", "generated"]
    assert figure.get_suptitle() == "t"
    np.testing.assert_allclose(drawn(left)[0][:, :d], x)
    np.testing.assert_allclose(drawn(right)[0][:, :d], samples)
    for i in range(d):
        low, high = getattr(left, f"get_{'xyz'[i]}lim")()
        assert (low, high) == getattr(right, f"get_{'xyz'[i]}lim")()
        assert low < min(x[:, i].min(), samples[:, i].min())
        assert high > max(x[:, i].max(), samples[:, i].max())


def test_both_panels_show_the_principal_components_of_the_real_points():
    x = normal(6000, 5) * [1, 9, 1, 3, 1]
    samples = np.zeros((2, 5))
    samples[1, [1, 3]] = 7, 11
    figure = generated(x, samples, **names(5))
    left, right = figure.axes
    assert note(figure) == "PCA of 5 features · 5000 of 6000 points"
    np.testing.assert_allclose(drawn(left)[0].std(axis=0), [9, 3], rtol=0.05)
    one, other = drawn(right)[0]
    np.testing.assert_allclose(np.abs(other - one), [7, 11], rtol=0.05)


@pytest.mark.parametrize(("n", "m", "every"), [(22, 22, 3), (2, 3, 1), (8, 1, 1)])
def test_real_images_are_above_generated_images(n, m, every):
    x, samples = normal(n, 12), 2 * normal(m, 12)
    figure = generated(x, samples, image_shape=(3, 4), **names(12))
    assert_whole(figure)
    columns = min(8, max(n, m))
    rows = np.reshape(figure.axes, (2, columns))
    x, samples = x[::every], samples[::every]  # spread over their order
    for row, images, name in zip(rows, (x, samples), ("real", "generated"), strict=True):
        assert row[0].get_ylabel() == name
        for i, axes in enumerate(row):
            assert len(axes.images) == (i < len(images))
            for image in axes.images:
                np.testing.assert_allclose(image.get_array().ravel(), images[i])
                assert image.get_clim() == (x.min(), x.max())


@pytest.mark.parametrize(
    ("message", "samples", "change"),
    [
        ("samples must have", normal(4, 2), {}),
        ("2 feature names", normal(4, 3), names(2)),
        ("not form an image of shape", normal(4, 3), {"image_shape": (2, 2)}),
    ],
)
def test_inputs_that_do_not_match_are_errors(message, samples, change):
    with pytest.raises(ValueError, match=message):
        generated(normal(4, 3), samples, **names(3) | change)
