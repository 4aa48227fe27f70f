"""The figure of a sweep: its averages, labels and ranks."""

import numpy as np
import pytest
from matplotlib.image import imread
from test_results import jobs_of, make_failed, make_job

from nnzoo.figures.curves import sweep_overview
from nnzoo.sweeps import overview
from nnzoo.sweeps.overview import draw_overview, read_curve, short_keys, shortened


@pytest.fixture
def drawn(monkeypatch, tmp_path):
    """``drawn()``: the panels and the title of the overview of the jobs below the test's folder."""
    last = []

    def recorded(panels, *, title, note, figure):
        last[:] = panels, f"{title}\n{note}"
        return sweep_overview(panels, title=title, note=note, figure=figure)

    monkeypatch.setattr(overview, "sweep_overview", recorded)

    def draw():
        last.clear()
        files = draw_overview(jobs_of(tmp_path), tmp_path / "sweep")
        assert files == [tmp_path / "sweep.png"] * bool(last)
        assert all(file.exists() for file in files)
        return last

    return draw


def test_a_line_and_a_band_for_each_combination(drawn, tmp_path):
    number = 0
    for lr, scale in (("0.1", 2), ("1", 1)):
        for seed in (1, 3):
            curve = [scale * seed * v for v in (4, 2, 1)]
            overrides = f"model.optimizer.lr={lr}", f"seed={seed}", "trainer.max_epochs=3"
            make_job(tmp_path / str(number), *overrides, value=scale * seed, curve=curve)
            number += 1
    (panel,), title = drawn()
    assert title == (
        "Multilayer perceptron on XOR: sweep of 4 jobs\n"
        "mlp · xor · mean ± standard deviation of 2 seeds"
    )
    assert (panel.label, panel.title) == ("loss", "")
    assert [group.label for group in panel.groups] == ["lr=1", "lr=0.1"]
    best = panel.groups[0].completed
    assert best.epochs.tolist() == [0, 1, 2]
    assert best.mean.tolist() == [8, 4, 2]
    assert best.deviation == pytest.approx(np.array([8, 4, 2]) / 2**0.5)


def test_failed_jobs_are_drawn_separately_up_to_their_end(drawn, tmp_path):
    make_job(tmp_path / "0", "lr=1", "seed=1", curve=[4, 3, 2])
    make_job(tmp_path / "1", "lr=1", "seed=2", curve=[4, 1e9], status="failed")
    make_job(tmp_path / "2", "lr=9", "seed=1", curve=[5, 1e30], status="failed")
    make_failed(tmp_path / "3", "lr=9", "seed=2")
    (panel,), title = drawn()
    assert title == "Multilayer perceptron on XOR: sweep of 4 jobs\nmlp · xor · 3 failed"
    partly, wholly = panel.groups
    assert (partly.label, wholly.label) == ("lr=1", "lr=9")
    assert partly.completed.mean.tolist() == [4, 3, 2]
    assert partly.failed.mean.tolist() == [4, 1e9]
    assert wholly.completed is None
    assert wholly.failed.mean.tolist() == [5, 1e30]


def test_each_metric_has_a_panel_up_to_four(drawn, tmp_path):
    for i, name in enumerate("abcde"):
        monitor = {"metric": name, "label": f"label $ {name}", "mode": "min"}
        overrides = f"model={name}", "seed=1"
        make_job(tmp_path / str(i), *overrides, curve=[1, 2], model=name, monitor=monitor)
    panels, title = drawn()
    assert title == "5 models on XOR: sweep of 5 jobs\n5 models · xor · not shown: e (E on XOR)"
    assert [panel.label for panel in panels] == [f"label $ {name}" for name in "abcd"]
    assert [panel.title for panel in panels] == [f"{name} on XOR" for name in "ABCD"]
    assert [len(panel.groups) for panel in panels] == [1, 1, 1, 1]


def test_the_best_is_that_of_the_table(drawn, tmp_path):
    """Not the lowest value of the column ``loss``, which is measured during the epoch."""
    make_job(tmp_path / "0", "seed=1", value=0.5, curve=[3, 2], best={"epoch": 1, "value": 0.5})
    make_job(tmp_path / "1", "seed=2", value=0.25, curve=[3, 1], best={"epoch": 0, "value": 0.25})
    (panel,), _ = drawn()
    assert panel.groups[0].best == (0.5, 0.375)


def test_the_loss_stands_for_a_metric_without_a_column(drawn, tmp_path):
    monitor = {"metric": "other", "label": "other", "mode": "min"}
    job = make_job(tmp_path / "0", monitor=monitor)
    (job / "metrics.csv").write_text("epoch,loss\n0,3\n1,2\n")
    (panel,), _ = drawn()
    assert panel.label == "loss"
    assert panel.groups[0].best is None
    assert panel.groups[0].completed.mean.tolist() == [3, 2]


def test_nothing_to_draw(drawn, tmp_path):
    assert drawn() == []
    make_job(tmp_path / "0")
    make_job(tmp_path / "1", curve=[])
    make_job(tmp_path / "2", curve=[None, None])
    make_failed(tmp_path / "3", "lr=1")
    assert drawn() == []


def test_a_killed_job_is_drawn_if_it_is_the_only_one(drawn, tmp_path):
    job = make_job(tmp_path / "0", curve=[3, 2])
    (job / "result.json").write_text("{")
    (panel,), title = drawn()
    assert title == "Sweep of 1 job\n1 failed"
    assert panel.groups[0].failed.mean.tolist() == [3, 2]


@pytest.mark.parametrize(
    ("text", "epochs", "values"),
    [
        ("epoch,a,b\n0,1,\n1,2,0.5\n2,3,\n3,4,0.25\n", [1, 3], [0.5, 0.25]),
        ("epoch,b\n5,1\n6,nan\n7,inf\n8,2e3\n", [5, 8], [1, 2000]),
        ('"a,b",epoch,b\r\n1,2,3\r\n', [2], [3]),
    ],
)
def test_the_curve_of_a_file(text, epochs, values, tmp_path):
    (tmp_path / "metrics.csv").write_bytes(text.encode())
    curve = read_curve(tmp_path / "metrics.csv", "b")
    assert [part.tolist() for part in curve] == [epochs, values]


@pytest.mark.parametrize(
    "text", ["", "epoch,b\n", "epoch,a\n0,1\n", "epoch,b\n0\n", "epoch,b\n0,x\n"]
)
def test_files_without_values(text, tmp_path):
    (tmp_path / "metrics.csv").write_text(text)
    assert read_curve(tmp_path / "metrics.csv", "b") is None
    assert read_curve(tmp_path / "missing.csv", "b") is None


def test_long_files_are_subsampled(tmp_path):
    rows = (f"{i},{i if i % 2 == 0 else ''}" for i in range(9001))
    (tmp_path / "metrics.csv").write_text("\n".join(["epoch,b", *rows]))
    epochs, values = read_curve(tmp_path / "metrics.csv", "b")
    assert len(epochs) == overview.MAX_ROWS
    assert (epochs[0], epochs[-1]) == (0, 9000)
    assert np.array_equal(epochs, values)


def test_keys_and_values_are_shortened():
    assert short_keys(["seed", "model.lr", "model.optimizer.lr", "model.units"]) == {
        "seed": "seed",
        "model.lr": "model.lr",
        "model.optimizer.lr": "model.optimizer.lr",
        "model.units": "units",
    }
    assert shortened(24 * "x") == 24 * "x"
    assert shortened("/home/someone/data/a.csv.gz") == "/home/so...data/a.csv.gz"


def test_hundreds_of_jobs_are_drawn(drawn, tmp_path):
    rng = np.random.default_rng(0)
    for i in range(300):
        curve = np.exp(-np.arange(20) / 9) * rng.uniform(1, 2)
        make_job(tmp_path / str(i), f"lr={i // 2}", f"seed={i % 2}", value=curve[-1], curve=curve)
    (panel,), _ = drawn()
    assert len(panel.groups) == 150


def test_the_figure_has_the_options_of_the_jobs(tmp_path):
    job = make_job(tmp_path / "0", curve=[3, 2])
    (job / "config.yaml").write_text(
        "figures: {draw: false, format: [svg, png], size: [5, 3], dpi: 40, style: dark_background}"
    )
    files = draw_overview(jobs_of(tmp_path), tmp_path / "sweep")
    assert files == [tmp_path / "sweep.svg", tmp_path / "sweep.png"]
    image = imread(files[1])
    assert image.shape[:2] == (120, 200)
    assert image[0, 0, :3].max() == 0  # the style's ground is black
