"""A difference between two levels stands on the children of these two, not on all."""

from __future__ import annotations

import pandas as pd
import pytest

from emostats.estimates import Estimate
from emostats.statistics.subgroups.counts import versus, with_counts


class Question:
    """The parts of a subgroup question that counting asks for."""

    visit = "AVISIT"
    subgroups = (("ARM",),)

    @staticmethod
    def label(factors: tuple[str, ...], codes: tuple[str, ...]) -> str:
        return codes[0] if codes else ""


@pytest.mark.parametrize(("one", "other", "n"), [("A", "B", 5), ("B", "A", 5), ("A", "C", 6), ("B", "C", 7)])
def test_the_two_compared_levels_are_counted(one: str, other: str, n: int) -> None:
    arms = ["A"] * 2 + ["B"] * 3 + ["C"] * 4
    data = pd.DataFrame({"USUBJID": range(9), "AVISIT": "W12", "ARM": arms})
    row = Estimate(
        "x", "primary", "difference_of_changes", visit="W12", subgroup="ARM", level=versus(one, other)
    )
    (counted,) = with_counts([row], data, Question())  # type: ignore[arg-type]
    assert counted.n == n
