"""The log of an ingestion: findings are collected as they turn up, and reported together at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from emostats.errors import Finding, Severity
from emostats.ingest import addresses
from emostats.ingest.raw import RawTable

EACH_CELL = 25
"""So many cells of a column get a finding of their own; the rest share one that lists every cell."""


@dataclass
class Log:
    """Collects findings in the order in which they turn up, each once: tables may share a sheet."""

    _found: dict[Finding, None] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings so far."""
        return tuple(self._found)

    def add(self, finding: Finding) -> None:
        """Takes in one finding."""
        self._found.setdefault(finding)

    def table(self, table: RawTable, rule: str, message: str, action: str = "", **details: object) -> None:
        """A finding about a table; `details` are further fields of `Finding`."""
        finding = Finding(rule=rule, message=message, action=action, file=table.file, sheet=table.sheet)
        self.add(replace(finding, **details))  # type: ignore[arg-type]

    def cells(
        self, table: RawTable, column: int, rows: Iterable[int], describe: Callable[[int], Finding]
    ) -> None:
        """One finding a cell, as `describe` words it; beyond `EACH_CELL` cells the rest share one finding."""
        ordered = [int(row) for row in rows]
        for row in ordered[:EACH_CELL]:
            where = addresses.cell(row, column)
            self.add(replace(describe(row), file=table.file, sheet=table.sheet, cell=where))
        rest = ordered[EACH_CELL:]
        if rest:
            example = describe(rest[0])
            message = f"{len(rest)} more cells like these; the first: {example.message}"
            where = addresses.cells(rest, column)
            shared = replace(example, message=message, subject="", visit="")
            self.add(replace(shared, file=table.file, sheet=table.sheet, cell=where))

    @property
    def has_errors(self) -> bool:
        """Whether a finding stops the run."""
        return any(finding.severity is Severity.ERROR for finding in self._found)
