"""Tables and numbers to CSV and JSON and back, at full precision and byte for byte the same each time.

Text that a spreadsheet would take for a formula (``=1+1``) is written with a leading apostrophe, and read
back without it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emostats.estimates import ESTIMATE_COLUMNS, Estimate, estimates_frame

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

TEXT_COLUMNS = frozenset(
    (
        *("stage", "level", "reason", "variable", "category", "parameter", "visit", "pattern", "domain"),
        *("rule", "severity", "file", "sheet", "cell", "subject", "message", "action"),
        *("estimate_id", "analysis", "subgroup", "term", "contrast", "method", "warning", "error"),
        *("item", "question", "answer", "basis", "rater", "raters", "heading", "name", "text"),
    )
)
"""Columns of descriptive tables that hold text, even when it looks like a number (pattern ``0111``)."""


COUNT_COLUMNS = frozenset(("n", "count", "n_missing", "n_children", "n_events", "n_serious", "child"))


def harmless(value: Any) -> Any:
    """Text that no spreadsheet executes; anything else as it is."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def _restored(value: str) -> str:
    return value[1:] if value[:1] == "'" and value[1:].startswith(_FORMULA_STARTS) else value


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """One table as UTF-8 CSV; missing numbers are empty, floats have the digits to come back exactly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    safe = table.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = safe[column].astype(object).map(harmless, na_action="ignore")
        elif column in COUNT_COLUMNS:
            safe[column] = safe[column].astype("Int64")
    safe.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def read_csv(path: Path) -> pd.DataFrame:
    """A table written by `write_csv`."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    for column in table.columns:
        if column in TEXT_COLUMNS:
            table[column] = table[column].map(_restored).astype(object)
        else:
            table[column] = pd.to_numeric(table[column].replace("", np.nan))
    return table


def write_json(value: Any, path: Path) -> None:
    """Any mapping or list as UTF-8 JSON; not-a-number and infinity become null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def plain(value: Any) -> Any:
    """The value in JSON's own types."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, pd.DataFrame):
        return [plain(row) for row in value.to_dict("records")]
    if isinstance(value, (list, tuple, set, frozenset, np.ndarray)):
        return [plain(item) for item in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value if value is None or isinstance(value, str) else str(value)


def write_estimates(estimates: pd.DataFrame, folder: Path) -> None:
    """``estimates.csv`` and ``estimates.json`` (a list of rows; missing numbers are null)."""
    write_csv(estimates, folder / "estimates.csv")
    write_json(estimates, folder / "estimates.json")


def read_estimates(folder: Path) -> pd.DataFrame:
    """The estimates of a run folder's ``results``, with the columns and types of `estimates_frame`."""
    rows = json.loads((folder / "estimates.json").read_text(encoding="utf-8"))
    return estimates_frame(Estimate(**{name: row[name] for name in ESTIMATE_COLUMNS}) for row in rows)
