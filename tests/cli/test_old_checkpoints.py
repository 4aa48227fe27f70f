"""Every command refuses a checkpoint of another version of nnzoo, in one line."""

from pathlib import Path

import pytest
import torch
from run_folder import contents

import nnzoo
from nnzoo.errors import InputError


def old_checkpoint(folder):
    """Turn the checkpoints of a run into those of version 0.1.0."""
    for file in Path(folder).glob("checkpoints/*.ckpt"):
        content = torch.load(file, weights_only=True)
        del content["nnzoo"]["format"]
        torch.save(content, file)


def test_a_checkpoint_of_another_version_is_refused(nnzoo_train, command, tmp_path):
    assert nnzoo_train("model=perceptron", "figures=none", "hydra.run.dir=old").code == 0
    old_checkpoint(tmp_path / "old")
    before = contents(tmp_path)
    for typed in (
        ("train", "model=perceptron", "trainer.max_epochs=99", "resume=old"),
        ("predict", "run=old", "input=[1,2]"),
        ("evaluate", "run=old"),
        ("train", "model=autoencoder", "data=samples", "data.run=old"),
    ):
        printed = command(*typed)
        assert (printed.code, printed.out) == (1, "")
        assert printed.err.count("\n") == 1
        assert "was written by another version of nnzoo and cannot be read" in printed.err
        assert "train the model again" in printed.err
    assert contents(tmp_path) == before
    with pytest.raises(InputError, match="another version of nnzoo"):
        nnzoo.load_model(tmp_path / "old")
