"""Data sets of binary patterns: letters of pixels, and random ones."""

from typing import Any

import torch
from torch import Tensor

from nnzoo.data.base import DataModule
from nnzoo.data.points import Points
from nnzoo.errors import InputError, check_float, check_int
from nnzoo.limits import check_memory
from nnzoo.nn.noise import wrong_components

LETTERS = {
    "A": ".###. #...# #...# ##### #...# #...# #...#",
    "B": "####. #...# #...# ####. #...# #...# ####.",
    "C": ".#### #.... #.... #.... #.... #.... .####",
    "D": "####. #...# #...# #...# #...# #...# ####.",
    "E": "##### #.... #.... ####. #.... #.... #####",
    "F": "##### #.... #.... ####. #.... #.... #....",
    "G": ".#### #.... #.... #.### #...# #...# .###.",
    "H": "#...# #...# #...# ##### #...# #...# #...#",
    "I": ".###. ..#.. ..#.. ..#.. ..#.. ..#.. .###.",
    "J": "..### ...#. ...#. ...#. ...#. #..#. .##..",
    "K": "#...# #..#. #.#.. ##... #.#.. #..#. #...#",
    "L": "#.... #.... #.... #.... #.... #.... #####",
    "M": "#...# ##.## #.#.# #.#.# #...# #...# #...#",
    "N": "#...# ##..# ##..# #.#.# #..## #..## #...#",
    "O": ".###. #...# #...# #...# #...# #...# .###.",
    "P": "####. #...# #...# ####. #.... #.... #....",
    "Q": ".###. #...# #...# #...# #.#.# #..#. .##.#",
    "R": "####. #...# #...# ####. #.#.. #..#. #...#",
    "S": ".#### #.... #.... .###. ....# ....# ####.",
    "T": "##### ..#.. ..#.. ..#.. ..#.. ..#.. ..#..",
    "U": "#...# #...# #...# #...# #...# #...# .###.",
    "V": "#...# #...# #...# #...# #...# .#.#. ..#..",
    "W": "#...# #...# #...# #.#.# #.#.# ##.## #...#",
    "X": "#...# #...# .#.#. ..#.. .#.#. #...# #...#",
    "Y": "#...# #...# .#.#. ..#.. ..#.. ..#.. ..#..",
    "Z": "##### ....# ...#. ..#.. .#... #.... #####",
}
"""Letters of 5 x 7 pixels: their rows from top to bottom, ``#`` for 1."""


def pixels(letter: str) -> Tensor:
    """Return a letter's pixels row by row, (35,), 0 and 1."""
    return torch.tensor([float(mark == "#") for mark in LETTERS[letter] if mark != " "])


class Letters(DataModule):
    """The capital letters, drawn with 5 x 7 pixels of 0 and 1; each is a class.

    Args:
        letters: those to include, in this order; None: all 26.
        copies: number of points per letter.
        noise: share of the pixels, rounded, that are wrong in each point.
        options: see ``DataModule``; ``seed`` determines the wrong pixels.
    """

    def __init__(
        self, letters: str | None = None, copies: int = 1, noise: float = 0.0, **options: Any
    ) -> None:
        super().__init__(**options)
        letters = "".join(LETTERS) if letters is None else letters
        if not isinstance(letters, str) or not letters or {*letters} - {*LETTERS}:
            raise InputError(f"data.letters must be capital letters, such as ACE; got {letters!r}")
        if len({*letters}) < len(letters):
            raise InputError(f"data.letters={letters} has a letter twice")
        self.letters = letters
        self.copies = check_int("data.copies", copies)
        self.noise = check_float("data.noise", noise, low=0, high=1)
        check_memory("data.copies", len(letters) * self.copies, 35)

    def load(self) -> Points:
        x = torch.stack([pixels(letter) for letter in self.letters]).repeat(self.copies, 1)
        x = torch.where(wrong_components(len(x), 35, self.noise, self.seed), 1 - x, x)
        names = [f"row {i + 1}, column {j + 1}" for i in range(7) for j in range(5)]
        y = torch.arange(len(self.letters)).repeat(self.copies)
        return Points(x, y, names, list(self.letters), image_shape=(7, 5))


class RandomPatterns(DataModule):
    """Independent random patterns, whose components are -1 or 1 with equal probability.

    Args:
        n_patterns: number of patterns.
        n_features: number of components.
        options: see ``DataModule``; ``seed`` determines the patterns.
    """

    def __init__(self, n_patterns: int = 50, n_features: int = 400, **options: Any) -> None:
        super().__init__(**options)
        self.n_patterns = check_int("data.n_patterns", n_patterns)
        self.features = check_int("data.n_features", n_features)
        check_memory("data.n_patterns", self.n_patterns, self.features)

    def load(self) -> Points:
        generator = torch.Generator().manual_seed(self.seed)
        bits = torch.randint(2, (self.n_patterns, self.features), generator=generator)
        return Points(2.0 * bits - 1)
