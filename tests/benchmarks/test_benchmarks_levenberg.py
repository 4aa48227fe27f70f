"""The benchmark of Levenberg-Marquardt runs at a tiny size, and its Jacobian is right."""

import csv

import numpy as np
import pytest
from test_benchmarks import at_the_root, load  # noqa: F401  a fixture for all tests


@pytest.mark.slow
def test_levenberg_marquardt(tmp_path):
    file = tmp_path / "lm.csv"
    load("levenberg_marquardt").main(["--quick", "--csv", str(file)])
    with file.open(newline="", encoding="utf-8") as opened:
        found = list(csv.DictReader(opened))
    assert [row["way"] for row in found if "Adam" in row["task"]] == ["levenberg_marquardt", "adam"]
    reached = {row["way"]: row["at most 1e-7"] for row in found if row["task"] == "to 1e-7"}
    assert len(reached) >= 3
    assert set(reached.values()) == {"2"}


def test_the_jacobian_for_scipy():
    benchmark = load("levenberg_marquardt")
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=141), rng.normal(size=(3, 1))
    found = benchmark.jacobian(w, x)
    for k in range(0, 141, 7):
        ahead, behind = (benchmark.network(w + d * np.eye(141)[k], x)[-1] for d in (1e-6, -1e-6))
        np.testing.assert_allclose(found[:, k], (ahead - behind)[:, 0] / 2e-6, atol=1e-8)
