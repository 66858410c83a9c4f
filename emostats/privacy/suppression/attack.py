"""The attack: what can be told about a hidden count from everything that is published, by linear programming.

The attacker knows every published count, that counts are not negative, and how the tables add up. For each
hidden count he asks for the smallest and the largest value that fits (Fischetti & Salazar-González, 2001,
Management Science 47:1008–1027, section 2).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from emostats.privacy.suppression.rules import Rule
from emostats.privacy.suppression.solver import minimise
from emostats.privacy.suppression.system import Array, Counts, Key, Mask, Scope


@dataclass(frozen=True)
class Interval:
    """What an attacker learns: the count lies between `low` and `high` (inclusive, may be infinite)."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """0 when the count is known exactly."""
        return self.high - self.low


def attack(
    counts: Counts,
    hidden: Collection[Key],
    targets: Collection[Key] | None = None,
    *,
    rule: Rule | None = None,
    whole: bool = False,
) -> dict[Key, Interval]:
    """The interval of each target.

    Parameters
    ----------
    hidden: keys that the tables do not show; counts with ``shown=False`` are unknown anyway.
    targets: keys to attack; by default all that are unknown.
    rule: with a rule that rounds, published counts are known to the rounding only.
    whole: use that counts are whole numbers (slower, never wider).
    """
    unknown, low, high = _bounds(counts, hidden, rule)
    keys = [cell.key for cell, open_ in zip(counts.cells, unknown, strict=True) if open_]
    wanted = [counts.index[key] for key in (keys if targets is None else targets)]
    scope = counts.scope(unknown) if counts.relations else None
    found: dict[Key, Interval] = {}
    for target in wanted:
        if scope is None or not unknown[target]:
            ends = float(low[target]), float(high[target])
        else:
            ends = _extremes(counts, scope.part(target), (low, high), target, whole)
        found[counts.cells[target].key] = Interval(*ends)
    return found


def _bounds(counts: Counts, hidden: Collection[Key], rule: Rule | None) -> tuple[Mask, Array, Array]:
    """Which counts are open (bool), and the bounds of all."""
    secret = set(hidden)
    open_ = np.array([not cell.shown or cell.key in secret for cell in counts.cells])
    low, high = counts.floors.copy(), np.full(len(counts.cells), np.inf)
    base = rule.rounding if rule else 1
    told = counts.values[~open_]
    if base == 1:
        low[~open_] = high[~open_] = told
    else:
        shown = np.array([rule.shown(value) for value in told]) if rule else told
        low[~open_] = np.maximum(low[~open_], np.ceil(shown - base / 2))
        high[~open_] = np.ceil(shown + base / 2) - 1
        low[~open_] = np.where(told == 0, 0, low[~open_])
        high[~open_] = np.where(told == 0, 0, high[~open_])
        open_ = open_ | (low < high)
    return open_, low, high


def _extremes(
    counts: Counts, part: Scope, bounds: tuple[Array, Array], target: int, whole: bool
) -> tuple[float, float]:
    """Least and greatest value of a count of `part`, all counts outside being known."""
    right = part.matrix @ counts.values[part.cells]
    own = (bounds[0][part.cells], bounds[1][part.cells])
    objective = (part.cells == target).astype(np.float64)
    ends = [
        minimise(sign * objective, part.matrix, (right, right), own, whole=whole).value
        for sign in (1.0, -1.0)
    ]
    if any(end != end for end in ends):
        raise ValueError("the published counts contradict each other")
    return ends[0], -ends[1]


def disclosed(
    counts: Counts,
    hidden: Collection[Key],
    rule: Rule,
    *,
    among: Collection[Key] | None = None,
    whole: bool = False,
) -> dict[Key, Interval]:
    """The small counts that the attack narrows more than `rule` allows, each with what is learned of it.

    among: the counts to look at; by default all.
    """
    small = [cell.key for cell in counts.cells if cell.sensitive and rule.small(cell.value)]
    small = small if among is None else [key for key in small if key in set(among)]
    small = _open_within_blocks(counts, hidden, rule, small, whole)
    found = attack(counts, hidden, small, rule=rule, whole=whole)
    return {
        key: interval for key, interval in found.items() if not rule.protected(interval.low, interval.high)
    }


def _open_within_blocks(
    counts: Counts, hidden: Collection[Key], rule: Rule, keys: list[Key], whole: bool
) -> list[Key]:
    """The keys whose interval is too narrow when only counts of their own block may change.

    All others are safe: the interval is wider still when more may change. This is far quicker than to attack
    all counts at once.
    """
    if not counts.relations:
        return keys
    unknown, low, high = _bounds(counts, hidden, rule)
    blocks = np.array([cell.block for cell in counts.cells])
    scopes = {block: counts.scope(unknown & (blocks == block)) for block in set(blocks)}
    left = []
    for key in keys:
        target = counts.index[key]
        if unknown[target]:
            part = scopes[blocks[target]].part(target)
            if rule.protected(*_extremes(counts, part, (low, high), target, whole)):
                continue
        left.append(key)
    return left


def narrowest(intervals: Mapping[Key, Interval]) -> float:
    """The width of the narrowest interval; infinite when there is none."""
    return min((interval.width for interval in intervals.values()), default=float("inf"))
