"""Hooks of mkdocs: what GitHub reads in the pages, as the site needs it."""

import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("CONTRIBUTING.md", "CHANGELOG.md")  # of the root, which the site has too
LINK = re.compile(rf"\]\(\.\./((?:\.\./)*)({'|'.join(PAGES)})")
EXAMPLE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+examples[^)]*\)")  # the site has no such page
FENCE = re.compile(r"^(```\w+) ([\w./]+)$", re.MULTILINE)
MATH = re.compile(r"^```math\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def on_files(files: Any, config: Any, **_: Any) -> Any:
    """Add the pages of the root; their links lead to pages, not to ``docs/``."""
    for name in PAGES:
        text = (ROOT / name).read_text(encoding="utf-8").replace("](docs/", "](")
        files.append(File.generated(config, name.lower(), content=text))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Link to the added pages and not to examples; show a block's file name as its title, and
    equations as MathML, which browsers draw without a script."""
    markdown = LINK.sub(lambda found: f"]({found[1]}{found[2].lower()}", markdown)
    markdown = EXAMPLE.sub(r"\1", markdown)
    markdown = MATH.sub(lambda found: equation(found[1]), markdown)
    return FENCE.sub(r'\1 title="\2"', markdown)


def equation(latex: str) -> str:
    """Return an equation as a block of HTML."""
    return f'<div class="equation">{convert(latex, display="block")}</div>'
