"""What `subgroups` returns: differences and tests first, then the changes within subgroups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from emostats.errors import UsageError
from emostats.estimates import Estimate, estimates_frame
from emostats.statistics.subgroups.continuous import Curve
from emostats.statistics.subgroups.credibility import CredibilityItem, Known, credibility, credibility_frame
from emostats.statistics.subgroups.question import SubgroupQuestion
from emostats.statistics.subgroups.shrinkage import Shrinkage
from emostats.statistics.subgroups.shrunken import Shrunken
from emostats.statistics.subgroups.summary import overall_p

_NUMBERS = ("estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high")
TABLE_COLUMNS = (
    "subgroup", "level", "visit", "n", "events", *_NUMBERS,
    "percent", "percent_low", "percent_high", "shrunken", "shrunken_low", "shrunken_high",
    "planned", "method", "warning", "error",
)  # fmt: skip
DIFFERENCE_COLUMNS = (
    "subgroup",
    "level",
    "visit",
    "n",
    *_NUMBERS,
    "p_adjusted",
    "planned",
    "warning",
    "error",
)
TEST_COLUMNS = ("subgroup", "term", "visit", "num_df", "den_df", "statistic", "p_value", "error")


@dataclass(frozen=True, eq=False, repr=False)
class SubgroupAnalysis:
    """Subgroup results. Read `tests` and `differences` before the changes within subgroups in `table`.

    Attributes
    ----------
    fit: the joint model. question: what was asked. estimates: all rows of the joint model.
    separate: changes from a model of each subgroup by itself; empty unless asked for.
    shrunken: by division and visit. curves: by continuous variable and visit.
    planned: whether a plan names the subgroups; None where nobody said. events: level → children with one.
    """

    fit: Any
    question: SubgroupQuestion
    estimates: tuple[Estimate, ...]
    separate: tuple[Estimate, ...] = ()
    shrunken: tuple[Shrunken, ...] = ()
    curves: tuple[Curve, ...] = ()
    planned: bool | None = None
    adjusted: bool = False
    banded: frozenset[str] = frozenset()
    events: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def tests(self) -> pd.DataFrame:
        """Did all levels change alike? One F test a division and visit (``""``: all visits), and a curve."""
        rows = [*self._of("test"), *(item.test for item in self.curves)]
        return estimates_frame(rows)[list(TEST_COLUMNS)]

    def differences(self) -> pd.DataFrame:
        """Differences of changes between any two levels, with their intervals: `DIFFERENCE_COLUMNS`."""
        table = estimates_frame(self._of("difference_of_changes")).rename(columns={"den_df": "df"})
        return table[list(DIFFERENCE_COLUMNS)]

    def table(self, fits: str = "joint") -> pd.DataFrame:
        """Changes of all children and within each subgroup: `TABLE_COLUMNS`, one row a level × visit.

        n counts children seen at the visit, events those with one. percent is the change in percent of the
        baseline mean; shrunken the change drawn towards the mean of its division. A subgroup that failed
        keeps its row, with the reason in ``error``.

        Parameters
        ----------
        fits: ``"joint"``, or ``"separate"`` for the models of single subgroups.

        Raises
        ------
        UsageError: separate models were not asked for.
        """
        if fits not in ("joint", "separate"):
            raise UsageError(f"fits is 'joint' or 'separate'; found {fits!r}.")
        if fits == "separate" and not self.separate:
            raise UsageError("there are no separate models; call subgroups(..., separate=True).")
        rows = self.separate if fits == "separate" else tuple(self._of("change"))
        table = estimates_frame(rows).rename(columns={"den_df": "df"})
        table["events"] = [self.events.get((row.subgroup, row.level)) for row in rows]
        beside = {"percent": self._of("percent_change")} if fits == "joint" else {}
        beside["shrunken"] = [row for item in self.shrunken for row in item.rows] if fits == "joint" else []
        for name in ("percent", "shrunken"):
            found = {_place(row): row for row in beside.get(name, ())}
            own = [found.get(_place(row)) for row in rows]
            table[name] = [row.estimate if row else None for row in own]
            table[f"{name}_low"] = [row.conf_low if row else None for row in own]
            table[f"{name}_high"] = [row.conf_high if row else None for row in own]
        numbers = [name for name in TABLE_COLUMNS if name.startswith(("events", "percent", "shrunken"))]
        table[numbers] = table[numbers].astype("float64")
        return table[list(TABLE_COLUMNS)]

    def shrinkage(self) -> pd.DataFrame:
        """The model behind the shrunken changes: subgroup, visit, mean, tau2 with interval, i2, method."""
        rows = [
            {"subgroup": item.subgroup, "visit": item.visit, **_told(item.model), "error": _error(item)}
            for item in self.shrunken
        ]
        return pd.DataFrame(rows)

    def credibility(self) -> dict[str, pd.DataFrame]:
        """For each division a grid after ICEMAN: item, question, answer, basis, needs_person."""
        return {name: credibility_frame(items) for name, items in self._credibility().items()}

    def _credibility(self) -> dict[str, tuple[CredibilityItem, ...]]:
        names = [":".join(factors) for factors in self.question.subgroups]
        curves = {item.variable for item in self.curves if not item.error}
        return {
            name: credibility(
                Known(
                    planned=self.planned,
                    n_modifiers=len(names),
                    p_value=overall_p(self.estimates, name),
                    adjusted=self.adjusted or any(item.model for item in self.shrunken),
                    continuous=bool(curves) if self.banded & set(name.split(":")) else None,
                )
            )
            for name in names
        }

    def _of(self, kind: str) -> list[Estimate]:
        return [row for row in self.estimates if row.kind == kind]

    def __repr__(self) -> str:
        differences = self.differences()[["level", "visit", "estimate", "conf_low", "conf_high"]]
        return (
            f"SubgroupAnalysis: {', '.join(':'.join(item) for item in self.question.subgroups)}\n"
            f"Differences of changes between subgroups (read these first):\n{differences.to_string()}\n"
            "Changes within subgroups: .table(); tests: .tests(); credibility: .credibility()"
        )


def _place(row: Estimate) -> tuple[str, str, str]:
    return (row.subgroup, row.level, row.visit)


def _told(model: Shrinkage | None) -> dict[str, Any]:
    names = ("mean", "mean_error", "tau2", "tau2_low", "tau2_high", "q", "df", "p_value", "i2")
    numbers = {name: getattr(model, name) if model else None for name in names}
    return {**numbers, "method": model.told if model else ""}


def _error(item: Shrunken) -> str:
    return item.rows[0].error if item.rows else ""
