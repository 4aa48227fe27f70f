"""The page of a sweep."""

import csv
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from nnzoo import InputError
from nnzoo.report import write_report
from nnzoo.report.page import Chart, Table, cell_key, cell_text
from nnzoo.report.sweep_page import sweep_page

pytest.importorskip("plotly")
GRID = ("seed=0,1", "model.optimizer.lr=1e-4,1e-2,1", "model.hidden=[2],[3]")


@pytest.fixture
def sweep(nnzoo_train):
    """The folder of a sweep of 12 jobs."""
    options = ("model=mlp", "data=iris", "trainer.max_epochs=4", "hydra.sweep.dir=sweep")
    printed = nnzoo_train("-m", *options, *GRID)
    assert printed.code == 0
    return Path("sweep").absolute()


def section(page, title):
    (found,) = (section for section in page.sections if section.title == title)
    return found.blocks


def test_numbers_are_those_of_the_files(sweep):
    from plotly.graph_objects import Figure

    page = sweep_page(sweep)
    with (sweep / "results.csv").open() as file:
        results = list(csv.DictReader(file))
    (jobs,) = section(page, "Jobs")
    assert isinstance(jobs, Table)
    hidden = {"status", "folder", "error", "trainer.max_epochs"}  # the last is shared
    assert list(jobs.columns) == [key for key in results[0] if key not in hidden]
    for row, result in zip(jobs.rows, results, strict=True):
        for column, cell in zip(jobs.columns, row, strict=True):
            text = result[column]
            if cell_key(cell):
                assert float(cell_key(cell)) == float(text)
            else:
                assert cell_text(cell) == text

    (combinations,) = section(page, "Combinations")
    place = combinations.columns.index("val_loss")
    means = [row[place].value for row in combinations.rows]
    assert means == sorted(means)
    (lr, hidden) = (cell_text(combinations.rows[0][k]) for k in (0, 1))
    own = [
        float(r["val_loss"])
        for r in results
        if (r["model.optimizer.lr"], r["model.hidden"]) == (lr, hidden)
    ]
    assert len(own) == 2
    assert means[0] == pytest.approx(np.mean(own))
    assert combinations.rows[0][place].text == f"{np.mean(own):.4g} ± {np.std(own, ddof=1):.4g}"
    assert dict(page.tiles)["Best validation loss"] == combinations.rows[0][place].text

    (bands,) = section(page, "Over the epochs")
    lines = [t for t in bands.spec["data"] if t["showlegend"]]
    edges = [t for t in bands.spec["data"] if not t["showlegend"]]
    assert (len(lines), len(edges)) == (6, 12)
    best = lines[-1]  # drawn last
    curves = []
    for result in results:
        if (result["model.optimizer.lr"], result["model.hidden"]) == (lr, hidden):
            with open(Path(result["folder"]) / "metrics.csv") as file:
                curves.append([float(row["val_loss"]) for row in csv.DictReader(file)])
    np.testing.assert_allclose(best["y"], np.mean(curves, 0))
    low, high = (t["y"] for t in edges[-2:])
    np.testing.assert_allclose(np.subtract(high, low), 2 * np.std(curves, 0, ddof=1))

    (parallel,) = section(page, "Parallel coordinates")
    axes = parallel.spec["data"][0]["dimensions"]
    assert [axis["label"] for axis in axes] == ["seed", "lr (log)", "hidden", "validation loss"]
    values = [float(r["val_loss"]) for r in results]
    shown = np.array(axes[-1]["values"])
    assert np.allclose(shown, values) or np.allclose(10**shown, values)
    assert axes[2]["ticktext"] == ["[2]", "[3]"]
    np.testing.assert_allclose(sorted({*axes[1]["values"]}), [-4, -2, 0])
    for blocks in page.sections:
        for chart in blocks.blocks:
            if isinstance(chart, Chart):
                Figure(json.loads(json.dumps(chart.spec, allow_nan=False)))


@pytest.mark.slow
def test_failed_jobs_and_the_file(sweep, tmp_path):
    result = sweep / "3" / "result.json"
    content = json.loads(result.read_text())
    result.write_text(json.dumps(content | {"status": "failed", "error": "<i>it</i> diverged"}))
    text = write_report(sweep).read_text()
    assert "1 failed" in text
    assert "&lt;i&gt;it&lt;/i&gt; diverged" in text
    assert "nnzoo train -m model=mlp data=iris" in text
    assert len(re.findall("<tbody>", text)) == 2
    with pytest.raises(InputError, match="exists already"):
        write_report(sweep)
    for job in range(12):
        (sweep / str(job) / "result.json").unlink()
    with pytest.raises(InputError, match="no job of the sweep"):
        write_report(sweep, tmp_path / "other.html")


def test_cells():
    from nnzoo.report.sweep_page import typed

    assert (typed("1e-3").text, typed("1e-3").value) == ("1e-3", 1e-3)
    assert cell_key(typed("nan")) == cell_key(typed("inf")) == cell_key(math.inf) == ""
    assert (typed("adam"), typed("")) == ("adam", None)
