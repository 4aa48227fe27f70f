"""The page of a run."""

import base64
import json
import re
import shutil
import sys
from html.parser import HTMLParser

import pandas as pd
import pytest
from helpers import MODELS, mostly_slow, tiny_options
from run_folder import contents, result_of, rows

import nnzoo
from nnzoo import InputError
from nnzoo.report import page, write_report
from nnzoo.report.page import Chart, Code, Picture, Table
from nnzoo.report.run_page import run_page

pytest.importorskip("plotly")
HOSTILE = "<script>alert(1)</script>"


def blocks(shown, kind):
    return [b for section in shown.sections for b in section.blocks if isinstance(b, kind)]


class Loads(HTMLParser):
    """Collects what a page's attributes refer to, and its text outside of scripts."""

    def __init__(self, text):
        super().__init__()
        self.references, self.tags, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.references += [value for name, value in attrs if name in ("src", "href", "data")]

    def handle_data(self, data):
        self.text += data if self.tags[-1:] != ["script"] else ""


@pytest.fixture
def run(trained):
    return trained("model=mlp", "data=iris", "debug=default")


@pytest.mark.parametrize("name", mostly_slow(MODELS, 1))
def test_each_model(name, trained):
    from plotly.graph_objects import Figure

    options = tiny_options(name)
    folder = trained(f"model={name}", "trainer.max_epochs=3", *options)
    shown = run_page(nnzoo.load_run(folder))
    assert blocks(shown, Picture)  # drawn anew: the run has none
    charts = blocks(shown, Chart)
    for chart in charts:
        Figure(json.loads(json.dumps(chart.spec, allow_nan=False)))  # refuses unknown properties
    history = pd.DataFrame(rows(folder)).replace("", "nan").astype(float)  # exact, as float() is
    curves = [t["y"] for chart in charts for t in chart.spec["data"] if t["type"] == "scatter"]
    for metric in history.columns.drop(["epoch", "step"]):
        assert history[metric].dropna().tolist() in curves
    (table, *_) = blocks(shown, Table)
    metrics = {
        f"{prefix}{row[-1]}": row[table.columns.index(part)]
        for part, prefix in (("training", ""), ("validation", "val_"))
        if part in table.columns
        for row in table.rows
        if row[table.columns.index(part)] is not None
    }
    assert metrics == result_of(folder)["metrics"]


@pytest.mark.slow
def test_points_in_3d(trained):
    folder = trained("model=competitive", "debug=default")
    (chart,) = (c for c in blocks(run_page(nnzoo.load_run(folder)), Chart) if "scene" in str(c))
    traces = {trace["name"]: trace for trace in chart.spec["data"]}
    points = nnzoo.create_data("gaussian_clusters").raw[0].x
    won = [trace for name, trace in traces.items() if name.startswith("won by unit")]
    assert sorted(x for trace in won for x in trace["x"]) == sorted(points[:, 0].tolist())
    learned = nnzoo.load_model(folder).centroids()
    assert traces["learned centroids"]["z"] == learned[:, 2].tolist()
    assert len(traces["true centroids"]["x"]) == 5


def test_a_run_without_training(trained):
    shown = run_page(nnzoo.load_run(trained("model=mlp", "data=iris", "trainer.max_epochs=0")))
    assert "Not trained, on iris" in shown.lead
    assert not {"Training", "History"} & {section.title for section in shown.sections}
    assert "Best epoch" not in dict(shown.tiles)
    titles = [chart.spec["layout"]["title"]["text"] for chart in blocks(shown, Chart)]
    assert "Training points, standard-scaled" in titles


def test_what_is_in_the_file(nnzoo_train, tmp_path):
    options = ("model=mlp", "data=iris", "debug=default", "model.hidden=[4, 2]")
    assert nnzoo_train(*options, "hydra.run.dir=run", "figures=none").code == 0
    run = tmp_path / "run"
    file = write_report(run, tmp_path / "page.html")
    text = file.read_text(encoding="utf-8")
    found = Loads(text)
    assert "Multilayer perceptron on iris flowers" in found.text
    command = "nnzoo train model=mlp data=iris debug=default 'model.hidden=[4, 2]'"
    assert command in found.text
    assert f"{result_of(run)['metrics']['val_accuracy']:.6g}" in found.text
    assert (run / "config.yaml").read_text().splitlines()[0] in found.text
    assert all(value.startswith("data:") for value in found.references)
    assert found.tags.count("script") - len(re.findall('type="application/json"', text)) == 2
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; img-src data: blob:;")
    assert "http" not in policy


@pytest.mark.slow
def test_figures_of_the_run_are_shown_as_they_are(trained_result, tmp_path):
    folder = trained_result("model=perceptron", "debug=default")["paths"]["folder"]
    png = contents(folder)
    text = write_report(folder, tmp_path / "page.html").read_text()
    figures = [path for path in png if path.suffix == ".png"]
    assert len(figures) == 4
    for path in figures:
        assert base64.b64encode(png[path]).decode() in text


def test_text_of_data_is_escaped(tmp_path):
    table = pd.DataFrame({"<b>x</b>": [0.0, 1, 2, 3] * 5, "y": range(20), "z": range(20)})
    table["kind"] = [HOSTILE, "a & b"] * 10
    table.to_csv(tmp_path / "t.csv", index=False)
    run = nnzoo.train("mlp", tmp_path / "t.csv", "kind", epochs=2, scale="none", val_fraction=0)
    text = write_report(run, tmp_path / "page.html").read_text()
    assert "<script>alert" not in text
    assert "<b>" not in text.replace(page.plotly_js(), "")
    assert HOSTILE in Loads(text).text  # in the table of recalls
    scenes = [c for c in blocks(run_page(run), Chart) if "scene" in c.spec["layout"]]
    names = {trace["name"] for trace in scenes[0].spec["data"]}
    assert names == {"&lt;script&gt;alert(1)&lt;/script&gt;", "a &amp; b"}


@pytest.mark.slow
def test_a_run_of_python_is_repeated_by_its_line(tmp_path):
    run = nnzoo.train("mlp", "iris", epochs=3, hidden=[5], options={"model.optimizer.lr": 0.02})
    codes = [code.text for code in blocks(run_page(run), Code)]
    (line,) = (text for text in codes if "nnzoo.train" in text)
    assert "nnzoo.train('mlp', 'iris', epochs=3, hidden=[5]" in line.replace(
        "options={'model.optimizer.lr': 0.02}, ", ""
    )
    names = {}
    exec(line, names)
    assert names["run"].metrics == run.metrics


def test_data_that_are_not_there(tmp_path):
    run = nnzoo.train("mlp", [[0.0, 1], [1, 2], [2, 0], [3, 3]], [0, 1, 0, 1], epochs=2)
    with pytest.raises(InputError, match="folder is temporary; name a file"):
        write_report(run)
    assert "load_run" not in " ".join(code.text for code in blocks(run_page(run), Code))
    again = nnzoo.load_run(run.save(tmp_path / "run"))
    shown = run_page(again)
    assert "data of this run were given from Python" in shown.lead
    assert not blocks(shown, Picture)
    assert blocks(run_page(run), Picture)
    assert "nnzoo.train('mlp', X, y, epochs=2)" in next(c.text for c in blocks(shown, Code))


def test_nothing_foreign_is_imported_or_read(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    config = (folder / "config.yaml").read_text()
    other = config.replace("nnzoo.data.Iris", "antigravity.Sky").replace("iris", "IRIS", 0)
    changed = re.sub(r"(data:\n(?:.*\n)*?\s+_target_: )\S+", r"\1antigravity.Sky", other, count=1)
    assert "antigravity.Sky" in changed
    (folder / "config.yaml").write_text(changed)
    (tmp_path / "secret").write_text("secret")
    (folder / "figures").mkdir()
    (folder / "figures" / "curve.png").symlink_to(tmp_path / "secret")
    shown = run_page(nnzoo.load_run(folder))
    assert "antigravity" in shown.lead
    assert "antigravity" not in sys.modules
    assert not blocks(shown, Picture)


def test_refusals(run, tmp_path, monkeypatch):
    file = tmp_path / "page.html"
    file.write_text("mine")
    with pytest.raises(InputError, match="exists already; name another file"):
        write_report(run, file)
    assert file.read_text() == "mine"
    with pytest.raises(InputError, match="there is no"):
        write_report(tmp_path / "none", tmp_path / "new.html")
    damaged = shutil.copytree(run, tmp_path / "damaged")
    result = result_of(damaged)
    (damaged / "result.json").write_text(json.dumps(result | {"weights": 3}))
    with pytest.raises(InputError, match="damaged or of another version"):
        write_report(damaged)
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(InputError, match=r"pip install 'nnzoo\[report\]'"):
        write_report(run, tmp_path / "new.html")
    assert {path.name for path in tmp_path.iterdir()} == {"page.html", "damaged"}
    assert not (damaged / "report.html").exists()


def test_long_tables_and_texts_say_what_is_missing():
    table = Table(["a"], [[k] for k in range(page.MAX_ROWS + 1)], "Numbers.")
    assert table.notes == "Numbers. The first 2000 of 2001 rows."
    code = Code("x" * (page.MAX_TEXT + 5))
    assert code.shown.endswith("(100000 of 100005 characters)")
