"""A first version of an instrument file from the columns of answers; what only people know is marked TODO."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_HEAD = """# An instrument file, begun by `emostats schema new`. Its keys are explained under
# "How do I bring in a questionnaire?" in the documentation.
# Fill in what is marked TODO. Do not copy the wording of a copyrighted form.

schema = 1

[instrument]
id = "{id}"
title = "TODO: title of the questionnaire"
licence = "TODO: under which licence the form may be used"
source = "TODO: where it was published"

[answers]
range = [{low}, {high}]   # TODO: lowest and highest answer of the form; {low} to {high} occur in the data
missing_codes = []

[scoring]
aggregate = "mean"   # TODO: "mean" or "sum"
max_missing = 0      # TODO: how many items of a subscale may be unanswered
"""


@dataclass(frozen=True)
class ItemColumn:
    """A column that looks like an item: its header and the lowest and highest number in it."""

    header: str
    low: float
    high: float


def item_columns(columns: Mapping[str, Sequence[object]], widest: float = 10) -> list[ItemColumn]:
    """The columns that look like items: only whole numbers (or blanks), not all different, none far apart."""
    found = []
    for header, cells in columns.items():
        filled = [cell for cell in cells if str(cell).strip()]
        numbers = [_whole(cell) for cell in filled]
        values = [value for value in numbers if value is not None]
        different = set(values)
        plain = bool(values) and len(values) == len(filled) and min(values) >= 0
        repeats = len(different) < len(values) or len(values) < 3
        if plain and repeats and max(values) - min(values) <= widest and max(values) <= widest + 1:
            found.append(ItemColumn(header, min(values), max(values)))
    return found


def draft_instrument(name: str, items: Sequence[ItemColumn]) -> str:
    """The text of an instrument file; it is valid from the start.

    Parameters
    ----------
    name: of the questionnaire; made into an id. items: at least one.
    """
    low, high = min(item.low for item in items), max(item.high for item in items)
    high = high if high > low else low + 1
    parts = [_HEAD.format(id=_code(name) or "questionnaire", low=f"{low:g}", high=f"{high:g}")]
    ids = _ids([item.header for item in items])
    for code, item in zip(ids, items, strict=True):
        header = f"header = {json.dumps(item.header, ensure_ascii=False)}\n" if code != item.header else ""
        parts.append(
            f'[[items]]\nid = "{code}"\n{header}# reverse = true   # TODO if keyed the other way round\n'
        )
    listed = json.dumps(ids)
    parts.append(
        '[[subscales]]\nid = "TOTAL"\nlabel = "TODO: label"\n'
        f"items = {listed}   # TODO: the items of this subscale\n"
        'direction = ""   # TODO: "higher is better" or "lower is better"\n'
    )
    return "\n".join(parts)


def _whole(cell: object) -> float | None:
    if isinstance(cell, bool):
        return None
    try:
        number = float(str(cell).strip())
    except ValueError:
        return None
    return number if number.is_integer() else None


def _code(text: str) -> str:
    bare = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    return bare if bare[:1].isalpha() else (f"Q{bare}" if bare else "")


def _ids(headers: Sequence[str]) -> list[str]:
    ids: list[str] = []
    for number, header in enumerate(headers, start=1):
        code = _code(header)
        code = code if code and len(code) <= 20 else f"ITEM{number}"
        ids.append(code if code not in ids else f"{code}_{number}")
    return ids
