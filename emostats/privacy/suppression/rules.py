"""Rules for small counts: which are hidden, and how well they must stay hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from emostats.errors import UsageError, did_you_mean


@dataclass(frozen=True)
class Rule:
    """What a small count is.

    Attributes
    ----------
    name: how it is called, e.g. ``"cms"``. threshold: the smallest count that is shown, at least 2; counts
        from 1 to ``threshold - 1`` are hidden.
    rounding: counts that are shown are rounded to a multiple of this; 1 shows them as they are.
    nonresponse: whether counts of children who did not answer, and differences of totals that are such
        counts, are protected as every other count is.
    source: where the rule is written down.
    """

    name: str
    threshold: int = 11
    rounding: int = 1
    nonresponse: bool = True
    source: str = ""

    def __post_init__(self) -> None:
        if self.threshold < 2:
            raise UsageError(
                f"expected a threshold of 2 or more; found {self.threshold}. The usual one is 11."
            )
        if self.rounding < 1:
            raise UsageError(f"expected rounding to 1 or more; found {self.rounding}. 1 means no rounding.")

    def small(self, count: float) -> bool:
        """Whether a group of this size must not be told."""
        return 0 < count < self.threshold

    def protected(self, low: float, high: float) -> bool:
        """Whether an attacker who knows no more than ``low ≤ count ≤ high`` knows too little.

        Without rounding he must not even be able to tell that the count is a small one, so all of
        1, …, `threshold` must stay possible. With rounding he knows that a hidden count is small, and
        `rounding` different small counts must stay possible.
        """
        if self.rounding > 1:
            low, high = max(low, 1.0), min(high, self.threshold - 1.0)
            return high - low >= self.rounding - 1 - TOLERANCE
        return low <= 1 + TOLERANCE and high >= self.threshold - TOLERANCE

    def shown(self, count: float) -> float:
        """A count as it is published."""
        return float(self.rounding * int(count / self.rounding + 0.5))

    @property
    def words(self) -> str:
        """``"counts from 1 to 10 are hidden"``."""
        few = "a count of 1 is" if self.threshold == 2 else f"counts from 1 to {self.threshold - 1} are"
        more = f", others are rounded to multiples of {self.rounding}" if self.rounding > 1 else ""
        return f"{few} hidden{more}"


TOLERANCE = 1e-6

DEFAULT = "cms"

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "cms": Rule(
            "cms", 11, source="Centers for Medicare & Medicaid Services, cell size suppression policy"
        ),
        "trial": Rule(
            "trial",
            11,
            nonresponse=False,
            source="as cms, but numbers of answers by visit are shown, as TREND and CONSORT ask",
        ),
        "opensafely": Rule("opensafely", 8, 5, source="OpenSAFELY, permitted results policy"),
        "manitoba": Rule("manitoba", 6, source="Manitoba Centre for Health Policy, small numbers"),
        "five": Rule("five", 5, source="counts below 5, common in health statistics"),
    }
)
"""Rules that are in use; the sources are told in the documentation."""


def rule_of(name: str) -> Rule:
    """A rule by its name, or by the smallest count to be shown (``"11"``).

    Raises
    ------
    UsageError: there is no such rule.
    """
    if name in RULES:
        return RULES[name]
    if name.isdecimal():
        return Rule(f"below {int(name)}", int(name))
    raise UsageError(
        f"there is no rule '{name}'. {did_you_mean(name, RULES)} "
        "Or give the smallest count that may be shown, such as 11."
    )
