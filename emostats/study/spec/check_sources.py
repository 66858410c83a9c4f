"""Cross-checks of where the data are: paths, references to sources, sheets of visits, the roster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emostats.errors import Finding
from emostats.study.keys import Loc
from emostats.study.spec.draft import AGEBAND, Draft
from emostats.study.spec.paths import OutsideError, inside

EXCEL = (".xlsx", ".xlsm")
DELIMITED = (".csv", ".tsv", ".txt")
BINARY = (".sav", ".zsav", ".xpt", ".sas7bdat", ".dta", ".parquet", ".arff")
COMPANIONS = ("file", "dictionary", "events")
RESERVED = ("AVISIT", "AVISITN", "PARAMCD", "AVAL", "BASE", "CHG", "SOURCE_ID", AGEBAND)

_Tables = Iterator[tuple[Loc, Any]]


def check_sources(draft: Draft) -> list[Finding]:
    """All findings about sources, roster and sheets."""
    return [
        *_paths(draft),
        *_formats(draft),
        *_references(draft),
        *_roster(draft),
        *_instrument_places(draft),
        *_instrument_items(draft),
    ]


def _paths(draft: Draft) -> list[Finding]:
    findings = []
    for name in draft.table("sources"):
        for key in COMPANIONS:
            findings += _path(draft, ("sources", name, key))
    for key in ("corrections", "withdrawals"):
        findings += _path(draft, ("decisions", key))
    return [*findings, *_path(draft, ("session_scores", "model_card"))]


def _path(draft: Draft, loc: Loc) -> list[Finding]:
    written = draft.table(*loc[:-1]).get(str(loc[-1]))
    if not isinstance(written, str) or not written:
        return []
    try:
        inside(draft.file.path.parent, written)
    except OutsideError as error:
        message = f"expected a path inside the study folder; found '{written}': {error}."
        return [draft.finding("path-outside", loc, message, "Put the file in the study folder.")]
    return []


def _formats(draft: Draft) -> list[Finding]:
    findings = []
    for name in draft.table("sources"):
        source = draft.table("sources", name)
        written = str(source.get("file", ""))
        endings = EXCEL + DELIMITED + BINARY
        known = written.lower().endswith(endings)
        if source.get("format", "auto") == "auto" and written and not known:
            message = f"expected a file that ends in {', '.join(endings)}; found '{written}'."
            action = 'Save it as one of them, or say format = "excel" or "delimited" (or another).'
            findings.append(draft.finding("unknown-format", ("sources", name, "file"), message, action))
    return findings


def _references(draft: Draft) -> list[Finding]:
    known = tuple(draft.table("sources"))
    findings = []
    for loc, source in _source_references(draft):
        if isinstance(source, str):
            findings += draft.unknown("source", [source], known, loc)
    return findings


def _source_references(draft: Draft) -> _Tables:
    for table in ("subjects", "ratings", "session_scores", "events"):
        yield (table, "source"), draft.table(table).get("source")
    for loc, entry in draft.tables("measurements"):
        yield (*loc, "source"), entry.get("source")
    for loc, _ in draft.tables("instruments"):
        for place in (loc, (*loc, "second_entry")):
            yield (*place, "source"), draft.table(*place).get("source")
            for visit, source in draft.table(*place, "sources").items():
                yield (*place, "sources", visit), source


def _roster(draft: Draft) -> list[Finding]:
    columns = draft.table("subjects", "columns")
    findings = []
    if columns and "USUBJID" not in columns:
        message = "the roster needs the column of the child's ID: the key USUBJID was not found."
        findings.append(draft.finding("missing-key", ("subjects", "columns"), message, "Add it."))
    for name in columns:
        if name in RESERVED:
            message = f"'{name}' is a name that emostats makes itself."
            loc = ("subjects", "columns", name)
            findings.append(draft.finding("reserved-name", loc, message, "Choose another name."))
    for key in ("values", "levels", "labels"):
        for name in draft.table("subjects", key):
            findings += draft.unknown("variable", [name], columns, ("subjects", key, name))
    named = [*columns, "AGEBAND"]
    for name in draft.table("subjects", "names"):
        findings += draft.unknown("variable", [name], named, ("subjects", "names", name))
    findings += draft.unknown(
        "variable", draft.strings("subjects", "numeric"), columns, ("subjects", "numeric")
    )
    return findings + _codes(draft)


def _codes(draft: Draft) -> list[Finding]:
    findings = []
    for name in draft.table("subjects", "levels"):
        levels = draft.strings("subjects", "levels", name)
        codes = [code for code in draft.table("subjects", "values", name).values() if isinstance(code, str)]
        shown = draft.table("subjects", "labels", name)
        findings += draft.unknown("level", sorted(set(codes)), levels, ("subjects", "values", name))
        findings += draft.unknown("level", shown, levels, ("subjects", "labels", name))
        if len(set(levels)) < len(levels):
            message = f"expected each level once; found {list(levels)}."
            findings.append(draft.finding("repeated-name", ("subjects", "levels", name), message))
    return findings


def _instrument_places(draft: Draft) -> list[Finding]:
    findings = draft.repeated("instrument", "instruments")
    for loc, entry in draft.tables("instruments"):
        by_visit = [key for key in ("sheets", "sources") if key in entry]
        long = "AVISIT" in draft.table(*loc, "columns")
        if len(by_visit) + long != 1:
            message = "expected one way to find the answers of a visit: sheets, sources, or a column AVISIT; "
            found = " and ".join([*by_visit, *(["columns.AVISIT"] if long else [])]) or "none"
            findings.append(
                draft.finding("visit-place", loc, f"{message}found {found}.", "Keep one of them.")
            )
        if "source" not in entry and "sources" not in entry:
            message = "the key 'source' (or 'sources') is required and was not found."
            findings.append(draft.finding("missing-key", loc, message, "Add it."))
        for place in (loc, (*loc, "second_entry")):
            for key in ("sheets", "sources"):
                findings += draft.unknown("visit", draft.table(*place, key), draft.visits, (*place, key))
    return findings + _matching(draft)


def _matching(draft: Draft) -> list[Finding]:
    """Matching needs both tables, and dates in both where it compares them."""
    matching = draft.table("matching")
    if "matching" not in draft.file.data:
        return []
    findings = []
    for table in ("session_scores", "ratings"):
        if not draft.table(table):
            message = f"sessions and ratings are matched, and the study file has no [{table}]."
            findings.append(
                draft.finding("missing-key", ("matching",), message, "Add it, or leave this out.")
            )
        elif "window" in matching and "DATE" not in draft.table(table, "columns"):
            message = f"the window compares dates, and [{table}] names no column DATE."
            findings.append(
                draft.finding("missing-key", (table, "columns"), message, "Add it, or leave out the window.")
            )
    return findings


def _instrument_items(draft: Draft) -> list[Finding]:
    findings = []
    for loc, entry in draft.tables("instruments"):
        instrument = draft.instruments.get(str(entry.get("name")))
        if instrument is not None:
            findings += draft.unknown(
                "item", draft.table(*loc, "items"), instrument.item_ids, (*loc, "items")
            )
    return findings
