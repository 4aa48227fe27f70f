"""Options of the files of figures, and ``model.plot`` of all models."""

import pytest
from helpers import MODELS, OF_POINTS, PATTERNS, fit, mostly_slow, tiny_data, tiny_model
from matplotlib.figure import Figure

import nnzoo
from nnzoo.errors import InputError
from nnzoo.models.bases.centroids import Centroids
from nnzoo.models.bases.prototypes import Prototypes
from nnzoo.models.bases.resonance import Resonance
from nnzoo.models.pictures.plot import kinds_of, kinds_that_suit
from nnzoo.runs.figure_options import FORMATS, FigureOptions
from nnzoo.runs.pictures import draw, drawing_of

STARTS = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
RESULT = {"model": "mlp", "data": "iris"}


def assert_inside(figure):
    """No text exceeds the figure."""
    figure.draw_without_rendering()
    box, size = figure.get_tightbbox(), figure.get_size_inches()
    assert box.min.min() >= -0.01
    assert (box.max <= size + 0.01).all()


def test_a_figure_is_written_in_each_format_with_the_same_bytes(tmp_path):
    data = tiny_data("mlp")
    inputs = drawing_of(RESULT, tiny_model("mlp", data), None, data, [])
    options = {"format": list(FORMATS), "kinds": ["points"], "size": [4, 3], "style": "ggplot"}
    for folder in ("a", "b"):
        draw(inputs, tmp_path / folder, options=options)
    assert len([*(tmp_path / "a").iterdir()]) == len(FORMATS)
    found = {name: (tmp_path / "a" / f"points.{name}").read_bytes() for name in FORMATS}
    for name, content in found.items():
        assert content.startswith(STARTS[name])
        assert content == (tmp_path / "b" / f"points.{name}").read_bytes()
    assert "Multilayer perceptron on" in found["svg"].decode()
    assert b"/Type3" not in found["pdf"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("format", "bmp", "figures.format"),
        ("format", ["png", "sgv"], "did you mean 'svg'"),
        ("format", [], "figures.format is an empty list"),
        ("dpi", 0, "figures.dpi"),
        ("dpi", "high", "figures.dpi"),
        ("size", [6], r"figures.size must be \[width, height\]"),
        ("size", [6, -1], "each of figures.size"),
        ("style", "gplot", "ggplot"),
        ("style", 3, "figures.style"),
        ("kinds", "network", "figures.kinds must be a list"),
    ],
)
def test_a_wrong_option_is_one_clear_error(key, value, message):
    with pytest.raises(InputError, match=message) as error:
        FigureOptions(**{key: value})
    assert "\n" not in str(error.value)


def test_a_style_file_that_is_damaged_is_an_error(tmp_path):
    (tmp_path / "own.mplstyle").write_bytes(b"\xff\xfe figure")
    with pytest.raises(InputError, match=r"own\.mplstyle"):
        FigureOptions(style=str(tmp_path / "own.mplstyle"))


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("model=mlp figures.kinds=[netwrk]", "did you mean 'network'"),
        (
            "model=competitive figures.kinds=[points,activations]",
            "there is no figure activations of Competitive on these data; there are: curve, points,"
            " clusters, network",
        ),
        ("model=mlp data=iris figures.kinds=[boundary]", "there is no figure boundary of MLP on"),
    ],
)
def test_a_kind_without_a_figure_is_an_error_before_training(typed, message, nnzoo_train, tmp_path):
    printed = nnzoo_train(*typed.split(), "hydra.run.dir=run")
    assert printed.code == 1
    assert message in printed.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", mostly_slow(MODELS, 3))
def test_every_model_plots_its_network_and_points(name):
    data = tiny_data(name)
    model = tiny_model(name, data)
    fit(model, data, max_epochs=1)
    if name in PATTERNS:  # whose units have neither layers nor activation functions
        assert_inside(model.plot("points", data=data))
        return
    for kind in ("network", "activations"):
        if kind == "activations" and isinstance(model, Centroids | Prototypes | Resonance):
            continue  # the winner has no function of its net input alone
        assert_inside(model.plot(kind))
    if name in OF_POINTS:
        assert_inside(model.plot("points", data=data))
    whole = Figure(figsize=(9, 4))
    left, _ = whole.subplots(1, 2)
    assert model.plot("network", ax=left) is whole
    with pytest.raises(InputError, match="needs data"):
        model.plot("points")
    with pytest.raises(InputError, match="kind of figure"):
        model.plot("no such")


@pytest.mark.parametrize("name", mostly_slow(MODELS, 1))
def test_no_figure_of_a_model_is_cut_off(name):
    data = tiny_data(name)
    model = tiny_model(name, data)
    fit(model, data, max_epochs=1)
    suit = set()
    for kind in kinds_of(model):
        try:
            figure = model.plot(kind, data=data)
        except InputError:
            continue  # it does not suit the data
        assert_inside(figure)
        suit.add(kind)
    assert {*kinds_that_suit(model, data)} - {"curve", "losses"} == suit  # these need a history


def test_true_centroids_are_listed_beside_the_learned_ones(nnzoo_train):
    printed = nnzoo_train("model=competitive", "figures=none", "trainer.max_epochs=1")
    header, *rows = printed.out[printed.out.index("weights\n") :].splitlines()[1:7]
    assert header.split() == ["weight", "before", "after", "true"]
    assert len(rows) == 5


def test_a_unit_without_a_true_centroid_has_none():
    data = nnzoo.create_data("gaussian_clusters")
    model = tiny_model("competitive", data, units=7)
    model.initialize_from(data.start_batch())
    known = model.known_weights(data)["centroids"]
    assert int(known.isnan().any(-1).sum()) == 2
    found = sorted(known[~known.isnan().any(-1)].tolist())
    assert found == sorted(data.points.centroids.double().tolist())
