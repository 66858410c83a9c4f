"""How credible is a difference between subgroups? A grid after ICEMAN, filled as far as a program can.

The instrument (Schandelmaier et al., 2020, CMAJ 192:E901) asks five questions of a randomized trial. Its
questions are put here in our words; where the study has no comparison group they are about differences in
change, and the grid says so. What only people can know is left to them, and so is the verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

PERSON = "to be judged by a person"
LEVELS = ("definitely no", "probably no or unclear", "probably yes", "definitely yes")
CREDIBILITY_COLUMNS = ("item", "question", "answer", "basis", "needs_person")
_CHANCE = ((0.005, "definitely yes"), (0.01, "probably yes"), (0.05, "probably no or unclear"))
_FEW, _MANY = 3, 10


@dataclass(frozen=True)
class CredibilityItem:
    """One question with its answer (one of `LEVELS`, or `PERSON`) and what it rests on, in words."""

    item: str
    question: str
    answer: str
    basis: str

    @property
    def needs_person(self) -> bool:
        """Whether a person has to answer it."""
        return self.answer == PERSON


@dataclass(frozen=True)
class Known:
    """What is known about one division into subgroups.

    Attributes
    ----------
    planned: by a locked plan; None where no plan was locked.
    n_modifiers: divisions that were looked at. p_value: of the interaction; None where there is none.
    adjusted: whether p-values or estimates take the number of comparisons into account.
    continuous: a curve over the whole range was fitted beside bands; None where nothing is banded.
    consistent: outcomes whose difference points the same way, and outcomes looked at.
    """

    planned: bool | None
    n_modifiers: int
    p_value: float | None
    adjusted: bool
    continuous: bool | None
    consistent: tuple[int, int] | None = None


def credibility(known: Known) -> tuple[CredibilityItem, ...]:
    """The grid: five questions, consistency over outcomes, and the verdict that is left to people."""
    items = (_direction(known), _evidence(), _chance(known), _number(known), _cut_points(known))
    return (*items, _consistency(known), _verdict(items))


def credibility_frame(items: Sequence[CredibilityItem]) -> pd.DataFrame:
    """The grid as a table with the columns `CREDIBILITY_COLUMNS`."""
    rows = [(item.item, item.question, item.answer, item.basis, item.needs_person) for item in items]
    return pd.DataFrame(rows, columns=list(CREDIBILITY_COLUMNS))


def _direction(known: Known) -> CredibilityItem:
    question = "Was the direction of the difference predicted, before the data were seen?"
    if known.planned is False:
        return CredibilityItem("1", question, "definitely no", "the locked plan does not have this division")
    lock = "the plan names the division but no direction" if known.planned else "no plan was locked"
    return CredibilityItem("1", question, PERSON, lock)


def _evidence() -> CredibilityItem:
    question = "Do earlier studies support the difference?"
    return CredibilityItem("2", question, PERSON, "earlier studies are not part of a run")


def _chance(known: Known) -> CredibilityItem:
    question = "Does the test of interaction make chance an unlikely explanation?"
    if known.p_value is None:
        return CredibilityItem("3", question, "probably no or unclear", "there is no test of interaction")
    answer = next((name for bound, name in _CHANCE if known.p_value <= bound), "definitely no")
    return CredibilityItem("3", question, answer, f"p of the interaction {_p(known.p_value)}")


def _p(value: float) -> str:
    bounds = (0.005, 0.01, 0.05)
    above = max((bound for bound in bounds if value > bound), default=None)
    below = min((bound for bound in bounds if value <= bound), default=None)
    return " and ".join(
        text
        for text in (
            f"above {above:g}" if above is not None else "",
            f"at most {below:g}" if below is not None else "",
        )
        if text
    )


def _number(known: Known) -> CredibilityItem:
    question = "Were few divisions tested, or was their number taken into account?"
    counted = f"{known.n_modifiers} division{'' if known.n_modifiers == 1 else 's'} tested"
    handled = "taken into account" if known.adjusted else "not taken into account"
    basis = f"{counted}, their number {handled}"
    if known.planned and (known.adjusted or known.n_modifiers <= _FEW):
        return CredibilityItem("4", question, "definitely yes", f"{basis}, by a locked plan")
    if known.adjusted or known.n_modifiers <= _FEW:
        return CredibilityItem("4", question, "probably yes", basis)
    answer = "definitely no" if known.n_modifiers > _MANY else "probably no or unclear"
    return CredibilityItem("4", question, answer, basis)


def _cut_points(known: Known) -> CredibilityItem:
    question = "If the subgroups were cut from a number, were arbitrary cut points avoided?"
    if known.continuous is None:
        return CredibilityItem("5", question, "not applicable", "no number was cut")
    if known.continuous:
        return CredibilityItem("5", question, "definitely yes", "a curve over the whole range stands beside")
    if known.planned:
        return CredibilityItem("5", question, "probably yes", "the cut points stand in the locked plan")
    return CredibilityItem(
        "5", question, "probably no or unclear", "where the cut points are from is not known"
    )


def _consistency(known: Known) -> CredibilityItem:
    question = "Is the difference consistent over related outcomes?"
    if known.consistent is None or known.consistent[1] < 2:
        return CredibilityItem("+", question, PERSON, "there is only one outcome")
    same, of = known.consistent
    return CredibilityItem("+", question, PERSON, f"points the same way in {same} of {of} outcomes")


def _verdict(items: Sequence[CredibilityItem]) -> CredibilityItem:
    """The highest credibility that the answers so far leave open (the instrument's rule of thumb)."""
    question = "How credible is the difference, all in all?"
    given = [item.answer for item in items]
    low = [answer for answer in given if answer == LEVELS[0]]
    doubtful = [answer for answer in given if answer == LEVELS[1]]
    if given and all(answer in (*LEVELS[:2], "not applicable") for answer in given):
        open_to = "very low"
    elif low:
        open_to = "low at most"
    elif doubtful:
        open_to = "moderate at most"
    else:
        open_to = "not limited so far"
    return CredibilityItem("=", question, PERSON, f"the answers given so far leave: {open_to}")
