"""The plan of a study: what is fixed before outcomes are seen, in one canonical form with one hash.

What is plan: everything in the study file (with the defaults in effect) and the whole content of the
instrument files, apart from what is only shown or only says where a file lies: titles, labels, descriptions,
``[outputs]``, ``[decisions]``, ``[reporting]``, and of ``[sources]`` the files, format, separator and
encoding. Columns and sheets are plan, because they say which numbers are the outcome. Keys that are left out
or empty are not written down, so that a later version of emostats with a new optional key gives the same
hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from emostats.study.keys import entry_name
from emostats.study.spec import StudySpec

_SHOWN_ONLY = frozenset({"title", "label", "labels", "names", "description"})
_PLACE_ONLY = frozenset({"file", "format", "separator", "encoding", "dictionary", "events"})
_KEYED_BY_NAME = frozenset(
    {"columns", "values", "levels", "parameters", "domains", "items", "sheets", "sources"}
)
_EMPTY: tuple[Any, ...] = (None, "", [], {})

MISSING = "(absent)"
"""How a comparison shows a key that one of two plans lacks."""


def plan_of(spec: StudySpec) -> dict[str, Any]:
    """The plan as plain JSON values; entries of a list that have names are keyed by them."""
    written = spec.model_dump(
        mode="json", by_alias=True, exclude={"outputs", "decisions", "reporting", "schema_version"}
    )
    for source in written["sources"].values():
        for key in _PLACE_ONLY:
            source.pop(key, None)
    written["instrument_files"] = {
        name: instrument.model_dump(mode="json", by_alias=True)
        for name, instrument in spec.loaded_instruments.items()
    }
    written["visit_order"] = list(spec.visit_names)
    plan: dict[str, Any] = _canonical(written)
    return plan


def _canonical(value: Any, parent: str = "") -> Any:
    if isinstance(value, Mapping):
        dropped = frozenset() if parent in _KEYED_BY_NAME else _SHOWN_ONLY
        kept = {key: _canonical(item, key) for key, item in value.items() if key not in dropped}
        return {key: item for key, item in kept.items() if item not in _EMPTY}
    if isinstance(value, list):
        names = [entry_name(item) for item in value]
        if value and all(names) and len(set(names)) == len(names):
            return {name: _canonical(item) for name, item in zip(names, value, strict=True)}
        return [_canonical(item) for item in value]
    return value


def hash_of(plan: Mapping[str, Any]) -> str:
    """SHA-256 of a plan's canonical JSON, in hexadecimal (64 characters)."""
    text = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def plan_hash(spec: StudySpec) -> str:
    """The hash of a study's plan; see the module for what is in it."""
    return hash_of(plan_of(spec))


def flatten(plan: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A plan as ``key path → value``, lists whole: ``{"analyses.primary.df_method": "satterthwaite"}``."""
    flat: dict[str, Any] = {}
    for key, value in plan.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        flat.update(flatten(value, path) if isinstance(value, Mapping) else {path: value})
    return flat


def difference(locked: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Every key that differs between two plans, with both values (`MISSING` for an absent one), by key."""
    before, after = flatten(locked), flatten(now)
    keys = sorted(before.keys() | after.keys())
    pairs = ((key, before.get(key, MISSING), after.get(key, MISSING)) for key in keys)
    return [(key, old, new) for key, old, new in pairs if old != new]
