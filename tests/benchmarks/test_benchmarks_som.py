"""The benchmark of maps runs at a tiny size."""

import pytest
from test_benchmarks import at_the_root, load, rows  # noqa: F401  a fixture for all tests


def test_som(tmp_path, capsys, monkeypatch):
    som, file = load("som"), tmp_path / "found.csv"
    monkeypatch.setattr(som, "PEERS", {"MiniSom": "minisom", "Som": "som_of_nobody"})
    som.main(["--quick", "--csv", str(file)])
    printed = capsys.readouterr().out
    assert "Som is not installed: pip install som_of_nobody" in printed
    assert "maps of 5 x 5 for 600 points of 4 features on cpu, 1 thread" in printed
    found = {row["way"]: row for row in rows(file)}
    assert list(found) == ["batch", "whole", "online", "MiniSom"]
    assert [row["points learned"] for row in found.values()] == ["6000", "6000", "600", "600"]
    expected = float(found["batch"]["1e6 points/s"]) / float(found["MiniSom"]["1e6 points/s"])
    assert float(found["MiniSom"]["batch, x its points/s"]) == pytest.approx(expected)
    # A batch of 4096 is all points.
    errors = [float(found[name]["quantization error"]) for name in ("batch", "whole")]
    assert errors[0] == pytest.approx(errors[1], abs=2e-4)
    assert 1 < errors[0] < 2
    assert 0 <= float(found["batch"]["topographic error"]) < 0.1
