"""What a study file says about its columns, as roles for the copy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from emostats.privacy.deidentify.columns import Declared, Role, plain
from emostats.study.spec import StudySpec

_MEANING: Mapping[str, Role] = {
    "USUBJID": Role.CHILD,
    "FAMILY": Role.FAMILY,
    "RATER": Role.RATER,
    "CLIP": Role.CLIP,
    "DATE": Role.DATE,
    "BIRTHDATE": Role.BIRTH,
    "AGE": Role.AGE,
    "TERM": Role.TEXT,
}
"""Names of the study file that have a meaning for privacy; other declared columns are kept as they are."""


def declared_columns(spec: StudySpec, source: str) -> Declared:
    """Roles of the columns of a source: what the study file names, by sheet."""
    by_sheet: dict[str, dict[str, Role]] = defaultdict(dict)
    everywhere: dict[str, Role] = {}
    for sheet, name, header in _columns(spec, source):
        target = by_sheet[sheet] if sheet else everywhere
        target[plain(header)] = _MEANING.get(name, Role.KEEP)
    return Declared(everywhere, by_sheet)


def header_rows(spec: StudySpec, source: str) -> dict[str, int]:
    """Sheets whose header row the study file gives, from 0; ``""`` for tables without a named sheet."""
    tables = [spec.subjects, *spec.measurements, spec.ratings, spec.session_scores, spec.events]
    found = {
        table.sheet or "": table.header_row - 1
        for table in tables
        if table is not None and table.source == source and table.header_row
    }
    for use in spec.instruments:
        if use.header_row:
            found |= dict.fromkeys((use.sheets or {}).values(), use.header_row - 1)
            found |= {use.sheet or "": use.header_row - 1} if use.source == source else {}
    return found


def _columns(spec: StudySpec, source: str) -> Iterator[tuple[str, str, str]]:
    """(sheet or ``""``, name in the study file, header) of every column that a source has to have."""
    tables = [spec.subjects, *spec.measurements, spec.ratings, spec.session_scores, spec.events]
    for table in tables:
        if table is None or table.source != source:
            continue
        columns = table.columns if isinstance(table.columns, Mapping) else table.columns.model_dump()
        for name, header in columns.items():
            if header:
                yield table.sheet or "", str(name), str(header)
        for kind in ("parameters", "domains"):
            for name, item in getattr(table, kind, {}).items():
                yield table.sheet or "", str(name), item.column
        for header in getattr(table, "where", {}):
            yield table.sheet or "", "", str(header)
    yield from _questionnaires(spec, source)


def _questionnaires(spec: StudySpec, source: str) -> Iterator[tuple[str, str, str]]:
    for use in spec.instruments:
        if source not in (use.source, *(use.sources or {}).values()):
            continue
        instrument = spec.loaded_instruments.get(use.name)
        items = [item.id for item in instrument.items] if instrument else []
        headers = {item: use.items.get(item, item) for item in items}
        for sheet in (use.sheets or {"": use.sheet or ""}).values():
            for name, header in use.columns.model_dump().items():
                if header:
                    yield sheet, name, header
            for item, header in headers.items():
                yield sheet, item, header
