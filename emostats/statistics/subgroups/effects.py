"""Everything a report says about change over time and how it differs between subgroups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from emostats.errors import ModelError
from emostats.estimates import Estimate
from emostats.statistics.subgroups.cells import Array, Cells, LinearModel, cells_of
from emostats.statistics.subgroups.counts import versus, with_counts
from emostats.statistics.subgroups.lines import Line, Place, evaluate, joint_test
from emostats.statistics.subgroups.question import SubgroupQuestion
from emostats.statistics.subgroups.ratios import (
    EFFECT_METHOD,
    PERCENT_METHODS,
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
    groups = _groups(fit, question)
    finest = max(len(group.rows) for group in groups)
    job = _Job(fit, question, place, sd_df=float(data["USUBJID"].nunique() - finest))
    rows: list[Estimate] = []
    for group in groups:
        rows += [*_means(job, group), *_interaction_tests(job, group), *_differences(job, group)]
        rows += _changes(job, group)
    return tuple(with_counts(rows, data, question))


def change_lines(fit: LinearModel, question: SubgroupQuestion, place: Place) -> tuple[Line, ...]:
    """The change rows of `subgroup_effects` as linear combinations yet to be estimated, by resampling say."""
    job = _Job(fit, question, place, sd_df=float("nan"))
    return tuple(line for group in _groups(fit, question) for line in _change_lines(job, group))


def _groups(fit: LinearModel, question: SubgroupQuestion) -> list[Cells]:
    divisions = ((), *question.subgroups)
    return [cells_of(fit, question.visit, question.visits, of) for of in divisions]


@dataclass(frozen=True)
class _Job:
    """What every part of one call needs; `sd_df` are the degrees of freedom of the baseline SD."""

    fit: LinearModel
    question: SubgroupQuestion
    place: Place
    sd_df: float


def _change_rows(group: Cells, question: SubgroupQuestion) -> dict[tuple[str, ...], dict[str, Array]]:
    """Level → later visit → L(visit) − L(baseline)."""
    visits = group.visits
    if question.baseline not in visits:
        return {}
    zero = visits.index(question.baseline)
    return {
        codes: {visit: L[i] - L[zero] for i, visit in enumerate(visits) if i != zero}
        for codes, L in group.rows.items()
    }


def _codes(codes: Iterable[str]) -> str:
    return ":".join(codes)


def _means(job: _Job, group: Cells) -> list[Estimate]:
    question, place = job.question, job.place
    lines = [
        Line(
            place.row(
                "ls_mean", visit, group.name, _codes(codes), level=question.label(group.factors, codes)
            ),
            L[i],
        )
        for codes, L in group.rows.items()
        for i, visit in enumerate(group.visits)
    ]
    return evaluate(job.fit, lines)


def _change_lines(job: _Job, group: Cells) -> list[Line]:
    changes = _change_rows(group, job.question)
    shared = _shared_change_warning(group, changes)
    lines = []
    for codes, by_visit in changes.items():
        for visit, L in by_visit.items():
            row = job.place.row(
                "change",
                visit,
                group.name,
                _codes(codes),
                level=job.question.label(group.factors, codes),
                contrast=f"{visit} − {job.question.baseline}",
                warning=shared,
            )
            lines.append(Line(row, L))
    return lines


def _changes(job: _Job, group: Cells) -> list[Estimate]:
    lines = _change_lines(job, group)
    estimated = evaluate(job.fit, lines)
    sizes = [_as(line.row, "effect_size", "SD", EFFECT_METHOD) for line in lines]
    interval = job.question.percent_interval
    percents = percent_changes(job.fit, _pairs(job, group), interval) if job.question.percent else []
    return [*estimated, *percents, *_effect_sizes(job, sizes, estimated)]


def _pairs(job: _Job, group: Cells) -> list[Pair]:
    visits = group.visits
    if job.question.baseline not in visits:
        return []
    zero = visits.index(job.question.baseline)
    ends = [(L[zero], L[i]) for L in group.rows.values() for i in range(len(visits)) if i != zero]
    method = PERCENT_METHODS[job.question.percent_interval]
    rows = [_as(line.row, "percent_change", "%", method) for line in _change_lines(job, group)]
    return [Pair(row, before, after) for row, (before, after) in zip(rows, ends, strict=True)]


def _as(change: Estimate, kind: str, unit: str, method: str) -> Estimate:
    """The row of a change for another kind of number about it."""
    estimate_id = change.estimate_id.replace("/change/", f"/{kind}/", 1)
    return replace(change, estimate_id=estimate_id, kind=kind, unit=unit, method=method)


def _effect_sizes(job: _Job, rows: list[Estimate], changes: list[Estimate]) -> list[Estimate]:
    if not rows:
        return []
    try:
        sd = baseline_sd(job.fit.covariance, job.question.baseline)
    except ModelError as error:
        return [replace(row, error=str(error)) for row in rows]
    except (KeyError, AttributeError, ValueError):
        reason = "the model's covariance has no variance at baseline"
        return [replace(row, error=reason) for row in rows]
    return [effect_size(row, change, sd, job.sd_df) for row, change in zip(rows, changes, strict=True)]


def _is_zero(L: Array) -> bool:
    return bool(np.isfinite(L).all() and np.abs(L).max() < 1e-9)


def _shared_change_warning(group: Cells, changes: Mapping[tuple[str, ...], Mapping[str, Array]]) -> str:
    if len(changes) < 2:
        return ""
    first, *others = changes.values()
    if all(_is_zero(other[visit] - first[visit]) for other in others for visit in first):
        return (
            f"the model has no interaction of {group.name} with visit: one change is assumed for all levels"
        )
    return ""


def _differences(job: _Job, group: Cells) -> list[Estimate]:
    question, place = job.question, job.place
    changes = _change_rows(group, question)
    lines = []
    for one, other in combinations(changes, 2):
        label = versus(question.label(group.factors, one), question.label(group.factors, other))
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


def _interaction_tests(job: _Job, group: Cells) -> list[Estimate]:
    """Did all levels change alike, at each later visit and over all of them?

    The hypothesis is put in sum-to-zero rows, as type III tests put it: Satterthwaite's degrees of freedom of
    a joint test depend on the rows, not only on what they span.
    """
    zero = group.visits.index(job.question.baseline) if job.question.baseline in group.visits else None
    if zero is None or len(group.rows) < 2 or len(group.visits) < 2:
        return []
    means = np.stack(list(group.rows.values()))  # levels × visits × k
    changes = _deviations(means - means[:, [zero]], axis=0)
    tests = {visit: changes[:, i] for i, visit in enumerate(group.visits) if i != zero}
    if len(tests) > 1:
        tests[""] = _deviations(_deviations(means, axis=0), axis=1).reshape(-1, means.shape[-1])
    return [
        joint_test(job.fit, _test_row(job, group, visit), L) for visit, L in tests.items() if not _is_zero(L)
    ]


def _deviations(rows: Array, axis: int) -> Array:
    """Each level but the last minus the mean of all levels, along an axis."""
    centred = rows - rows.mean(axis=axis, keepdims=True)
    return np.delete(centred, -1, axis=axis)


def _test_row(job: _Job, group: Cells, visit: str) -> Estimate:
    when = visit or "all visits"
    term = f"{group.name} × change from {job.question.baseline} ({when})"
    return job.place.row("test", visit, group.name, "interaction", term=term, unit="", conf_level=None)
