"""Batches of points and targets."""

import torch

from nnzoo.batch import Batch, as_batch


def test_what_a_loader_gives_becomes_a_batch():
    x, y = torch.zeros(2, 3), torch.ones(2)
    assert as_batch(x) == Batch(x)
    assert as_batch([x, y]) == Batch(x, y)
    assert as_batch((x,)) == Batch(x)
    assert as_batch((x, y, "more")) == Batch(x, y)
    batch = Batch(x, y)
    assert as_batch(batch) is batch
