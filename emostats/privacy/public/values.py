"""Model results of hidden groups, and those from which they could be computed.

Least-squares means are linear: the one of all children is the average over the levels, a change is a
difference of two. A hidden one is disclosed when it is a linear combination of those that are shown. This
is a question of rank, not of bounds: a mean may be anything. Every group at every visit counts as having a
mean of its own. Where the model has no interaction, a mean of a group follows from those of all children; but
then it is the model's, and holds nothing of the group alone.
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

Point = tuple[Who, str]
"""A finest group at a visit."""

LINEAR = ("ls_mean", "change", "percent_change", "effect_size", "difference", "difference_of_changes")
RANK_TOLERANCE = 1e-8


@dataclass(frozen=True)
class Line:
    """A row of the estimates as a combination of means of groups at visits.

    division: its subgroup factors. visit: of the row. size: children behind it.
    """

    row: int
    weights: Mapping[Point, float]
    division: str
    visit: str
    size: float


def closure(lines: Sequence[Line], hidden: set[int]) -> set[int]:
    """The rows to hide so that no hidden row follows from the others; contains `hidden`.

    What goes first is of the same division and visit, then of the same division, then of the same visit, the
    smallest group first.
    """
    hidden = set(hidden)
    points = sorted({point for line in lines for point in line.weights}, key=str)
    where = {point: i for i, point in enumerate(points)}
    vectors = {line.row: _vector(line, where) for line in lines}
    by_row = {line.row: line for line in lines}
    for row in sorted(hidden & set(by_row)):
        target = by_row[row]
        while guilty := _used(vectors[row], [line for line in lines if line.row not in hidden], vectors):
            hidden.add(min((_loss(line, target), line.row) for line in guilty)[1])
    return hidden


def _loss(line: Line, target: Line) -> tuple[bool, bool, float]:
    return (line.division != target.division, line.visit != target.visit, line.size)


def _vector(line: Line, where: Mapping[Point, int]) -> Array:
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
    groups = {row: sides(record, levels) for row, record in chosen}
    atoms = _atoms([side for sides in groups.values() for side, _ in sides])
    found = []
    for row, record in chosen:
        weights: dict[Point, float] = defaultdict(float)
        for who, sign in groups[row]:
            inside = [atom for atom in atoms if who <= atom] or [who]
            for atom in inside:
                for visit, factor in _at(record, baseline):
                    weights[atom, visit] += sign * factor / len(inside)
        division, visit = text(record["subgroup"]), text(record["visit"])
        found.append(Line(row, weights, division, visit, sizes.get(row, 0.0)))
    return found


def sides(record: Mapping[Any, Any], levels: Levels) -> list[tuple[Who, float]]:
    """The groups that a row speaks of, with their signs: one, or the two of a difference."""
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
