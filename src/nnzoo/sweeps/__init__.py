"""Sweeps: many jobs, which train together if their models differ only in numbers."""

from nnzoo.sweeps.many import Fitted, fit_many

__all__ = ["Fitted", "fit_many"]
