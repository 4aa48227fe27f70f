"""Fixtures of the tests of commands."""

import shutil

import pytest


@pytest.fixture
def run(trained, tmp_path):
    """``run("model=...")``: a copy of a trained run, in which files may change."""

    def copy(*overrides):
        shutil.copytree(trained(*overrides), tmp_path / "run")
        return tmp_path / "run"

    return copy
