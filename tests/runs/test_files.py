"""How files are written: all or none, and never through or over what others made."""

import os

import pytest
from run_folder import contents
from test_nothing_lost import fail_at, without_links

from nnzoo.errors import RunError
from nnzoo.runs import files
from nnzoo.runs.files import TEMPORARY, write_files


def test_links_are_replaced_and_not_followed(tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "link").symlink_to("mine")
    write_files({tmp_path / "link": b"new"})
    assert (tmp_path / "mine").read_text() == "mine"
    assert (tmp_path / "link").read_text() == "new"
    assert not (tmp_path / "link").is_symlink()


def test_nothing_is_written_through_an_existing_temporary_name(tmp_path, monkeypatch):
    (tmp_path / "mine").write_text("mine")
    monkeypatch.setattr(files.secrets, "token_hex", lambda size: "1")
    (tmp_path / f"{TEMPORARY}1").symlink_to("mine")
    with pytest.raises(RunError, match=r"cannot write .*new: File exists"):
        write_files({tmp_path / "new": b"new"})
    assert (tmp_path / "mine").read_text() == "mine"


def test_all_files_are_on_the_disk_before_the_first_is_replaced(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        original = getattr(os, name)

        def call(*arguments, name=name, original=original):
            calls.append(name)
            return original(*arguments)

        monkeypatch.setattr(os, name, call)
    write_files({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert calls == ["fsync", "fsync", "replace", "replace"]


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_is_never_replaced(links, tmp_path, monkeypatch):
    """With hard links, its name appears with its content, in one step."""
    monkeypatch.setattr(os, *(("replace", without_links) if links else ("link", without_links)))
    write_files({tmp_path / "new": b"1"}, new=True)
    with pytest.raises(RunError, match="new: File exists"):
        write_files({tmp_path / "new": b"2"}, new=True)
    assert contents(tmp_path) == {tmp_path / "new": b"1"}


@pytest.mark.parametrize("call", [1, 2])
def test_an_error_leaves_all_former_files(call, tmp_path, monkeypatch):
    names = [tmp_path / "a", tmp_path / "b"]
    write_files(dict.fromkeys(names, b"former"))
    before = contents(tmp_path)
    fail_at(monkeypatch, call)
    with pytest.raises(RunError, match=rf"cannot write {names[call - 1]}: No space left"):
        write_files(dict.fromkeys(names, b"new"))
    assert contents(tmp_path) == before
