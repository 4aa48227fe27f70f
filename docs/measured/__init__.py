"""Where the numbers and pictures of each page come from, for ``measure.py``.

A card of a model takes its numbers from the function ``numbers`` of the file of the same name, as
the page of the optimizers does.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from measured.formats import Commands, Numbers


def numbers_of(page: str) -> Callable[[Commands], Numbers]:
    """Return the function that computes the numbers of a page, given as ``name_of`` returns it."""
    from measured import results, tutorials

    if page == "results":
        return results.results
    folder, _, name = page.rpartition("/")
    if folder in ("", "models") and find_spec(f"measured.{name}"):
        found: Callable[[Commands], Numbers] = import_module(f"measured.{name}").numbers
        return found
    return getattr(tutorials, name, _none) if not folder else _none


def _none(ran: Commands) -> Numbers:
    return {}
