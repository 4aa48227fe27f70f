"""Text from data is shown unchanged: no formulas, nothing hidden, in a font that has it."""

import warnings

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from helpers import mostly_slow
from matplotlib import font_manager
from reading import drawn, labels, legend, legends, normal

from nnzoo import figures
from nnzoo.figures.curves import Group as Runs
from nnzoo.figures.curves import Panel, average, sweep_overview
from nnzoo.figures.style import class_label
from nnzoo.figures.text import fonts_with, missing_characters, no_font_warnings, texts

NAMES = ["a$", "$x_{2", "_c", "tab\there"]
X, Y = normal(40, 2), [0, 1] * 20


def by_class(**names):
    options = {"feature_names": ["f$_1", "$\\frac$"], "class_names": NAMES, "title": "$t\n$u"}
    return figures.scatter(X, Y, **(options | names))


def test_dollars_are_no_formula():
    figure = by_class()
    figure.draw_without_rendering()  # a formula that cannot be read raises
    (axes,) = figure.axes
    assert (labels(axes), figure.get_suptitle()) == (["f$_1", "$\\frac$"], "$t\n$u")
    assert legend(figure) == ["a$", "$x_{2"]
    shown = [figure._suptitle, axes.xaxis.label, *legends(figure)[0].get_texts()]
    assert not any(text.get_parse_math() for text in shown)


@pytest.mark.parametrize(
    "figure",
    mostly_slow(
        [
            lambda n: figures.latent_space(X, X, Y, class_names=[n, n], title=n),
            lambda n: figures.clusters(X, X[:2], feature_names=[n, n], title=n),
            lambda n: figures.reconstruction(
                X, X, Y, feature_names=[n, n], class_names=[n, n], title=n
            ),
            lambda n: figures.generated(X, X, feature_names=[n, n], title=n),
            lambda n: figures.decision_boundary(
                X[:9],
                Y[:9],
                lambda x: x[:, 0] > 0,
                feature_names=[n, n],
                class_names=[n, n],
                title=n,
            ),
            lambda n: figures.decision_shares(
                X, [1, 2], 0, feature_names=[n, n], class_name=n, title=n
            ),
            lambda n: figures.fitted_curve(
                X[:, :1], X[:, 1:], X[:, :1], X[:, 1:], feature_name=n, target_names=[n], title=n
            ),
            lambda n: figures.predicted_against_true(X, X, target_names=[n, n], title=n),
            lambda n: figures.residuals(X, X + 1, target_names=[n, n], title=n),
            lambda n: figures.image_grid(X, [n] * 40, image_shape=(1, 2), title=n),
            lambda n: figures.confusion_matrix([[1, 2], [3, 4]], class_names=[n, n], title=n),
            lambda n: figures.network(
                [figures.Layer(n, 2, names=[n, n]), figures.Layer(n, 2, n, X[:2], [n, n])], title=n
            ),
            lambda n: figures.activations({n: (X[:, 0], X[:, 1], X[:, 0])}, title=n),
            lambda n: figures.training_curve({n: [1, 2], n * 2: [3, 1000]}, ylabel=n, title=n),
            lambda n: sweep_overview(
                [Panel([Runs(n, average([([0, 1], [1, 2])]))] * 2, n)], title=n
            ),
        ],
        keep=3,
    ),
)
def test_every_figure_draws_every_name(figure):
    for name in ("$\\frac$", "_other", "a$b$", "\x1b[31mred\nline"):
        drawing = figure(name)
        drawing.draw_without_rendering()
        shown = [text.get_text() for text in texts(drawing)]
        assert any(name[1:4] in text for text in shown)
        assert "\x1b" not in "".join(shown)


def test_the_numbers_of_a_log_scale_stay_formulas():
    axes = figures.training_curve({"loss": [1, 1000]}, title="$").axes[0]
    axes.figure.draw_without_rendering()
    assert any(text.get_parse_math() and "$" in text.get_text() for text in axes.get_yticklabels())


def test_a_class_that_starts_with_an_underscore_is_in_the_legend():
    figure = by_class(class_names=["_other", "__x"])
    assert legend(figure) == ["_other", "__x"]
    assert len(drawn(figure.axes[0])) == 2


def test_line_breaks_and_control_characters_are_escapes():
    assert class_label(0, ["a\nb\x1b[0m\u202e"]) == r"a\nb\x1b[0m\u202e"
    assert by_class(title="a\x07\nb").get_suptitle() == "a\\x07\nb"  # two lines of a title


@pytest.fixture
def font_list(monkeypatch):
    """matplotlib's own fonts, without those of the system."""
    manager = font_manager.fontManager
    own = [font for font in manager.ttflist if "mpl-data" in font.fname]
    monkeypatch.setattr(manager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    fonts_with.cache_clear()
    yield
    fonts_with.cache_clear()


def make_font(file, characters):
    """Write a font in which each of the characters is an empty box."""
    pen = TTGlyphPen(None)
    for move, point in (("moveTo", (0, 0)), ("lineTo", (500, 0)), ("lineTo", (500, 500))):
        getattr(pen, move)(point)
    pen.closePath()
    names = [".notdef", *(f"uni{ord(c):04X}" for c in characters)]
    font = FontBuilder(1000)
    font.setupGlyphOrder(names)
    font.setupCharacterMap(dict(zip(map(ord, characters), names[1:], strict=True)))
    font.setupGlyf(dict.fromkeys(names, pen.glyph()))
    font.setupHorizontalMetrics(dict.fromkeys(names, (600, 0)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "Test Sans", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(file)
    return str(file)


def test_a_font_that_has_the_characters_is_found(font_list, tmp_path, monkeypatch):
    file = make_font(tmp_path / "test.ttf", "猫狗")  # installed after matplotlib made its list
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [file])
    figure = by_class(class_names=["猫", "a 狗"])
    with warnings.catch_warnings(action="error"):
        figure.draw_without_rendering()
    assert missing_characters(figure) == set()


def test_characters_that_no_font_has_are_named(font_list, tmp_path):
    figure = by_class(class_names=["猫", "a 狗"])
    with warnings.catch_warnings(action="error"), no_font_warnings():
        figure.draw_without_rendering()
    assert missing_characters(figure) == {"猫", "狗"}
    assert missing_characters(by_class(class_names=["naïve", "µ"])) == set()
