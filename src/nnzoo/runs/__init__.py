"""Runs: training jobs, their files, and the evaluation of trained models."""
