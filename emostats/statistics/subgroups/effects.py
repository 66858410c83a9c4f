"""Everything a report says about change over time and how it differs between subgroups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from emostats.estimates import Estimate
from emostats.statistics.subgroups.cells import Array, Cells, LinearModel, cells_of
from emostats.statistics.subgroups.counts import with_counts
from emostats.statistics.subgroups.lines import Line, Place, evaluate, joint_test
from emostats.statistics.subgroups.question import SubgroupQuestion
from emostats.statistics.subgroups.ratios import (
    EFFECT_METHOD,
    PERCENT_METHOD,
    Pair,
    baseline_sd,
    effect_size,
    percent_changes,
)


def subgroup_effects(
    fit: LinearModel, data: pd.DataFrame, question: SubgroupQuestion, place: Place
) -> tuple[Estimate, ...]:
    """LS means, changes from baseline and their differences between subgroups, from one joint model.

    Parameters
    ----------
    fit: a fitted model with a visit × subgroup interaction. Without one all subgroups share one change;
        their rows then say so and there is no difference to report.
    data: the rows the model was fitted to (USUBJID, the visit variable, the factors); used for counts only.
    question: visits and subgroups. place: what all rows share.

    Returns
    -------
    Rows of the kinds ls_mean, change, percent_change and effect_size for all children and each subgroup.
    Before the changes of a subgroup stand the joint test that all its levels changed alike (kind test) and
    the differences between levels (kind difference_of_changes). ``n`` counts the children seen at the visit.

    Raises
    ------
    ModelError: the model has no LS means over these factors.
    """
    divisions = ((), *question.subgroups)
    groups = [_Group(of, cells_of(fit, question.visit, question.visits, of)) for of in divisions]
    finest = max(len(group.rows()) for group in groups)
    job = _Job(fit, question, place, sd_df=float(data["USUBJID"].nunique() - finest))
    rows: list[Estimate] = []
    for group in groups:
        rows += [*_means(job, group), *_interaction_tests(job, group), *_differences(job, group)]
        rows += _changes(job, group)
    return tuple(with_counts(rows, data, question))


@dataclass(frozen=True)
class _Job:
    """What every part of one call needs; `sd_df` are the degrees of freedom of the baseline SD."""

    fit: LinearModel
    question: SubgroupQuestion
    place: Place
    sd_df: float


@dataclass(frozen=True)
class _Group:
    """One way to divide the children: its factors and the grid of LS means it is read from."""

    factors: tuple[str, ...]
    cells: Cells

    def rows(self) -> dict[tuple[str, ...], Array]:
        return self.cells.margin(self.factors)

    @property
    def name(self) -> str:
        return ":".join(self.factors)


def _change_rows(group: _Group, question: SubgroupQuestion) -> dict[tuple[str, ...], dict[str, Array]]:
    """Level → later visit → L(visit) − L(baseline)."""
    visits = group.cells.visits
    if question.baseline not in visits:
        return {}
    zero = visits.index(question.baseline)
    return {
        codes: {visit: L[i] - L[zero] for i, visit in enumerate(visits) if i != zero}
        for codes, L in group.rows().items()
    }


def _codes(codes: Iterable[str]) -> str:
    return ":".join(codes)


def _means(job: _Job, group: _Group) -> list[Estimate]:
    question, place = job.question, job.place
    lines = [
        Line(
            place.row(
                "ls_mean", visit, group.name, _codes(codes), level=question.label(group.factors, codes)
            ),
            L[i],
        )
        for codes, L in group.rows().items()
        for i, visit in enumerate(group.cells.visits)
    ]
    return evaluate(job.fit, lines)


def _changes(job: _Job, group: _Group) -> list[Estimate]:
    question, place = job.question, job.place
    means = group.rows()
    changes = _change_rows(group, question)
    shared = _shared_change_warning(group, changes)
    lines, pairs, sizes = [], [], []
    for codes, by_visit in changes.items():
        for visit, L in by_visit.items():
            fields = {
                "level": question.label(group.factors, codes),
                "contrast": f"{visit} − {question.baseline}",
                "warning": shared,
            }
            key = (visit, group.name, _codes(codes))
            lines.append(Line(place.row("change", *key, **fields), L))
            percent = place.row("percent_change", *key, **{**fields, "unit": "%", "method": PERCENT_METHOD})
            at = group.cells.visits.index
            pairs.append(Pair(percent, means[codes][at(question.baseline)], means[codes][at(visit)]))
            sizes.append(place.row("effect_size", *key, **{**fields, "unit": "SD", "method": EFFECT_METHOD}))
    estimated = evaluate(job.fit, lines)
    percents = percent_changes(job.fit, pairs) if question.percent else []
    return [*estimated, *percents, *_effect_sizes(job, sizes, estimated)]


def _effect_sizes(job: _Job, rows: list[Estimate], changes: list[Estimate]) -> list[Estimate]:
    if not rows:
        return []
    try:
        sd = baseline_sd(job.fit.covariance, job.question.baseline)
    except (KeyError, AttributeError, ValueError):
        reason = "the model's covariance has no variance at baseline"
        return [replace(row, error=reason) for row in rows]
    return [effect_size(row, change, sd, job.sd_df) for row, change in zip(rows, changes, strict=True)]


def _is_zero(L: Array) -> bool:
    return bool(np.isfinite(L).all() and np.abs(L).max() < 1e-9)


def _shared_change_warning(group: _Group, changes: Mapping[tuple[str, ...], Mapping[str, Array]]) -> str:
    if len(changes) < 2:
        return ""
    first, *others = changes.values()
    if all(_is_zero(other[visit] - first[visit]) for other in others for visit in first):
        return (
            f"the model has no interaction of {group.name} with visit: one change is assumed for all levels"
        )
    return ""


def _differences(job: _Job, group: _Group) -> list[Estimate]:
    question, place = job.question, job.place
    changes = _change_rows(group, question)
    lines = []
    for one, other in combinations(changes, 2):
        label = _versus(question.label(group.factors, one), question.label(group.factors, other))
        for visit, L in changes[one].items():
            difference = L - changes[other][visit]
            if _is_zero(difference):
                continue
            row = place.row(
                "difference_of_changes",
                visit,
                group.name,
                f"{_codes(one)} − {_codes(other)}",
                level=label,
                contrast=f"({visit} − {question.baseline}): {label}",
            )
            lines.append(Line(row, difference))
    return evaluate(job.fit, lines)


def _versus(one: str, other: str) -> str:
    return f"({one}) − ({other})" if "," in one + other else f"{one} − {other}"


def _interaction_tests(job: _Job, group: _Group) -> list[Estimate]:
    changes = list(_change_rows(group, job.question).values())
    if len(changes) < 2:
        return []
    by_visit = {
        visit: np.stack([other[visit] - changes[0][visit] for other in changes[1:]]) for visit in changes[0]
    }
    tests = {**by_visit, "": np.vstack(list(by_visit.values()))} if len(by_visit) > 1 else by_visit
    return [
        joint_test(job.fit, _test_row(job, group, visit), L) for visit, L in tests.items() if not _is_zero(L)
    ]


def _test_row(job: _Job, group: _Group, visit: str) -> Estimate:
    when = visit or "all visits"
    term = f"{group.name} × change from {job.question.baseline} ({when})"
    return job.place.row("test", visit, group.name, "interaction", term=term, unit="", conf_level=None)
