"""Learning rates of the competitive layer."""

import pytest
import torch

from nnzoo.nn import rates


def test_by_hand():
    lr, conscience = rates(0.25, 0.5, 2, 0.16, 0.01, 0.5)
    # Progress .25 and .5: .16 / 16^.25 = .08 and .16 / 16^.5 = .04.
    assert lr.tolist() == pytest.approx([0.08, 0.04])
    assert conscience.tolist() == pytest.approx([0.5, 0])
    assert lr.dtype == conscience.dtype == torch.float64


@pytest.mark.parametrize(("start", "progress"), [(-0.5, 0), (0, 0), (1, 1), (1.5, 1)])
def test_progress_is_clamped(start, progress):
    lr, conscience = rates(start, 0.1, 1, 0.5, 0.1, 1.0)
    assert lr.item() == pytest.approx([0.5, 0.1][progress])
    assert conscience.item() == 1 - progress


def test_single_points_equal_a_block_of_points():
    block = rates(0.2, 0.5, 5, 0.5, 0.001, 0.6)
    single = [rates(0.2 + 0.1 * i, 0.1, 1, 0.5, 0.001, 0.6) for i in range(5)]
    for values, parts in zip(block, zip(*single, strict=True), strict=True):
        torch.testing.assert_close(values, torch.cat(parts))


def test_no_points():
    assert [values.shape for values in rates(0, 0.1, 0, 0.5, 0.1, 1.0)] == [(0,), (0,)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_under_vmap(dtype):
    lr = torch.tensor([0.5, 0.3, 0.1], dtype=dtype)
    until = torch.tensor([0.1, 0.5, 1], dtype=dtype)

    def learn(lr, until):
        return rates(0.1, 0.5, 4, lr, 0.0005, until)

    together = torch.func.vmap(learn)(lr, until)
    for i in range(3):
        single = rates(0.1, 0.5, 4, lr[i].item(), 0.0005, until[i].item())
        for stacked, values in zip(together, single, strict=True):
            assert stacked.dtype == torch.float64
            torch.testing.assert_close(stacked[i], values)
