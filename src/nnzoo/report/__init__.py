"""One HTML page about a run or a sweep, which a browser shows without a network."""

from nnzoo.report.write import write_report

__all__ = ["write_report"]
