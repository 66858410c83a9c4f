"""Intercurrent events: from which visit on a subject's outcomes are affected, and how they are imputed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.missing.layout import Layout
from emostats.statistics.missing.strategies import strategy_name

Codes = NDArray[np.intp]

Strategy = str | Mapping[Any, str]
Intercurrent = Mapping[Any, Any] | pd.Series


@dataclass(frozen=True, eq=False)
class Plan:
    """visit: (n,) first affected visit, T where there is none. strategy: (n,) names.

    reference: (n,) code of the arm that each subject's reference is.
    """

    visit: Codes
    strategy: tuple[str, ...]
    reference: Codes

    def affected(self, n_visits: int) -> NDArray[np.bool_]:
        """(n × T) visits at and after the event."""
        return np.asarray(np.arange(n_visits)[None] >= self.visit[:, None])


def make_plan(layout: Layout, strategy: Strategy, reference: Any, intercurrent: Intercurrent | None) -> Plan:
    """Who is imputed how.

    By default the event is dropout: the first visit after the last observed one. A visit missed before it is
    imputed under MAR. Subjects that `intercurrent` does not name have no event.

    Raises
    ------
    UsageError: unknown strategies, arms, subjects or visits; a reference that is needed and not given.
    """
    visit = _events(layout, intercurrent)
    names = _strategies(layout, strategy)
    return Plan(visit, names, _references(layout, reference, names))


def _events(layout: Layout, intercurrent: Intercurrent | None) -> Codes:
    T = len(layout.visits)
    if intercurrent is None:
        seen = ~layout.missing
        last = T - np.argmax(seen[:, ::-1], axis=1)
        return np.where(seen.any(axis=1), last, 0).astype(np.intp)
    visit = np.full(layout.n, T, dtype=np.intp)
    codes = {label: index for index, label in enumerate(layout.visits)}
    for subject, label in dict(intercurrent).items():
        if subject not in layout.subjects:
            raise UsageError(f"intercurrent names {layout.subject} {subject!r}, who is not in the data.")
        if label not in codes:
            raise UsageError(
                f"intercurrent gives {layout.visit} {label!r} for {subject!r}. "
                f"{did_you_mean(str(label), map(str, codes))}"
            )
        visit[layout.subjects.get_loc(subject)] = codes[label]
    return visit


def _strategies(layout: Layout, strategy: Strategy) -> tuple[str, ...]:
    if isinstance(strategy, str):
        return (strategy_name(strategy),) * layout.n
    if layout.arm is None:
        raise UsageError("A strategy for each arm needs arm=, the column that names the arms.")
    chosen = {_arm(layout, label, "strategy"): strategy_name(name) for label, name in strategy.items()}
    return tuple(chosen.get(int(code), "MAR") for code in layout.arm_of)


def _references(layout: Layout, reference: Any, names: tuple[str, ...]) -> Codes:
    wanted = {
        int(code) for code, name in zip(layout.arm_of, names, strict=True) if name in ("J2R", "CR", "CIR")
    }
    if not wanted:
        return layout.arm_of
    if layout.arm is None:
        raise UsageError("Reference-based strategies need arm= and reference=: an arm that others follow.")
    pairs = reference if isinstance(reference, Mapping) else dict.fromkeys(layout.arms, reference)
    of_arm = np.arange(len(layout.arms))
    for code in wanted:
        label = layout.arms[code]
        if pairs.get(label) is None:
            raise UsageError(f"Arm {label!r} has a reference-based strategy and no reference arm.")
        of_arm[code] = _arm(layout, pairs[label], "reference")
    return of_arm[layout.arm_of].astype(np.intp)


def _arm(layout: Layout, label: Any, argument: str) -> int:
    if label not in layout.arms:
        raise UsageError(f"{argument} names arm {label!r}. {did_you_mean(str(label), map(str, layout.arms))}")
    return layout.arms.index(label)
