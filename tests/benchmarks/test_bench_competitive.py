"""The benchmark of the competitive layer runs, and says what it should."""

import csv
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_quick_run(tmp_path):
    command = [sys.executable, "-m", "benchmarks.competitive", "--quick", "--repeats", "1"]
    command += ["--csv", str(tmp_path / "found.csv")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "the competitive layer on cpu" in done.stdout
    with open(tmp_path / "found.csv") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    for row in rows:
        assert float(row["x good MBK"]) > 0
        assert float(row["error"]) == float(row["rule"])  # the same steps, without Lightning
        assert 0.5 < float(row["of good"]) < 1.05
        assert row["torch"]
        assert row["threads"] == "1"
