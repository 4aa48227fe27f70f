"""The notebooks of the tutorials run without a warning and show their figures."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
IDS = [notebook.stem for notebook in NOTEBOOKS]
STRICT = "import warnings; warnings.simplefilter('error')"


def test_every_tutorial_has_a_notebook():
    pages = (ROOT / "docs" / "tutorials").glob("[a-z]*.md")
    assert sorted(page.stem for page in pages) == IDS


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=IDS)
def test_no_output_is_stored_and_links_lead_to_files(notebook):
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
    text = "".join(line for cell in cells for line in cell["source"])
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert f"../docs/tutorials/{notebook.stem}.md" in links
    assert all((notebook.parent / link).is_file() for link in links)


@pytest.fixture(scope="module")
def kernel():
    """One kernel for all notebooks: importing torch and Lightning takes longer than most cells."""
    import nbformat
    from nbclient import NotebookClient

    client = NotebookClient(nbformat.v4.new_notebook())
    with client.setup_kernel():
        yield client


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=IDS)
def test_a_notebook_runs_and_shows_its_figures(notebook, kernel, tmp_path):
    import nbformat

    content = nbformat.read(notebook, as_version=4)
    nbformat.validate(content)
    start = f"%reset -f\n%cd -q {tmp_path}\n{STRICT}"
    strict, end = map(nbformat.v4.new_code_cell, (start, "warnings.resetwarnings()"))
    content.cells = [strict, *content.cells, end]
    kernel.nb = content
    for index, cell in enumerate(content.cells):
        kernel.execute_cell(cell, index)
    for cell in content.cells:
        if cell.cell_type != "code":
            continue
        streams = {out.name for out in cell.outputs if out.output_type == "stream"}
        assert "stderr" not in streams
        draws = cell.source.splitlines()[-1].partition("(")[0].endswith((".plot", "_curve"))
        assert draws == any("image/png" in out.get("data", {}) for out in cell.outputs)
    assert not list(tmp_path.iterdir())
