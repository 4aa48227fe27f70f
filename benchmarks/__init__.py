"""Measurements of speed, side by side with what else does the same: python -m benchmarks.NAME."""
