"""A study file before it is known to be right: tolerant access, so that every cross-check can run at once.

The models report what is malformed; the checks look only at what is well formed and skip the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from emostats.errors import Finding, did_you_mean
from emostats.study.checked import TomlFile
from emostats.study.instruments import Instrument
from emostats.study.keys import Loc, value_at

AGEBAND = "AGEBAND"


@dataclass(frozen=True)
class Draft:
    """The study file as read, with the instruments that could be loaded (by the name the file gives them)."""

    file: TomlFile
    instruments: Mapping[str, Instrument] = field(default_factory=dict)

    def table(self, *loc: str | int) -> Mapping[str, Any]:
        """The table at a key path; empty when it is missing or no table."""
        value = value_at(loc, self.file.data)
        return value if isinstance(value, Mapping) else {}

    def tables(self, *loc: str | int) -> Iterator[tuple[Loc, Mapping[str, Any]]]:
        """The tables of a list, each with its key path."""
        value = value_at(loc, self.file.data)
        for position, entry in enumerate(value if isinstance(value, list) else []):
            if isinstance(entry, Mapping):
                yield (*loc, position), entry

    def strings(self, *loc: str | int) -> tuple[str, ...]:
        """The texts of a list at a key path."""
        value = value_at(loc, self.file.data)
        return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()

    def named(self, table: str) -> tuple[str, ...]:
        """The names of the entries of a list of tables."""
        return tuple(entry["name"] for _, entry in self.tables(table) if isinstance(entry.get("name"), str))

    @property
    def visits(self) -> tuple[str, ...]:
        """Names of the visits."""
        return self.named("visits")

    @property
    def subject_variables(self) -> tuple[str, ...]:
        """Variables of the children: columns of the roster and, with age bands, AGEBAND."""
        bands = (AGEBAND,) if self.table("subgroups").get("age_bands") is not None else ()
        return (*(name for name in self.table("subjects", "columns") if name != "USUBJID"), *bands)

    @property
    def parameters(self) -> dict[str, str]:
        """Outcomes by PARAMCD, with the table that defines each."""
        return dict(self.parameter_origins())

    def parameter_origins(self) -> Iterator[tuple[str, str]]:
        """Every definition of an outcome: PARAMCD and the table that makes it, repetitions included."""
        for name, instrument in self.instruments.items():
            yield from ((subscale.id, f"instrument '{name}'") for subscale in instrument.subscales)
        for loc, _ in self.tables("measurements"):
            yield from ((code, "[[measurements]]") for code in self.table(*loc, "parameters"))
        yield from ((code, "[session_scores]") for code in self.table("session_scores", "parameters"))

    def finding(self, rule: str, loc: Loc, message: str, action: str = "") -> Finding:
        """A finding at a key of the study file."""
        return self.file.finding(rule, loc, message, action)

    def unknown(self, what: str, found: Iterable[str], known: Iterable[str], loc: Loc) -> list[Finding]:
        """One finding for each name that is not known, with the nearest names."""
        known = tuple(known)
        return [
            self.finding(
                f"unknown-{what.replace(' ', '-')}", loc, f"there is no {what} '{name}'.", _hint(name, known)
            )
            for name in found
            if name not in known
        ]

    def repeated(self, what: str, table: str) -> list[Finding]:
        """One finding for each name that stands twice in a list of tables."""
        seen: set[str] = set()
        findings = []
        for loc, entry in self.tables(table):
            name = entry.get("name")
            if isinstance(name, str) and name in seen:
                message = f"expected a different name for each {what}; found '{name}' twice."
                findings.append(self.finding("repeated-name", (*loc, "name"), message, "Rename one of them."))
            seen.add(str(name))
        return findings


def _hint(name: str, known: tuple[str, ...]) -> str:
    return did_you_mean(name, known) or "The study file defines none."
