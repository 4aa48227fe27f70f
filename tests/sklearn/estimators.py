"""The estimators, read from the package."""

import nnzoo.sklearn as zoo

ESTIMATORS = {name: getattr(zoo, name) for name in zoo.__all__ if name != "FusedSearchCV"}
ANY = {name: kind for name, kind in ESTIMATORS.items() if name.startswith("Model")}
"""Those of any model, which share their code with the others."""

KINDS = [kind for name, kind in ESTIMATORS.items() if name not in ANY]
"""Those of one model each."""
