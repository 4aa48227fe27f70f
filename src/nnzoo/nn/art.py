"""Fuzzy adaptive resonance: a layer of categories, and the rule by which they learn."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nnzoo.errors import check_float, check_int
from nnzoo.nn.competitive import Array
from nnzoo.nn.keep_dtype import KeepsDtype
from nnzoo.nn.search import is_traced
from nnzoo.nn.vmap_safe import vmap_safe

BLOCK = 2**20
"""Number of minima computed at once; they fit the CPU's cache."""


class ARTLayer(KeepsDtype):
    """A layer in which only the category with the largest choice function fires.

    ``A = (x, 1 - x)`` is the complement code of x, and ``A ^ w`` the smaller one of each two
    components. The choice function of category j is ``|A ^ w_j| / (alpha + |w_j|)``, with sums of
    components as norms. With ``w_j = (u, 1 - v)`` it is a box with the corners u and v, and
    ``|w_j| - |A ^ w_j|`` the city-block distance of x to it. Values of x below 0 count as 0, and
    those above 1 as 1. Train the weights with ``art_rule`` or ``artmap_rule``.

    Source: G. A. Carpenter, S. Grossberg & D. B. Rosen, 1991, "Fuzzy ART: fast stable learning and
    categorization of analog patterns by an adaptive resonance system".

    Args:
        in_features: number of inputs.
        categories: maximum number of categories.
        alpha: choice parameter, above 0.
        complement: whether inputs are complement coded; otherwise ``A = x`` and v is 1.

    Attributes:
        weight: (categories, 2 in_features), or in_features columns without complement coding; ones
            for categories that are not in use; always float64.
        used: (categories,), 1 for the categories in use, which come first.

    Raises:
        InputError: if an argument is not valid.
    """

    exact = ("weight", "alpha")

    alpha: Tensor
    used: Tensor

    def __init__(
        self, in_features: int, categories: int, alpha: float = 0.001, complement: bool = True
    ) -> None:
        super().__init__()
        columns = check_int("in_features", in_features) * (2 if complement else 1)
        check_int("model.categories", categories)
        weight = torch.ones(categories, columns, dtype=torch.float64)
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.complement = complement
        number = torch.tensor(check_float("model.alpha", alpha, above=0), dtype=torch.float64)
        self.register_buffer("alpha", number, persistent=False)
        self.register_buffer("used", torch.zeros(categories))

    def code(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., columns of ``weight``): A, in float64."""
        return coded(x, self.complement)

    def choices(self, code: Tensor) -> Tensor:
        """(..., columns) -> (..., categories): the choice function, -1 for unused categories."""
        found = torch.minimum(code.unsqueeze(-2), self.weight).sum(-1)
        found = found / (self.alpha + self.weight.sum(-1))
        return torch.where(self.used > 0, found, -1.0)

    def winners(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (...): indices of the categories; 0 if none is in use."""
        code = self.code(x.reshape(-1, x.shape[-1]))
        if is_traced():
            return self.choices(code).argmax(-1).reshape(x.shape[:-1])
        (found,) = vmap_safe(_winners, code, self.weight, self.used, self.alpha)
        return found.reshape(x.shape[:-1])

    def forward(self, x: Tensor) -> Tensor:
        """(..., in_features) -> (..., categories): one for the winner, zero for the others."""
        categories = torch.arange(self.weight.shape[0], device=x.device)
        return (self.winners(x).unsqueeze(-1) == categories).to(x.dtype)

    def distances(self, x: Tensor, winners: Tensor) -> Tensor:
        """Return the city-block distances of points (..., in_features) to the boxes of categories
        (...), divided by ``in_features``."""
        own = self.weight[winners]
        return (own - torch.minimum(self.code(x), own)).sum(-1) / x.shape[-1]

    def boxes(self) -> Tensor:
        """Return the corners u and v of all categories, (categories, 2, in_features); unused ones
        have u above v with complement coding."""
        weight = self.weight.detach()
        if not self.complement:
            return torch.stack([weight, torch.ones_like(weight)], 1)
        low, rest = weight.chunk(2, -1)
        return torch.stack([low, 1 - rest], 1)


def coded(x: Tensor, complement: bool) -> Tensor:
    """Return points (..., features) as A, (..., features) or (..., 2 features), in float64."""
    x = x.double()
    x = (x + (x - x)).clamp(0, 1)  # infinite numbers become NaN, which a training reports
    return torch.cat([x, 1 - x], -1) if complement else x


def _winners(code: Tensor, weight: Tensor, used: Tensor, alpha: Tensor) -> tuple[Tensor]:
    weight = weight[: max(1, int(used.count_nonzero()))]
    sizes = alpha + weight.sum(-1)
    blocks = code.split(max(1, BLOCK // weight.numel()))
    found = [(torch.minimum(b[:, None], weight).sum(-1) / sizes).argmax(-1) for b in blocks]
    return (torch.cat(found),)


def art_rule(
    weight: Tensor,
    used: Tensor,
    refused: Tensor,
    x: Tensor,
    vigilance: Tensor,
    alpha: Tensor,
    beta: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Learn the points one at a time, in order; return the new weights, used and refused.

    A point learns the category with the largest choice function, see ``ARTLayer``, among those in
    use with a match ``|A ^ w_j| / |A| >= vigilance``: ``w_j <- beta (A ^ w_j) + (1 - beta) w_j``.
    If there is none, a new category gets ``w_j = A``. In the source, the choice function may also
    prefer a new category, with the weights 1, to one that matches.

    Source: see ``ARTLayer``; with a beta below 1 this is its fast-commit slow-recode option.

    Args:
        weight, used: as in ``ARTLayer``; not modified.
        refused: 0-d, number of points not learned since no category was free; not modified.
        x: (points, features) from 0 to 1; others are changed to these bounds.
        vigilance, alpha, beta: 0-d tensors.
    """
    field, y = weight.new_ones(len(weight), 1), x.new_zeros(len(x))
    inputs = weight, used, refused, field, x, y, vigilance, alpha, beta, vigilance
    weight, used, refused, _ = vmap_safe(_learn, *inputs)
    return weight, used, refused


def artmap_rule(
    weight: Tensor,
    used: Tensor,
    refused: Tensor,
    map_field: Tensor,
    x: Tensor,
    y: Tensor,
    vigilance: Tensor,
    alpha: Tensor,
    beta: Tensor,
    match_tracking: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Learn points with classes as ``art_rule`` does; each category belongs to one class.

    If the category found has another class than the point, the search goes on among those with a
    match of at least ``match_tracking`` more than that of the category. A new category gets the
    class of its point.

    Source: G. A. Carpenter, S. Grossberg, N. Markuzon, J. H. Reynolds & D. B. Rosen, 1992, "Fuzzy
    ARTMAP: a neural network architecture for incremental supervised learning of analog
    multidimensional maps", with classes in place of a second ART module.

    Args:
        map_field: (categories, classes), 1 for the class of a category; not modified.
        y: (points,) class indices.
        match_tracking: 0-d tensor.
        weight, used, refused, x, vigilance, alpha, beta: see ``art_rule``.

    Returns:
        The new weights, used, refused and map field.
    """
    inputs = weight, used, refused, map_field, x, y, vigilance, alpha, beta, match_tracking
    new: tuple[Tensor, Tensor, Tensor, Tensor] = vmap_safe(_learn, *inputs)
    return new


def _learn(*inputs: Tensor) -> tuple[Tensor, ...]:
    # Each point depends on the previous one: NumPy's calls take a third of the time of torch's.
    weight, used, refused, field, x, y = inputs[:6]
    vigilance, alpha, beta, raised = map(float, inputs[6:])
    w, m = (t.to("cpu", torch.float64, copy=True).numpy() for t in (weight, field))
    n, left = int(used.count_nonzero()), float(refused)
    complement = w.shape[1] > x.shape[1]
    points = coded(x, complement).numpy(force=True)
    norms = np.full(len(x), float(x.shape[1])) if complement else points.sum(1)
    sizes = alpha + w.sum(1)
    for point, norm, label in zip(points, norms, y.long().tolist(), strict=True):
        common = np.minimum(point, w[:n])
        overlap = common.sum(1)
        match = overlap / norm if norm else np.ones(n)
        choice = np.where(match >= vigilance, overlap / sizes[:n], -1)
        j = _search(choice, match, m[:n, label] > 0, raised)
        if j >= 0:
            w[j] = beta * common[j] + (1 - beta) * w[j]
        elif n < len(w):
            j, n = n, n + 1
            w[j], m[j, label] = point, 1
        else:
            left += 1
            continue
        sizes[j] = alpha + w[j].sum()
    new_used = F.pad(torch.ones(n), (0, len(w) - n)).to(used)
    learned = torch.from_numpy(w).to(weight), new_used, torch.full_like(refused, left)
    return *learned, torch.from_numpy(m).to(field)


def _search(choice: Array, match: Array, own: Array, raised: float) -> int:
    """Return the category that learns a point, -1: a new one.

    Args:
        choice: (categories,), -1 where the match is too small; modified.
        match: (categories,).
        own: (categories,), whether the class is that of the point.
        raised: by how much the match must exceed that of a category of another class.
    """
    while choice.size and choice[j := int(choice.argmax())] >= 0:
        if own[j]:
            return j
        choice[match < match[j] + raised] = -1
        choice[j] = -1
    return -1
