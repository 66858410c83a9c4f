"""The columns beside a change: percent change and standardized change, where the run has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from emostats.estimates import Estimate
from emostats.report import cells
from emostats.report.context import Context, Outcome
from emostats.report.language import _, stopped, told_of
from emostats.report.model import Cell, Column, Footnote
from emostats.report.recorded import spoken

_Place = tuple[str, str, str]
_KINDS = ("percent_change", "effect_size")


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
        found = {kind: context.rows(kind, outcome) for kind in _KINDS}
        labels = {"percent_change": _("Percent change"), "effect_size": _("Standardized change")}
        present = tuple(
            (labels[kind], {_place(row): row for row in found[kind]}) for kind in _KINDS if found[kind]
        )
        absent = tuple(
            _why_absent(context, outcome, kind, labels[kind]) for kind in _KINDS if not found[kind]
        )
        return cls(present, absent)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Headers."""
        return tuple(Column(label) for label, _rows in self.measures)

    def cells(self, change: Estimate) -> tuple[Cell, ...]:
        """The numbers that belong to a change, each with its interval below."""
        return tuple(_cell(rows.get(_place(change))) for _label, rows in self.measures)

    def notes(self, context: Context, changes: Sequence[Estimate]) -> tuple[Footnote, ...]:
        """What the columns of a table of `changes` mean, how they were computed, and what was warned of."""
        told = [_("n: children with a value at the visit.")]
        for label, rows in self.measures:
            shown = (rows.get(_place(change)) for change in changes)
            methods = _different(row.method for row in shown if row)
            told += [stopped(told_of(label, spoken(method))) for method in methods]
        told += self.absent
        told += [stopped(context.warned(text)) for text in _different(row.warning for row in changes)]
        if any(row.p_adjusted is not None for row in changes):
            told.append(_("p-values are adjusted for multiplicity as planned."))
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
        why = _("none, since the scale reaches below zero and percentages of it have no meaning")
        return stopped(told_of(label, why))
    return stopped(told_of(label, _("not computed in this run")))
