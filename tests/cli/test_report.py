"""The command ``nnzoo report``."""

import json
import shutil

import pytest
from run_folder import contents

pytest.importorskip("plotly")


def test_the_newest_run_and_its_sweep(trained, command, tmp_path):
    run = shutil.copytree(trained("model=perceptron", "debug=default"), tmp_path / "outputs" / "p")
    before = contents(run)
    printed = command("report")
    assert (printed.code, printed.err) == (0, "")
    assert printed.out == "run outputs/p\nreport outputs/p/report.html\n"
    assert "<h1>Perceptron on " in (run / "report.html").read_text()
    after = contents(run)
    after.pop(run / "report.html")
    assert after == before

    (tmp_path / "outputs" / "jobs.jsonl").write_text(json.dumps([0, str(run), []]))
    printed = command("report", "output=page.html")
    assert printed.out == "sweep outputs\nreport page.html\n"
    assert "<h1>Sweep: Perceptron on " in (tmp_path / "page.html").read_text()
    before = contents(tmp_path)
    printed = command("report", "run=outputs/p", "output=page.html")
    assert printed.code == 1
    assert printed.err == "error: page.html exists already; name another file: output=FILE.html\n"
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is no run below outputs or multirun; name one, run=FOLDER"),
        (["outpt=x.html"], "unknown key 'outpt'; did you mean 'output'?"),
        (["run=none"], "there is no run or checkpoint none"),
        (["run=."], ". is neither a run nor a sweep: . has no config.yaml"),
        (["output=x.pdf"], "the file has another format than 'x.pdf'; write output=FILE.html"),
        (["output=no/x.html"], "there is no folder no to write x.html in; create it, or name"),
        (["output=."], ". exists already; name another file: output=FILE.html"),
        (["--halp"], "unknown flag '--halp'; did you mean '--help'?"),
    ],
)
def test_errors(arguments, message, command, tmp_path):
    printed = command("report", *arguments)
    assert printed.code == 1
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert not contents(tmp_path)
