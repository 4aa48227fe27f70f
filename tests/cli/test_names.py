"""Names from data are printed and drawn whatever they contain, and are never interpreted."""

import sys
from io import BytesIO, TextIOWrapper

import pytest

from nnzoo.cli.hydra_app import quoted_words
from nnzoo.cli.main import main
from nnzoo.cli.table import print_table
from nnzoo.errors import InputError, message, printable

ODD = ["[/b]", "$x$ \x1b[31m", "_other", "猫\u202eX"]


@pytest.fixture
def table(tmp_path):
    """A CSV file with odd names of features and classes, in Chinese and with control characters."""
    rows = [f"{i % 7},{i % 4},{ODD[i % 4]}" for i in range(40)]
    file = tmp_path / "odd.csv"
    file.write_text("\n".join(["长$\x1b[2J,[b]_{,种类", *rows]) + "\n", encoding="utf-8")
    return file


def test_commands_with_odd_names(command, table, tmp_path):
    options = (f"data.path={table}", "data.target=种类", "trainer.max_epochs=2")
    printed = command("train", "model=mlp", "data=csv", *options, "hydra.run.dir=run")
    assert (printed.code, printed.err) == (0, "")
    assert printed.out.count("note: matplotlib finds no font") <= 1
    names = [path.name for path in (tmp_path / "run" / "figures").iterdir()]
    assert {"boundary.png", "points.png"} <= {*names}
    predicted = command("predict", "run=run", f"input={table.with_name('points.csv')}")
    assert predicted.code == 1
    predicted = command("predict", "run=run", "input=[1,3]")
    assert predicted.code == 0
    assert "output_$x$ \\x1b[31m" in predicted.out
    assert "output_[/b]" in predicted.out
    for text in (printed.out, predicted.out):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_control_characters_are_printed_as_escapes():
    assert printable("[/b] naïve 猫 µ\xa0x\u3000") == "[/b] naïve 猫 µ\xa0x\u3000"
    assert printable("a\x1b[0m\r\n\x85\u2028\u202e\ud800") == r"a\x1b[0m\r\n\x85\u2028\u202e\ud800"
    assert printable("a\n\t", kept="\n") == "a\n\\t"
    assert printable("a\u200cb") == "a\u200cb"  # some scripts need it
    assert message(InputError("a\n b\x1b[2J")) == r"a b\x1b[2J"


@pytest.mark.parametrize("on_terminal", [False, True])
def test_tables_print_escapes(capsys, monkeypatch, on_terminal):
    monkeypatch.setattr("rich.console.Console.is_terminal", on_terminal)
    print_table("a\x1b[1m", [{"\x1b[b": "x\ny\x1b[0m", "[/b]": "[red]"}])
    out = capsys.readouterr().out
    if not on_terminal:
        assert "\x1b" not in out
    for text in (r"a\x1b[1m", r"\x1b[b", r"x\ny\x1b[0m", "[/b]", "[red]"):
        assert text in out


def test_characters_that_the_output_cannot_encode_are_escaped(monkeypatch):
    stream = TextIOWrapper(BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    main(["list", "models"])
    print("猫")
    stream.flush()
    assert stream.buffer.getvalue().endswith(b"\\u732b\n")


def test_words_that_hydra_cannot_read_are_quoted():
    assert quoted_words("data.target=种类") == "data.target='种类'"
    assert quoted_words("data.features=[长度, b,宽 度]") == "data.features=['长度', b,'宽 度']"
    for same in ("data.target=a b", "data.target='种'", 'x="ü"'):
        assert quoted_words(same) == same
