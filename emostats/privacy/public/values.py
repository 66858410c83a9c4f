"""Model results of hidden groups, and those from which they could be computed.

Least-squares means are linear: the one of all children is the average over the levels, a change is a
difference of two. A hidden one is disclosed when it is a linear combination of those that are shown. This
is a question of rank, not of bounds: a mean may be anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emostats.privacy.public.collect import MINUS, text
from emostats.privacy.public.groups import Levels, Who
from emostats.privacy.suppression.system import Array

LINEAR = ("ls_mean", "change", "percent_change", "effect_size", "difference", "difference_of_changes")
RANK_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Line:
    """A row of the estimates as a combination of means of groups at visits. size: children behind it."""

    row: int
    weights: Mapping[tuple[Who, str], float]
    size: float


def closure(lines: Sequence[Line], hidden: set[int]) -> set[int]:
    """The rows to hide so that no hidden row follows from the others; contains `hidden`."""
    hidden = set(hidden)
    points = sorted({point for line in lines for point in line.weights}, key=str)
    where = {point: i for i, point in enumerate(points)}
    vectors = {line.row: _vector(line, where) for line in lines}
    while True:
        shown = [line for line in lines if line.row not in hidden]
        guilty = next(
            filter(None, (_used(vectors[row], shown, vectors) for row in sorted(hidden & set(vectors)))), None
        )
        if not guilty:
            return hidden
        hidden.add(min(guilty, key=lambda line: (line.size, line.row)).row)


def _vector(line: Line, where: Mapping[Any, int]) -> Array:
    vector = np.zeros(len(where))
    for point, weight in line.weights.items():
        vector[where[point]] = weight
    return vector


def _used(target: Array, shown: Sequence[Line], vectors: Mapping[int, Array]) -> list[Line]:
    """The shown rows of a combination that gives the target; none if there is no such combination."""
    if not shown:
        return []
    basis = np.column_stack([vectors[line.row] for line in shown])
    weights, *_ = np.linalg.lstsq(basis, target, rcond=None)
    if np.abs(basis @ weights - target).max() > RANK_TOLERANCE:
        return []
    return [line for line, weight in zip(shown, weights, strict=True) if abs(weight) > RANK_TOLERANCE]


def lines_of(
    records: Sequence[Mapping[Any, Any]], levels: Levels, baseline: str, sizes: Mapping[int, float]
) -> list[Line]:
    """The linear rows of one model and outcome; `sizes` are the children behind each row."""
    chosen = [(row, record) for row, record in enumerate(records) if record["kind"] in LINEAR]
    groups = {row: _sides(record, levels) for row, record in chosen}
    atoms = _atoms([side for sides in groups.values() for side, _ in sides])
    found = []
    for row, record in chosen:
        weights: dict[tuple[Who, str], float] = defaultdict(float)
        for who, sign in groups[row]:
            inside = [atom for atom in atoms if who <= atom] or [who]
            for atom in inside:
                for visit, factor in _at(record, baseline):
                    weights[atom, visit] += sign * factor / len(inside)
        found.append(Line(row, weights, sizes.get(row, 0.0) + (0.0 if record["level"] else 1e6)))
    return found


def _sides(record: Mapping[Any, Any], levels: Levels) -> list[tuple[Who, float]]:
    factors = tuple(text(record["subgroup"]).split(":"))
    one, minus, other = text(record["level"]).partition(MINUS)
    if not minus:
        return [(levels.who(one, factors), 1.0)]
    return [(levels.who(one.strip("()"), factors), 1.0), (levels.who(other.strip("()"), factors), -1.0)]


def _at(record: Mapping[Any, Any], baseline: str) -> list[tuple[str, float]]:
    """Visits and their weights: a change is visit − baseline; a percentage fixes a ratio of the two."""
    visit = text(record["visit"])
    if record["kind"] in ("ls_mean", "difference"):
        return [(visit, 1.0)]
    percent = record["estimate"]
    if record["kind"] == "percent_change" and percent is not None and percent == percent:
        return [(visit, 1.0), (baseline, -(1.0 + percent / 100.0))]
    return [(visit, 1.0), (baseline, -1.0)]


def _atoms(groups: Sequence[Who]) -> list[Who]:
    """The finest groups: every combination of the levels that occur."""
    by_factor: dict[str, set[str]] = defaultdict(set)
    for who in groups:
        for factor, level in who:
            by_factor[factor].add(level)
    atoms: list[Who] = [frozenset()]
    for factor in sorted(by_factor):
        atoms = [atom | {(factor, level)} for atom in atoms for level in sorted(by_factor[factor])]
    return atoms
