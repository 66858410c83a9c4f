"""Stops a run whose outputs would name a child: subject ids, e-mail addresses and telephone numbers.

Outputs hold aggregates only. This scan is the last look before a run folder becomes visible. It reads every
text cell of the tables and every text of the report and the figures.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

import pandas as pd

from emostats.errors import PrivacyError
from emostats.privacy.identifiers import EMAIL, PHONE
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec

IDENTIFIERS = ("USUBJID", "FAMILY")
INTERNAL = frozenset({"results/findings.csv", "log.txt", "study.toml"})
"""Files for the study team alone; findings name the child whose record needs attention."""

_ID_COLUMNS = frozenset({"subject", *IDENTIFIERS})

_WORD = re.compile(r"[\w-]+")


def scan(folder: Path, spec: StudySpec, data: StudyData) -> None:
    """Looks through the outputs of a run in `folder`.

    An id made of digits alone (``7``) counts only as a whole text cell, and not where it is also a word of
    the study (a site, a visit); other ids count wherever they stand as a whole word.

    Raises
    ------
    PrivacyError: an output holds an identifier. The message names the files, not the identifiers.
    """
    identifiers = subject_identifiers(data)
    cells = identifiers - vocabulary(spec, data)
    words = {text for text in identifiers if not text.isdigit() and len(text) > 2}
    public = study_words(spec)
    bad = [
        f"{name} ({what})"
        for name, text in _texts(folder)
        if (what := _identifier_in(name, text, cells, words, public))
    ]
    if bad:
        raise PrivacyError(
            "The run was stopped because its outputs would identify children: "
            + "; ".join(sorted(set(bad)))
            + ". "
            "Nothing was written. Check that no column with names or ids is a covariate, site or factor."
        )


def subject_identifiers(data: StudyData) -> set[str]:
    """All ids of children and families."""
    columns = [column for column in IDENTIFIERS if column in data.subjects]
    return {str(value) for column in columns for value in data.subjects[column].dropna()}


def vocabulary(spec: StudySpec, data: StudyData) -> set[str]:
    """Words that may stand in outputs even when some child's id reads the same: codes, labels, visits."""
    columns = [column for column in data.subjects if column not in IDENTIFIERS]
    factors = {str(value) for column in columns for value in data.subjects[column].dropna().unique()}
    visits = {
        text for visit in spec.visits for text in (visit.name, visit.label, visit.value or "", *visit.values)
    }
    return factors | visits | set(data.observations["PARAMCD"].astype(str))


def study_words(spec: StudySpec) -> str:
    """The study file as text: what stands there was meant to be shown."""
    return spec.path.read_text(encoding="utf-8", errors="replace") if spec.path.is_file() else ""


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    """Each text of an output: table cells one by one, other files whole. Numbers are no texts."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if name in INTERNAL or not path.is_file():
            continue
        if path.suffix == ".csv":
            yield from ((name, cell) for cell in _text_cells(path))
        elif path.suffix in (".html", ".svg", ".json"):
            yield name, path.read_text(encoding="utf-8")


def _text_cells(path: Path) -> set[str]:
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    text = [column for column in table if column in _ID_COLUMNS or not _no_text(str(column), table[column])]
    return {cell for column in text for cell in table[column] if cell}


def _no_text(name: str, column: pd.Series) -> bool:
    filled = column[column != ""]
    return name == "pattern" or bool(pd.to_numeric(filled, errors="coerce").notna().all())


def _names(words: Collection[str], text: str) -> bool:
    """Whether one of the words stands in the text as a whole word (letters, digits, ``_`` and ``-``)."""
    found = set(_WORD.findall(text))
    return any(word in found or (not _WORD.fullmatch(word) and word in text) for word in words)


def _identifier_in(name: str, text: str, cells: Collection[str], words: Collection[str], public: str) -> str:
    if (name.endswith(".csv") and text in cells) or _names(words, text):
        return "id of a child"
    if any(found not in public for found in EMAIL.findall(text)):
        return "e-mail address"
    if name.endswith(".csv") and any(found not in public for found in PHONE.findall(text)):
        return "telephone number"
    return ""
