"""The columns beside a change: percent change and standardized change, where the run has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from emostats.estimates import Estimate
from emostats.report import cells
from emostats.report.context import Context, Outcome
from emostats.report.model import Cell, Column, Footnote
from emostats.report.wording import capital

_Place = tuple[str, str, str]
_MEASURES = (("percent_change", "Percent change"), ("effect_size", "Standardized change"))


@dataclass(frozen=True)
class Effects:
    """Percent and standardized changes of an outcome by place. A measure without any row has no column.

    Attributes
    ----------
    measures: label and rows of each measure that the run has. absent: what is told of the others.
    """

    measures: tuple[tuple[str, Mapping[_Place, Estimate]], ...]
    absent: tuple[str, ...]

    @classmethod
    def of(cls, context: Context, outcome: Outcome) -> Effects:
        """Those of an outcome."""
        found = {kind: context.rows(kind, outcome) for kind, _ in _MEASURES}
        present = tuple(
            (label, {_place(row): row for row in found[kind]}) for kind, label in _MEASURES if found[kind]
        )
        absent = tuple(
            _why_absent(context, outcome, kind, label) for kind, label in _MEASURES if not found[kind]
        )
        return cls(present, absent)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Headers."""
        return tuple(Column(label) for label, _ in self.measures)

    def cells(self, change: Estimate) -> tuple[Cell, ...]:
        """The numbers that belong to a change, each with its interval below."""
        return tuple(_cell(rows.get(_place(change))) for _, rows in self.measures)

    def notes(self, context: Context, changes: Sequence[Estimate]) -> tuple[Footnote, ...]:
        """What the columns of a table of `changes` mean, how they were computed, and what was warned of."""
        told = ["n: children with a value at the visit."]
        for label, rows in self.measures:
            shown = (rows.get(_place(change)) for change in changes)
            told += [f"{label}: {method}." for method in _different(row.method for row in shown if row)]
        told += self.absent
        told += [f"{capital(context.in_words(text))}." for text in _different(row.warning for row in changes)]
        if any(row.p_adjusted is not None for row in changes):
            told.append("p-values are adjusted for multiplicity as planned.")
        return tuple(map(Footnote, told))


def _place(row: Estimate) -> _Place:
    return (row.subgroup, row.level, row.visit)


def _different(texts: Iterable[str]) -> list[str]:
    return [text for text in dict.fromkeys(texts) if text]


def _cell(row: Estimate | None) -> Cell:
    if row is not None and row.unit == "%":
        return cells.with_interval(row, cells.places_of([row], 1), sign=True)
    return cells.with_interval(row, 2, sign=True)


def _why_absent(context: Context, outcome: Outcome, kind: str, label: str) -> str:
    info = context.spec.parameters.get(outcome.parameter)
    if kind == "percent_change" and info is not None and info.range is not None and info.range[0] < 0:
        return f"{label}: none, since the scale reaches below zero and percentages of it have no meaning."
    return f"{label}: not computed in this run."
