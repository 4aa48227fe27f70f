"""What a page consists of, and its HTML."""

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

from nnzoo import __version__
from nnzoo.errors import InputError, printable

MAX_ROWS = 2000
"""Maximum number of rows of a table."""

MAX_TEXT = 100_000
"""Maximum number of characters of a text, such as a config."""


class Chart(NamedTuple):
    """An interactive chart of plotly.js: its ``data`` and ``layout``, a line below it, and whether
    it is as wide as the page."""

    spec: Mapping[str, Any]
    note: str = ""
    wide: bool = False


class Picture(NamedTuple):
    """A PNG file, what it shows, and whether it is as wide as the page."""

    png: bytes
    label: str
    wide: bool = False

    @property
    def source(self) -> str:
        """The address of the image: its content."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


class Table(NamedTuple):
    """A table that a click on a header sorts. Cells are text, numbers or None; those of type
    ``Cell`` are sorted by a number and show a text."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    note: str = ""

    @property
    def notes(self) -> str:
        """The note, and how many rows are shown, if not all."""
        cut = f"The first {MAX_ROWS} of {len(self.rows)} rows." if len(self.rows) > MAX_ROWS else ""
        return f"{self.note} {cut}".strip()


class Cell(NamedTuple):
    """A cell with a text, and the number that it is sorted by."""

    text: str
    value: float | None


class Code(NamedTuple):
    """A text in a fixed-width font, and what it is."""

    text: str
    note: str = ""

    @property
    def shown(self) -> str:
        """The text, cut off where it is too long."""
        cut = f"\n... ({MAX_TEXT} of {len(self.text)} characters)"
        return self.text[:MAX_TEXT] + cut if len(self.text) > MAX_TEXT else self.text


Block = Chart | Picture | Table | Code


class Section(NamedTuple):
    """Blocks under a heading; ``closed``: a click on the heading shows them."""

    title: str
    blocks: Sequence[Block]
    closed: bool = False


class Page(NamedTuple):
    """A page: its title, a line below it, a few numbers with their names, and its sections."""

    title: str
    lead: str
    tiles: Sequence[tuple[str, str]]
    sections: Sequence[Section]


def number(value: float) -> str:
    """Return a number with four significant digits."""
    return f"{value:.4g}"


def plotly_js() -> str:
    """Return the source of plotly.js, which the Python package plotly contains.

    Raises:
        InputError: if plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ModuleNotFoundError as error:
        raise InputError("nnzoo report needs: pip install 'nnzoo[report]'") from error
    return str(get_plotlyjs())


def html(page: Page) -> str:
    """Return a page as HTML that loads nothing: scripts, styles and images are part of it.

    All text is escaped. The page's content security policy admits its own two scripts, by their
    checksums, and no connection. plotly.js compiles the drawing of parallel coordinates, which is
    why the policy also admits ``eval``.

    Raises:
        InputError: if plotly is not installed.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    source = files("nnzoo.report")
    scripts = [plotly_js(), source.joinpath("page.js").read_text(encoding="utf-8")]
    environment = Environment(
        loader=PackageLoader("nnzoo.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    environment.filters["kind"] = lambda block: type(block).__name__
    environment.filters["cell"] = cell_text
    environment.filters["key"] = cell_key
    environment.filters["printable"] = lambda text: printable(text, kept="\n")
    return environment.get_template("page.html").render(
        page=page,
        max_rows=MAX_ROWS,
        version=__version__,
        style=source.joinpath("page.css").read_text(encoding="utf-8"),
        scripts=scripts,
        checksums=[_checksum(script) for script in scripts],
    )


def cell_text(value: Any) -> str:
    """Return the text of a cell: numbers with six digits."""
    if isinstance(value, Cell):
        return value.text
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def cell_key(value: Any) -> str:
    """Return the number that a cell is sorted by, with all its digits; empty for text."""
    number = value.value if isinstance(value, Cell) else value
    is_number = isinstance(number, int | float) and math.isfinite(number)
    return repr(number) if is_number else ""


def _checksum(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
