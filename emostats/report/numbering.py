"""Numbers sections, tables and figures, and marks every caption of simulated data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import count
from string import ascii_lowercase

from emostats.report.drawings import SIMULATED
from emostats.report.language import _, sentences, stopped
from emostats.report.model import Block, Cell, Figure, Footnote, Section, Table

_TABLES = {
    "table-flow": "flow", "table-baseline": "baseline", "table-answered": "visits",
    "table-observed": "visits", "table-classical": "prepost", "table-events": "events",
    "table-burden": "burden", "table-findings": "findings",
}  # fmt: skip
"""How the ids of descriptive tables begin → name of the run's table."""


def numbered(sections: Iterable[Section], *, simulated: bool) -> tuple[Section, ...]:
    """The sections with numbers from 1 (brief ones and those for a screen have none), tables and figures with
    numbers and unique ids."""
    section_numbers, table_numbers, figure_numbers = count(1), count(1), count(1)
    seen: set[str] = set()

    def finish(block: Block) -> Block:
        if isinstance(block, Table):
            return replace(
                with_reasons(with_files(block)),
                id=_unique(block.id, seen),
                number=next(table_numbers),
                caption=_marked(block.caption, simulated),
            )
        if isinstance(block, Figure):
            return replace(
                block,
                id=_unique(block.id, seen),
                number=next(figure_numbers),
                caption=_marked(block.caption, simulated),
            )
        return block

    return tuple(
        replace(
            section,
            number=0 if section.brief or section.screen else next(section_numbers),
            blocks=tuple(finish(block) for block in section.blocks),
        )
        for section in sections
    )


def with_files(table: Table) -> Table:
    """Numbers of descriptive tables, which are no estimates, get the file of the run that they stand in."""
    name = next((name for start, name in _TABLES.items() if table.id.startswith(start)), "")
    if not name:
        return table

    def filed(cell: Cell) -> Cell:
        counts = cell.value is not None and not cell.estimate_id
        return replace(cell, file=f"results/tables/{name}.csv") if counts else cell

    return replace(table, rows=tuple(replace(row, cells=tuple(map(filed, row.cells))) for row in table.rows))


def with_reasons(table: Table) -> Table:
    """Cells without a number get a footnote mark, and the table the footnotes that give the reasons."""
    reasons = dict.fromkeys(cell.reason for row in table.rows for cell in row.cells if cell.reason)
    marks = dict(zip(reasons, _letters(len(reasons)), strict=True))

    def marked(cell: Cell) -> Cell:
        return replace(cell, mark=marks[cell.reason]) if cell.reason else cell

    rows = tuple(replace(row, cells=tuple(map(marked, row.cells))) for row in table.rows)
    notes = tuple(Footnote(stopped(reason), mark) for reason, mark in marks.items())
    return replace(table, rows=rows, footnotes=notes + table.footnotes)


def _letters(n: int) -> list[str]:
    """``a`` … ``z``, ``aa``, ``bb`` …"""
    return [ascii_lowercase[i % 26] * (i // 26 + 1) for i in range(n)]


def _marked(caption: str, simulated: bool) -> str:
    return sentences(f"{_(SIMULATED)}{_('.')}", caption) if simulated else caption


def _unique(id: str, seen: set[str]) -> str:
    """`id`, with a counter where another block has it already."""
    candidate = next(name for i in count(1) if (name := id if i == 1 else f"{id}-{i}") not in seen)
    seen.add(candidate)
    return candidate
