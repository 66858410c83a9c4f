"""Which subgroups are asked about, at which visits, and how their levels are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SubgroupQuestion:
    """Which subgroups, at which visits.

    Attributes
    ----------
    baseline: the visit that changes are counted from. visits: all visits in time order, with `baseline`.
    subgroups: combinations of factors, e.g. ``(("SEX", "AGEBAND"), ("SEX",), ("AGEBAND",))``.
    visit: name of the visit variable.
    labels: factor → code → shown label; a code without one is shown as it is.
    percent: whether the outcome's scale has a meaningful zero, so that percentages of it make sense.
    percent_interval: ``"delta"`` or ``"fieller"``, see `emostats.statistics.subgroups.ratios`.
    """

    baseline: str
    visits: tuple[str, ...]
    subgroups: tuple[tuple[str, ...], ...] = ()
    visit: str = "AVISIT"
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    percent: bool = True
    percent_interval: str = "delta"

    def label(self, factors: tuple[str, ...], codes: tuple[str, ...]) -> str:
        """The shown label of a level, ``"Boys, 1–6"``."""
        pairs = zip(factors, codes, strict=True)
        return ", ".join(self.labels.get(factor, {}).get(code, code) for factor, code in pairs)
