"""Many runs at once: those that differ in their numbers alone are trained as one model."""

from nnzoo.sweeps.many import Fitted, fit_many

__all__ = ["Fitted", "fit_many"]
