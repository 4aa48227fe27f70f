"""Speed benchmarks, as ratios to other programs for the same work: python -m benchmarks.NAME."""
