"""The layout of the outputs of many members changes no result but for rounding."""

import pytest
import torch
from helpers import tiny_data, tiny_model
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from nnzoo.batch import Batch
from nnzoo.engine.layout import UnitsFirst
from nnzoo.engine.population import Population
from nnzoo.models import Descend

X, W, B = torch.randn(5, 4), torch.randn(3, 4), torch.randn(3)
LABELS, SHARES = torch.tensor([0, 2, 1, 1, 2]), torch.rand(5, 3)
PARTLY = torch.tensor([0, -100, 1, 1, 2])
CALLS = {
    "layer": lambda: F.linear(X, W, B),
    "layer without bias": lambda: F.linear(X, weight=W),
    "layer of one point": lambda: F.linear(X[0], W, B),
    "layer of sequences": lambda: F.linear(X.expand(2, 5, 4), W, bias=B),
    "one weight vector": lambda: F.linear(X, W[0]),
    "labels": lambda: F.cross_entropy(X[:, :3], LABELS),
    "each point": lambda: F.cross_entropy(X[:, :3], LABELS, reduction="none"),
    "weights": lambda: F.cross_entropy(X[:, :3], LABELS, B.exp(), ignore_index=1),
    "sum": lambda: F.cross_entropy(X[:, :3], LABELS, reduction="sum"),
    "a point without a class": lambda: F.cross_entropy(X[:, :3], PARTLY),
    "no class": lambda: F.cross_entropy(X[:, :3], LABELS, ignore_index=1, reduction="none"),
    "smoothed": lambda: F.cross_entropy(X[:, :3], LABELS, label_smoothing=0.1),
    "shares": lambda: F.cross_entropy(X[:, :3], SHARES),
    "one point": lambda: F.cross_entropy(X[0], LABELS[0]),
}


@pytest.mark.parametrize("name", CALLS)
def test_results_are_those_of_torch(name):
    with UnitsFirst():
        found = CALLS[name]()
    torch.testing.assert_close(found, CALLS[name]())


class SoftmaxDims(TorchDispatchMode):
    """Collects whether log_softmax was computed along the last dimension."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._log_softmax.default:
            self.along_last = args[1] == args[0].ndim - 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("members", [1, 2])
def test_only_many_members_have_units_first(members):
    data = tiny_data("mlp")
    models = [tiny_model("mlp", data, seed) for seed in range(members)]
    batch = data.train.map(lambda values: values.expand(members, *values.shape))
    with SoftmaxDims() as seen:
        Population(models, [0] * members).gradients(Descend("loss"), Batch(*batch), None)
    assert seen.along_last == (members == 1)
