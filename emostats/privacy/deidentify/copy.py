"""A de-identified copy of all sheets, its log, and the last look before anything is written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emostats._version import __version__
from emostats.errors import Finding, PrivacyError
from emostats.privacy.deidentify.columns import IDS, Role
from emostats.privacy.deidentify.options import Options
from emostats.privacy.deidentify.secrets import Pseudonyms
from emostats.privacy.deidentify.sheet import Copy, Sheet, copy_sheet
from emostats.privacy.identifiers import words_in

LOG_FILE = "deidentification.json"


@dataclass(frozen=True)
class Deidentified:
    """Copies in the order of the sheets (file, sheet → rows), the log, all findings, and the original IDs."""

    sheets: Mapping[tuple[str, str], tuple[tuple[Any, ...], ...]]
    log: Mapping[str, Any]
    findings: tuple[Finding, ...] = field(default=())
    originals: frozenset[str] = field(default=frozenset(), repr=False)


def deidentify(sheets: Sequence[Sheet], names: Pseudonyms, options: Options) -> Deidentified:
    """De-identified copies of sheets that belong together: a child has one pseudonym in all of them.

    Raises
    ------
    PrivacyError: an original ID stands in a text that would be kept. Nothing may be written then.
    """
    copies = {(sheet.file, sheet.name): copy_sheet(sheet, names, options) for sheet in sheets}
    _no_original_left(copies)
    _no_telling_names(copies)
    kept = {place: copy.rows for place, copy in copies.items() if copy.rows}
    findings = tuple(finding for copy in copies.values() for finding in copy.findings)
    originals = frozenset().union(*(copy.originals for copy in copies.values()))
    return Deidentified(kept, _log(copies, names, options), findings, originals)


def _no_original_left(copies: Mapping[tuple[str, str], Copy]) -> None:
    originals = frozenset().union(*(copy.originals for copy in copies.values()))
    bad = []
    for (file, sheet), copy in copies.items():
        kept = [done for done in copy.done if done.kept]
        header = next((i for i, row in enumerate(copy.rows) if row), 0)
        for number, done in enumerate(kept):
            if done.role in IDS:
                continue
            texts = {row[number] for row in copy.rows[header + 1 :] if isinstance(row[number], str)}
            if any(words_in(originals, text) for text in texts):
                place = f"{file}, sheet '{sheet}'" if sheet else file
                bad.append(f"column '{done.header}' of {place}")
    if bad:
        raise PrivacyError(
            f"IDs of children stand in text that would be kept: {'; '.join(bad)}. Nothing was written. "
            "Drop these columns (--drop), or do not allow them (--text)."
        )


def _no_telling_names(copies: Mapping[tuple[str, str], Copy]) -> None:
    """Raises PrivacyError if a file, a sheet or a kept header is called after a child."""
    telling = frozenset().union(*(copy.originals | copy.people for copy in copies.values()))
    names = re.compile(
        "|".join(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])" for word in sorted(telling) if not _vague(word))
        or r"(?!)"
    )
    bad = []
    for number, ((file, sheet), copy) in enumerate(copies.items(), 1):
        headers = " | ".join(done.header for done in copy.done if done.kept)
        bad += [
            f"the name of {what} number {number}"
            for what, text in (("the file of sheet", file), ("sheet", sheet))
            if copy.rows and names.search(text)
        ]
        bad += [f"a header of sheet number {number}"] if names.search(headers) else []
    if bad:
        raise PrivacyError(
            f"IDs or names of children stand in {', in '.join(bad)}. Nothing was written. "
            "Rename it in a copy of the file, or leave the column out (--drop)."
        )


def _vague(word: str) -> bool:
    """Whether a word says nothing in a name: numbers and short words."""
    return word.isdigit() or len(word) < 3


def _log(copies: Mapping[tuple[str, str], Copy], names: Pseudonyms, options: Options) -> dict[str, Any]:
    """What was done, in counts and headers: no ID, no date and no cell of the original."""
    every = frozenset().union(*(copy.originals for copy in copies.values()))
    return {
        "emostats": __version__,
        "pseudonyms": {"method": names.method, "different_ids": len(every)},
        "dates": {
            "moved_by_days": [-options.shift, options.shift] if options.shift else 0,
            "rule": "the same number of days for all dates of a child, so that intervals stay; never 0",
        },
        "ages": {
            "bands": [band.label for band in options.bands],
            "rule": "completed years, at most the top of the last band; birth dates become bands",
        },
        "not_carried_over": ["file properties", "comments", "formulas", "formats", "hidden sheets"],
        "sheets": [
            {
                "file": file,
                "sheet": sheet,
                "written": bool(copy.rows),
                "columns": [
                    {
                        "header": done.header if done.kept else "",
                        "role": done.role.value,
                        "kept": done.kept,
                        **done.counts,
                    }
                    for done in copy.done
                ],
            }
            for (file, sheet), copy in copies.items()
        ],
        "allowed_text": sorted(options.allowed),
        "roles": {role.value: _WORDS[role] for role in Role},
    }


_WORDS: Mapping[Role, str] = {
    Role.CHILD: "replaced by a pseudonym",
    Role.FAMILY: "replaced by a pseudonym",
    Role.RATER: "replaced by a pseudonym",
    Role.CLIP: "replaced by a pseudonym",
    Role.DATE: "moved",
    Role.BIRTH: "replaced by the age band, or blanked",
    Role.AGE: "completed years, cut at the top",
    Role.TEXT: "left out or blanked, unless allowed",
    Role.DROP: "left out",
    Role.KEEP: "kept as it is",
}
