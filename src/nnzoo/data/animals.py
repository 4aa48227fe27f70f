"""Animals and their attributes."""

from typing import Any

import torch

from nnzoo.data.base import DataModule
from nnzoo.data.points import Points
from nnzoo.errors import check_int

ANIMALS = [
    *("dove", "hen", "duck", "goose", "owl", "hawk", "eagle", "fox"),
    *("dog", "wolf", "cat", "tiger", "lion", "horse", "zebra", "cow"),
]

ATTRIBUTES = {
    "small": "1111110000100000",
    "medium": "0000001111000000",
    "big": "0000000000011111",
    "two legs": "1111111000000000",
    "four legs": "0000000111111111",
    "hair": "0000000111111111",
    "hooves": "0000000000000111",
    "mane": "0000000001001110",
    "feathers": "1111111000000000",
    "hunts": "0000111101111000",
    "runs": "0000000011011110",
    "flies": "1001111000000000",
    "swims": "0011000000000000",
}
"""1 for each of ``ANIMALS`` that has the attribute."""


class Animals(DataModule):
    """16 animals with 13 attributes, 0 or 1; each animal is a class.

    Source: H. Ritter & T. Kohonen, 1989, "Self-organizing semantic maps". Owl and hawk have equal
    attributes, and so do horse and zebra; the paper adds a part to tell them apart.

    Args:
        copies: how often the data contain each animal.
        options: see ``DataModule``.
    """

    def __init__(self, copies: int = 1, **options: Any) -> None:
        super().__init__(**options)
        self.copies = check_int("data.copies", copies, high=10**5)

    def load(self) -> Points:
        table = torch.tensor([[float(bit) for bit in bits] for bits in ATTRIBUTES.values()]).T
        animals = torch.arange(len(ANIMALS)).repeat(self.copies)
        return Points(table[animals], animals, list(ATTRIBUTES), ANIMALS)
