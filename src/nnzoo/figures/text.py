"""Text of figures: drawn literally, in fonts that have its characters."""

from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, suppress
from functools import cache, wraps
from inspect import Parameter, signature
from typing import Any
from warnings import catch_warnings, filterwarnings

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter

from nnzoo.errors import printable
from nnzoo.figures.style import place_of

NO_LETTERS = ("LastResort", "Last Resort", "Blank")
"""Parts of the names of fonts that draw a box, or nothing, for each character."""


def literal(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Decorate a function that draws a figure, so that no text is parsed as a formula.

    Names of features and classes come from data and may contain ``$`` or any other character.
    Control characters are escaped. Characters that the default font lacks are drawn in another
    font, if one has them. Numeric tick labels do not change.

    The function also takes ``ax``: axes in a grid, which the figure replaces, or a SubFigure.
    """

    @wraps(draw)
    def drawn(*args: Any, ax: Any = None, **kwargs: Any) -> Figure:
        if ax is not None:
            kwargs["figure"] = place_of(ax)
        figure = draw(*args, **kwargs)
        for text in texts(figure):
            text.set_parse_math(False)
            text.set_text(printable(text.get_text(), kept="\n"))
            if missing := _missing(text):
                text.set_fontfamily([*text.get_fontfamily(), *fonts_with(missing)])
        return figure

    shown = signature(draw)
    ax_option = Parameter("ax", Parameter.KEYWORD_ONLY, default=None)
    vars(drawn)["__signature__"] = shown.replace(parameters=[*shown.parameters.values(), ax_option])
    return drawn


def texts(figure: Any) -> Iterator[Text]:
    """Yield the titles, labels, annotations and legend entries of a figure."""
    legends: list[Legend | None] = [*figure.legends]
    yield from figure.texts
    for part in figure.subfigs:
        yield from texts(part)
    for axes in figure._localaxes:  # without those of parts
        legends.append(axes.get_legend())
        yield from (axes.title, *axes.texts)
        for name in "xyz":
            if (axis := getattr(axes, f"{name}axis", None)) is not None:
                yield axis.label
                if isinstance(axis.get_major_formatter(), FuncFormatter):  # ticks with names
                    yield from axis.get_ticklabels()
    for legend in filter(None, legends):
        yield from (legend.get_title(), *legend.get_texts())


def missing_characters(figure: Figure) -> set[str]:
    """Return the characters of a figure that no font of their text has."""
    return set().union(*map(_missing, texts(figure)))


@contextmanager
def no_font_warnings() -> Iterator[None]:
    """Suppress matplotlib's warning about each missing character in a ``with`` block."""
    with catch_warnings():
        filterwarnings("ignore", "Glyph .* missing from")
        yield


def _missing(text: Text) -> frozenset[str]:
    """Return the characters that none of a text's fonts has."""
    characters = {c for c in text.get_text() if c != "\n"}
    if "".join(characters).isascii():
        return frozenset()
    for family in text.get_fontfamily():
        font = FontProperties(family=family, weight=text.get_fontweight())
        characters -= _within(font_manager.fontManager.findfont(font), characters)
    return frozenset(characters)


def _within(file: str, characters: Set[str]) -> set[str]:
    """Return those of the characters that a font file has; none if it cannot be read."""
    with suppress(OSError, RuntimeError, ValueError):
        font = font_manager.get_font(file)
        return {c for c in characters if font.get_char_index(ord(c))}
    return set()


@cache
def fonts_with(characters: frozenset[str]) -> list[str]:
    """Return the names of a few fonts that together have as many of the characters as possible.

    Fonts installed since matplotlib built its list of fonts are added to it.
    """
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for file in {*font_manager.findSystemFonts()} - known:
        with suppress(OSError, RuntimeError, ValueError):  # not a font that matplotlib can draw
            font_manager.fontManager.addfont(file)
    fonts = [
        font
        for font in font_manager.fontManager.ttflist
        if font.style == "normal" and not any(part in font.name for part in NO_LETTERS)
    ]
    fonts.sort(key=lambda font: ("Sans" not in font.name, font.name))  # max takes the first
    names: list[str] = []
    left: Set[str] = characters
    while left:
        best = max(fonts, key=lambda font: len(_within(font.fname, left)))
        if not (found := _within(best.fname, left)):
            break
        names.append(best.name)
        left = left - found
    return names
