"""Damaged files and random arguments: each gives a result or one clear line, and ends."""

import io
import shutil
import warnings
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from nnzoo import InputError, load_model
from nnzoo.cli.main import main
from nnzoo.data.npy import NPY

FEW, MANY = 30, 200
"""Examples in a plain pytest, and in a slow one."""

lengths = pytest.mark.parametrize(
    "examples", [FEW, pytest.param(MANY, marks=pytest.mark.slow)], ids=["short", "long"]
)


def fuzz(examples, check, **inputs):
    """Call ``check`` with many inputs, the same in every run."""
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    limits: dict = {"max_examples": examples, "deadline": None, "suppress_health_check": checks}
    limits["derandomize"] = True  # a failure must depend on the code alone
    if examples == FEW:
        limits["phases"] = [Phase.explicit, Phase.generate]  # shrinking takes minutes
    settings(**limits, database=None)(given(**inputs)(check))()


def command(*arguments):
    """Run a command; assert that it ends with a result or one clear line."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with redirect_stdout(out), redirect_stderr(err), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lines of libraries do not count
        try:
            main(arguments)
        except SystemExit as stop:
            code = stop.code
    text = err.getvalue()
    assert code in (0, 1), text
    if code == 1:
        assert text.startswith("error: "), text
        assert text.count("\n") == 1, text
        assert len(text) > len("error: ..."), text
        assert "HYDRA_FULL_ERROR" not in text, text  # the class of an error is not clear
    else:
        assert not text, text


@st.composite
def damaged(draw, whole):
    """The bytes of a file with some bytes changed, cut off, removed, repeated or inserted."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        where = draw(st.integers(0, max(len(content) - 1, 0)))
        kind = draw(st.sampled_from(["set", "cut", "remove", "repeat", "insert"]))
        if kind == "set" and content:
            content[where] = draw(st.integers(0, 255))
        elif kind == "cut":
            del content[where:]
        elif kind == "remove":
            del content[where : where + draw(st.integers(1, 100))]
        elif kind == "repeat":
            content[where:where] = content[where : where + draw(st.integers(1, 100))]
        else:
            content[where:where] = draw(st.binary(max_size=20))
    return bytes(content)


SCALARS = st.one_of(
    *(st.none(), st.booleans(), st.integers(-3, 3), st.floats(), st.text(max_size=5)),
    st.sampled_from(["null", "NaN", "inf", "1e400", "2026-01-01", "$", "${seed}", "???", "[", "}"]),
)
NODES = st.recursive(
    SCALARS,
    lambda node: (
        st.lists(node, max_size=3) | st.dictionaries(st.text(max_size=3), node, max_size=3)
    ),
    max_leaves=5,
)
TEXTS = st.one_of(
    st.text(max_size=30),
    st.text("[]{},:;=-+.0123456789aeinf \"'\n\t#&*!|>%@`~$\\", max_size=30),
    NODES.map(lambda node: yaml.safe_dump(node, default_flow_style=True, allow_unicode=True)),
)


# Files


@lengths
def test_npy(examples, tmp_path):
    file, whole = tmp_path / "a.npy", io.BytesIO()
    np.save(whole, np.arange(12, dtype=np.float32).reshape(6, 2))
    headers = st.tuples(
        st.sampled_from(["<f4", ">f8", "|O", "<U3", "<c8", "<M8[s]", "|V4", "f4,i2", "<f2", "?"]),
        st.lists(st.integers(-2, 40), max_size=3).map(tuple),
        st.booleans(),
    ).map(lambda kind: str(dict(zip(("descr", "shape", "fortran_order"), kind, strict=True))))
    made = headers.map(
        lambda text: (
            b"\x93NUMPY\x01\x00"
            + len(text + "\n").to_bytes(2, "little")
            + text.encode()
            + b"\n"
            + bytes(48)
        )
    )

    def check(content):
        file.write_bytes(content)
        try:
            points = NPY(str(file)).load()
        except InputError:
            return
        assert points.x.isfinite().all()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fuzz(examples, check, content=st.one_of(damaged(whole.getvalue()), made, st.binary()))


@lengths
def test_bytes_of_a_checkpoint(examples, trained, tmp_path):
    whole = (trained("model=perceptron") / "checkpoints" / "best.ckpt").read_bytes()
    file = tmp_path / "a.ckpt"

    def check(content):
        file.write_bytes(content)
        with suppress(InputError):
            load_model(file)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fuzz(examples, check, content=damaged(whole) | st.binary())


@lengths
def test_content_of_a_checkpoint(examples, trained, tmp_path):
    """A valid file of torch with one changed or missing value."""
    folder = trained("model=mlp", "data=iris", "trainer.max_epochs=2")
    file = tmp_path / "a.ckpt"
    tensors = st.sampled_from([torch.zeros(2), torch.zeros(0), torch.tensor(torch.nan)])

    def check(data):
        content = torch.load(folder / "checkpoints" / "best.ckpt", weights_only=True)
        node = content
        while True:
            key = data.draw(st.sampled_from(list(node)))
            if not (isinstance(node[key], dict) and node[key] and data.draw(st.booleans())):
                break
            node = node[key]
        if data.draw(st.booleans()):
            node[key] = data.draw(NODES | tensors)
        else:
            del node[key]
        torch.save(content, file)
        command("predict", f"run={file}", "input=[5,3,4,1]")
        command("predict", f"run={file}", "sample=1")

    fuzz(examples, check, data=st.data())


@lengths
def test_config_of_a_run(examples, trained, tmp_path):
    """``evaluate`` builds the data of the config. Other tests check which classes it may name."""
    run = tmp_path / "run"
    shutil.copytree(trained("model=perceptron"), run)
    text = (run / "config.yaml").read_bytes()

    def check(data):
        if data.draw(st.booleans()):
            content = data.draw(damaged(text))
            if b"_target_: nnzoo.data" not in content:
                return
        else:
            config = yaml.safe_load(text)
            node = config["data"] if data.draw(st.booleans()) else config
            key = data.draw(st.sampled_from([key for key in node if key != "_target_"]))
            node[key] = data.draw(NODES)
            content = yaml.safe_dump(config, allow_unicode=True).encode()
        (run / "config.yaml").write_bytes(content)
        command("evaluate", f"run={run}", "figures=none")
        for folder in run.glob("evaluation*"):
            shutil.rmtree(folder)

    fuzz(examples, check, data=st.data())


# Arguments


@lengths
def test_input_of_predict(examples, trained):
    run = trained("model=mlp", "data=iris", "trainer.max_epochs=2")
    rows = st.lists(st.lists(SCALARS, min_size=4, max_size=4), max_size=3).map(repr)
    fuzz(
        examples,
        lambda text: command("predict", f"run={run}", f"input={text}"),
        text=TEXTS | rows | st.lists(SCALARS, min_size=4, max_size=4).map(repr),
    )


@lengths
def test_table_of_predict(examples, trained, tmp_path):
    run, file = trained("model=perceptron"), tmp_path / "a.csv"
    file.write_text("a,b\n1,0\n0.5,1\n")

    def check(content):
        file.write_bytes(content)
        command("predict", f"run={run}", f"input={file}")

    fuzz(examples, check, content=damaged(file.read_bytes()) | TEXTS.map(str.encode))


@lengths
def test_arguments_of_predict(examples, trained):
    run = trained("model=perceptron")
    keys = st.sampled_from(["sample", "seed", "run", "outptu", "input", "-h", "--x"])
    pairs = st.tuples(keys, st.sampled_from(["=", ""]), TEXTS).map("".join)
    fuzz(
        examples,
        lambda typed: command("predict", f"run={run}", "input=[1,0]", *typed),
        typed=st.lists(pairs, max_size=3),
    )


KEYS = [
    *("seed", "threads", "resume", "data", "data.batch_size", "data.scale", "data.val_fraction"),
    *("data.shuffle", "model", "model.lr", "model.hidden", "model.activation", "model.optimizer"),
    *("model.optimizer.lr", "model.scheduler", "model.loss", "callbacks", "figures", "logger"),
    *("trainer.max_epochs", "trainer.precision", "trainer.check_val_every_n_epoch"),
    *("trainer.gradient_clip_val", "run.every_seconds", "experiment", "hydra.run.dir"),
]


@lengths
def test_overrides(examples, monkeypatch, tmp_path):
    """Overrides are parsed and composed; nothing is trained."""

    def build_only(configs, *rest):
        from nnzoo.runs.job import Job

        Job(configs[0], [])
        raise InputError("built")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nnzoo.runs.run.train", build_only)
    keys = st.sampled_from(KEYS) | st.text(max_size=8)
    pairs = st.tuples(st.sampled_from(["", "", "+", "++", "~"]), keys, st.just("="), TEXTS)
    typed = st.lists(pairs.map("".join) | TEXTS, min_size=1, max_size=2)

    def check(typed):
        if {*typed} & {"-h", "--help"} or any(text.startswith("hydra") for text in typed):
            return
        command("train", "model=mlp", "data=iris", *typed)

    fuzz(examples, check, typed=typed)
    assert not [path for path in Path(tmp_path).iterdir() if path.name != "outputs"]
