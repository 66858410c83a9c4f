"""One estimate as the explorer's script reads it: numbers that place a mark, and the texts that are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from emostats.estimates import Estimate
from emostats.report import cells
from emostats.report.context import Context, Outcome
from emostats.report.wording import capital

_FAR = 1e300
Writer = Callable[[Estimate], list[Any]]


class Texts:
    """Texts that many cells share, each once; cells refer to them by position."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def at(self, text: str) -> int | None:
        """The position of `text`, None for no text."""
        return self._places.setdefault(text, len(self._places)) if text else None

    def all(self) -> list[str]:
        """The texts by position."""
        return list(self._places)


@dataclass(frozen=True)
class Shared:
    """notes: reasons and warnings. ends: how estimate ids end, behind analysis, parameter, kind and visit."""

    notes: Texts = field(default_factory=Texts)
    ends: Texts = field(default_factory=Texts)


def usual_id(outcome: Outcome, kind: str) -> str:
    """How the ids of an outcome's estimates of one kind begin."""
    return f"{outcome.analysis}/{outcome.parameter}/{kind}"


def writer(context: Context, outcome: Outcome, kind: str, shared: Shared) -> Writer:
    """Writes a cell as ``[estimate, low, high, text, n, id, note]``, cut after the last part that is there.

    id is the position of its end in `shared` where the id begins as usual, else the whole id.
    """

    def id_of(row: Estimate) -> str | int | None:
        usual = f"{usual_id(outcome, kind)}/{row.visit}/"
        if not row.estimate_id.startswith(usual):
            return row.estimate_id
        return shared.ends.at(row.estimate_id.removeprefix(usual))

    def write(row: Estimate) -> list[Any]:
        missing = cells.failed(row)
        n = cells.count(row).text if row.n is not None else ""
        if missing is not None:
            return _cut([None, None, None, missing.text, n, id_of(row), shared.notes.at(missing.reason)])
        places = {"percent_change": cells.places_of([row], 1), "effect_size": 2}.get(kind, outcome.places)
        text = cells.in_one_line(row, places, sign=kind != "ls_mean")
        warning = capital(context.warned(row.warning))
        return _cut(
            [
                row.estimate,
                _end(row.conf_low),
                _end(row.conf_high),
                text,
                n,
                id_of(row),
                shared.notes.at(warning),
            ]
        )

    return write


def _end(limit: float | None) -> float | None:
    """A limit as JSON can hold it: an interval without end goes far beyond every scale."""
    return limit if limit is None else max(min(limit, _FAR), -_FAR)


def _cut(cell: list[Any]) -> list[Any]:
    while cell and cell[-1] is None:
        cell.pop()
    return cell
