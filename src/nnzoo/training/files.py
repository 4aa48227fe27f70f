"""Files that take their name only once they are complete."""

import csv
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def write_csv(path: Path, rows: list[dict[str, Any]], first: Sequence[str] = ()) -> None:
    """Write rows under the first columns and then their other keys as they appear; gaps stay."""
    columns = list(dict.fromkeys([*first, *(key for row in rows for key in row)]))
    temporary = path.with_suffix(".incomplete")
    with temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    os.replace(temporary, path)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write valid JSON: numbers that are not finite become null."""
    temporary = path.with_suffix(".incomplete")
    temporary.write_text(json.dumps(_finite(content), indent=2, allow_nan=False) + "\n")
    os.replace(temporary, path)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
