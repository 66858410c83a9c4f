"""Finds English in a report that is in another language: words that are neither names nor the users' own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from emostats.estimates import AnalysisResults
from emostats.report.checklist import items
from emostats.report.model import Cell, Code, Explorer, Figure, ReportModel
from emostats.report.recorded import FORMS
from emostats.study.spec import REPORTING_LABELS, StudySpec

_NAMES = """
    emostats Python numpy pandas scipy statsmodels toml csv xlsx SHA UTC kB MB bytes JavaScript
    MMRM LS ICC BCa REML ML AIC BIC SMD III MIC MID AI MAR delta logit tube k n p t F CI
    Holm Satterthwaite Kenward Roger McGraw Wong Koo Li Cohen Prasad Rao Sun Loader Wilson Fieller Cameron
    Gelbach Miller Schandelmaier Spearman Brown bootstrap
    TREND CONSORT Outcomes GRRAS ICEMAN TRIPOD SPIRIT STROBE EMA ICH CSR Part ALCOA E E9 E3 R1 R a b d
    estimands estimates events subgroups tipping icc type model_card harms_definition matching_threshold
    findings
"""
NAMES = frozenset(_NAMES.split())
"""What stays in Latin letters: names of methods, people, guidelines, programs, and keys of the study file."""

_WORD = re.compile(r"[A-Za-z][A-Za-z_’']*")
_EMBEDDED = re.compile(r'"(?:title|over_time|estimate|division|label)":"([^"]*)"')
_IN_DRAWING = re.compile(r">([^<>]+)<")
_BRACES = re.compile(r"\{\w+\}")
_HIDDEN = ("id", "number", "role", "tone", "kind", "language", "mark", "target", "estimate_id", "study")


def english_left(
    report: ReportModel, spec: StudySpec, results: AnalysisResults, manifest: Mapping[str, Any]
) -> dict[str, str]:
    """Word → a text that has it."""
    own = _of_users(spec, results, manifest)
    found: dict[str, str] = {}
    for text in texts(report):
        if any(text.endswith(f"{item.source}.") for item in items()):
            continue  # where a guideline was published
        for word in _WORD.findall(own.sub(" ", _BRACES.sub("", text))):
            if word not in NAMES and len(word) > 1:
                found.setdefault(word, text[:200])
    return found


def texts(value: object) -> Iterator[str]:
    """Every text that a reader of a report model sees, without ids and formulas."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Cell):
        yield from (value.text, value.detail, value.reason, value.unit)
    elif isinstance(value, Code):
        yield value.label
    elif isinstance(value, Explorer):
        yield from (label for pairs in (value.visits, value.scales, value.outcomes) for _key, label in pairs)
        yield from (factor.label for factor in value.factors)
        yield from _EMBEDDED.findall(value.data)
    elif isinstance(value, Figure):
        yield from (value.caption, value.description, *_IN_DRAWING.findall(value.svg + value.narrow))
    elif is_dataclass(value):
        shown = (item.name for item in fields(value) if item.name not in _HIDDEN)
        yield from (text for name in shown for text in texts(getattr(value, name)))
    elif isinstance(value, Mapping):
        yield from (text for item in value.values() for text in texts(item))
    elif isinstance(value, tuple | list):
        yield from (text for item in value for text in texts(item))


def _of_users(spec: StudySpec, results: AnalysisResults, manifest: Mapping[str, Any]) -> re.Pattern[str]:
    """Words of the study file, of the data and of the machine, longest first: they stay as they are."""
    found = [
        spec.study.title.removesuffix(", simulated"),
        *_strings(spec.model_dump(mode="json")),
        *_strings(manifest),
    ]
    for name, table in results.tables.items():
        if name in (
            "model_card",
            "events",
            "flow",
            "baseline",
            "bland_altman",
            "rating_shares",
            "findings",
            "credibility",
        ):
            found += [str(value) for column in table for value in table[column] if isinstance(value, str)]
    rows = results.estimates
    found += [str(term) for term in rows.loc[rows["kind"].isin(("coefficient", "variance", "test")), "term"]]
    ours = {*FORMS, *REPORTING_LABELS.values(), "n"}
    words = {
        word
        for word in found
        if word.strip() and word not in ours and word[:1].lower() + word[1:] not in ours
    }
    ordered = map(re.escape, sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<![A-Za-z])(?:{'|'.join(ordered)})(?![A-Za-z])", re.IGNORECASE)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key) if len(str(key)) > 3 or str(key).isupper() else ""
            yield from _strings(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item)
