"""Participant flow: who entered, answered, was lost (and why) and was analysed, as TREND and CONSORT ask."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from emostats.statistics.descriptives.summary import Groups

NOT_RECORDED = "reason not recorded"
OTHER_REASONS = "other reasons"


@dataclass(frozen=True)
class FlowStage:
    """One box of the flow: its name, the subjects in it, and the reason when it is a part of a box."""

    name: str
    subjects: frozenset[Hashable]
    reason: str = ""


def flow_stages(
    entered: Collection[Hashable],
    answered: pd.DataFrame,
    visits: Mapping[str, str],
    analysis_sets: Mapping[str, Collection[Hashable]],
    reasons: Mapping[Hashable, str] | None = None,
    *,
    rare: int = 3,
) -> tuple[FlowStage, ...]:
    """The boxes in order: Entered, "… answered" a visit, Lost with reasons, "Analysed (…)" a set.

    Parameters
    ----------
    entered: all subjects of the roster.
    answered: one row a subject × visit with a value (columns USUBJID, AVISIT; repeats are fine).
    visits: visit name → label, in time order. A subject without a value at the last one counts as lost.
    analysis_sets: name of the set → its subjects.
    reasons: subject → recorded reason for leaving. Reasons given by fewer than `rare` lost subjects are
        pooled as "other reasons": such text may describe a person.
    """
    everyone = frozenset(entered)
    at = {
        visit: everyone & frozenset(answered.loc[answered["AVISIT"] == visit, "USUBJID"]) for visit in visits
    }
    lost = everyone - at[list(visits)[-1]] if visits else frozenset()
    return (
        FlowStage("Entered", everyone),
        *(FlowStage(f"{label} answered", at[visit]) for visit, label in visits.items()),
        FlowStage("Lost", lost),
        *_by_reason(lost, reasons or {}, rare),
        *(FlowStage(f"Analysed ({name})", everyone & frozenset(who)) for name, who in analysis_sets.items()),
    )


def _by_reason(
    lost: frozenset[Hashable], reasons: Mapping[Hashable, str], rare: int
) -> tuple[FlowStage, ...]:
    if not reasons or not lost:
        return ()
    given = pd.Series({subject: reasons.get(subject) or NOT_RECORDED for subject in lost})
    counts = given.value_counts()
    common = counts.index[counts >= rare]
    given = given.where(given.isin(common) | (given == NOT_RECORDED), OTHER_REASONS)
    last = (OTHER_REASONS, NOT_RECORDED)
    order = sorted(given.unique(), key=lambda text: (text in last, -int((given == text).sum()), text))
    return tuple(FlowStage("Lost", frozenset(given.index[given == text]), text) for text in order)


def flow_table(stages: Sequence[FlowStage], groups: Groups) -> pd.DataFrame:
    """Counts by stage and group: columns stage, level, n, reason; a box with nobody in it keeps its row."""
    rows = [
        {
            "stage": stage.name,
            "level": level,
            "n": len(stage.subjects & frozenset(who)),
            "reason": stage.reason,
        }
        for stage in stages
        for level, who in groups.items()
    ]
    return pd.DataFrame(rows, columns=["stage", "level", "n", "reason"]).astype({"n": "int64"})
