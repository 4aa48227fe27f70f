"""The notebooks of the tutorials run without a warning and show their figures."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
IDS = [notebook.stem for notebook in NOTEBOOKS]
STRICT = "import warnings; warnings.simplefilter('error')"


def read(notebook):
    return nbformat.read(notebook, as_version=4)


def test_every_tutorial_has_a_notebook():
    assert sorted(page.stem for page in (ROOT / "docs/tutorials").glob("[a-z]*.md")) == IDS


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=IDS)
def test_no_output_is_stored_and_links_lead_to_files(notebook):
    content = read(notebook)
    nbformat.validate(content)
    assert not any(cell.get("outputs") for cell in content.cells)
    text = "\n".join(cell.source for cell in content.cells if cell.cell_type == "markdown")
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert f"../docs/tutorials/{notebook.stem}.md" in links
    assert all((notebook.parent / link).is_file() for link in links)


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=IDS)
def test_a_notebook_runs_and_shows_its_figures(notebook, tmp_path):
    content = read(notebook)
    strict, end = map(nbformat.v4.new_code_cell, (STRICT, "warnings.resetwarnings()"))
    content.cells = [strict, *content.cells, end]
    client = NotebookClient(content, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()  # raises an error where a cell does
    for cell in content.cells:
        if cell.cell_type != "code":
            continue
        printed = [out for out in cell.outputs if out.output_type == "stream"]
        assert not [out for out in printed if out.name == "stderr"]
        draws = cell.source.splitlines()[-1].partition("(")[0].endswith((".plot", "_curve"))
        assert draws == any("image/png" in out.get("data", {}) for out in cell.outputs)
    assert not list(tmp_path.iterdir())
