"""From a fit to what its refits need: who is drawn, and the data packed for reweighting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.mmrm.design import ModelFrame, Stack, SubjectRows
from emostats.statistics.mmrm.fitted import FittedModel
from emostats.statistics.mmrm.refit.evaluator import BATCH_DOUBLES, PACKED_DOUBLES, RefitEvaluator
from emostats.statistics.mmrm.refit.packed import Packed, pack
from emostats.statistics.mmrm.refit.targets import Target
from emostats.statistics.resampling.units import Units, find_units


def units_of(fit: FittedModel, unit: str | None, strata: str | Sequence[str] | None) -> Units:
    """The units (by default the subjects), in strata; `unit_of_row` gives the unit of each subject.

    Raises
    ------
    UsageError: an unknown column, or one that varies within a subject.
    """
    frame, data = fit.frame, fit.data
    first = first_rows(fit)
    subject = frame.formula.covariance.subject
    wanted = [name for name in (unit, *([strata] if isinstance(strata, str) else strata or ())) if name]
    missing = [name for name in wanted if name not in data.columns]
    if missing:
        raise UsageError(
            f"'{missing[0]}' is not a column of the data. {did_you_mean(missing[0], data.columns)}"
        )
    rows = data[list(dict.fromkeys([*wanted, subject]))].iloc[frame.rows]
    for name in wanted:
        codes = rows[name].factorize()[0]
        varying = np.unique(frame.subject[codes != codes[first[frame.subject]]])
        if len(varying):
            raise UsageError(
                f"'{name}' must be constant within a {subject}; it varies in {len(varying)}, e.g. "
                f"{', '.join(str(frame.subjects[i]) for i in varying[:3])}."
            )
    return find_units(rows.iloc[first].reset_index(drop=True), unit or subject, strata)


def first_rows(fit: FittedModel) -> NDArray[np.intp]:
    """For each subject (n,) the number of its first row among the rows in use."""
    frame = fit.frame
    first = np.full(len(frame.subjects), -1, dtype=np.intp)
    first[frame.subject[::-1]] = np.arange(len(frame.y) - 1, -1, -1)
    return first


def refitter(
    fit: FittedModel,
    target: Target,
    n_units: int | None = None,
    unit_of_subject: NDArray[np.integer] | None = None,
    *,
    studentize: bool = False,
) -> RefitEvaluator:
    """The evaluator of a fit: its subjects' cross-products, packed; units are the subjects by default."""
    n = fit.n_subjects
    of_subject = np.arange(n) if unit_of_subject is None else np.asarray(unit_of_subject, dtype=np.intp)
    return RefitEvaluator(
        packed_rows(fit, fit.frame, fit.located, fit.problem.stack), fit.problem, fit.scaling,
        fit.optimum.reached[0].theta, n if n_units is None else n_units, of_subject, target, studentize,
    )  # fmt: skip


def packed_rows(fit: FittedModel, frame: ModelFrame, located: SubjectRows, stack: Stack) -> Packed:
    """Subjects' cross-products where blocks of resamples can be refitted together, else their rows only."""
    K = stack.k + 1
    seen = stack.observed.sum(axis=1)
    pairs = seen * (seen + 1) // 2 * (K * (K + 1) // 2)
    held = int((pairs * np.bincount(located.pattern, minlength=len(pairs))).sum())
    blocks = stack.distances is None and int(pairs.sum()) <= BATCH_DOUBLES and held <= PACKED_DOUBLES
    return pack(frame, fit.scaling, located, stack, blocks=blocks)
