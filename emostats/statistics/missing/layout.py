"""The data as subjects × visits: what was observed, what is missing, and the model's design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.mmrm.design import columns_from_frame
from emostats.statistics.mmrm.design.frame import missing_values
from emostats.statistics.mmrm.design.variables import Expression
from emostats.statistics.mmrm.fit import MMRMFit

Float = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Layout:
    """All subjects at all visits of the model.

    Attributes
    ----------
    fit: the imputation model. subjects: (n,) labels, also of subjects without any outcome.
    visits: (T,) labels. subject, visit, outcome: column names; arm: column name or None.
    arms: labels (``()`` without arms). arm_of: (n,) codes.
    Y: (n × T) outcomes, NaN where missing. X: (n × T × k) design. group: (n,) covariance group.
    rows: one row a subject × visit, subjects slowest, with every column that is known there.
    model_subject: (n,) number among the model's subjects, −1 for subjects without an outcome.
    """

    fit: MMRMFit
    subjects: pd.Index
    visits: tuple[Any, ...]
    subject: str
    visit: str
    outcome: str
    arm: str | None
    arms: tuple[Any, ...]
    arm_of: Codes
    Y: Float
    X: Float
    group: Codes
    rows: pd.DataFrame
    model_subject: Codes

    @property
    def n(self) -> int:
        """Subjects."""
        return len(self.subjects)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(n × T)."""
        return np.isnan(self.Y)

    def under(self, arm: int) -> tuple[Float, Codes]:
        """Design (n × T × k) and covariance group (n,) had every subject been in arm `arm`."""
        if self.arm is None:
            return self.X, self.group
        values = self.rows[self.arm]
        label = self.arms[arm]
        if isinstance(values.dtype, pd.CategoricalDtype):
            moved: Any = pd.Categorical([label] * len(values), dtype=values.dtype)
        else:
            moved = pd.Series([label] * len(values), index=values.index, dtype=values.dtype)
        frame = self.rows.assign(**{self.arm: moved})
        group = _groups(self.fit, frame, self.n)
        return _design(self.fit, frame, self.n, len(self.visits)), group

    def completed(self, Y: Float) -> pd.DataFrame:
        """`rows` with the outcomes Y (n × T) and a column IMPUTED."""
        return self.rows.assign(**{self.outcome: Y.ravel(), "IMPUTED": self.missing.ravel()})


def lay_out(fit: MMRMFit, data: pd.DataFrame, arm: str | None) -> Layout:
    """The rectangle of a fit's data.

    Raises
    ------
    UsageError: a model that cannot impute (spatial, weighted, transformed outcome, offset), an unknown arm,
        an arm or covariate that is missing or varies where it has to be known.
    """
    _check_model(fit, data)
    covariance = fit.frame.formula.covariance
    subject, visit, visits = covariance.subject, covariance.positions[0], fit.frame.visits
    used = data[data[visit].isin(visits) & ~missing_values(data[subject])]
    subjects = pd.Index(pd.unique(used[subject]))
    rows = _rectangle(used, subject, visit, subjects, visits)
    n, T = len(subjects), len(visits)
    known = _fill_constants(rows, fit.frame.formula.response, n, T)
    _check_known(known, _needed(fit, arm, data), fit.frame.formula.response)
    arms, arm_of = _arms(known, arm, n, T)
    Y = known[fit.frame.formula.response].to_numpy(dtype=float).reshape(n, T)
    return Layout(
        fit, subjects, visits, subject, visit, fit.frame.formula.response, arm, arms, arm_of, Y,
        _design(fit, known, n, T), _groups(fit, known, n), known,
        np.asarray(fit.frame.subjects.get_indexer(subjects), dtype=np.intp),
    )  # fmt: skip


def _check_model(fit: MMRMFit, data: pd.DataFrame) -> None:
    formula = fit.frame.formula
    if fit.frame.coordinates is not None:
        raise UsageError(
            "Imputation needs visits in common; this model has a spatial covariance. Fit a structure over "
            "visits such as us, toeph or ar1h."
        )
    if fit.settings.weights is not None or formula.offsets:
        raise UsageError("Imputation of models with weights or offsets is not defined here; fit without.")
    if formula.response not in data.columns:
        raise UsageError(
            f"The outcome '{formula.response}' is an expression; make it a column of the data and fit that."
        )


def _needed(fit: MMRMFit, arm: str | None, data: pd.DataFrame) -> dict[str, str]:
    needed: dict[str, str] = {}
    for variable in fit.frame.encoding.variables.values():
        names = list(variable.columns) if isinstance(variable, Expression) else [variable.name]
        needed.update(dict.fromkeys(names, "covariate"))
    if fit.frame.formula.covariance.group:
        needed[fit.frame.formula.covariance.group] = "covariance group"
    if arm is not None:
        if arm not in data.columns:
            raise UsageError(f"arm='{arm}' is not a column of the data. {did_you_mean(arm, data.columns)}")
        needed[arm] = "arm"
    return needed


def _rectangle(
    used: pd.DataFrame, subject: str, visit: str, subjects: pd.Index, visits: tuple[Any, ...]
) -> pd.DataFrame:
    """One row a subject × visit; those that the data lack are empty but for subject and visit."""
    T = len(visits)
    who = subjects.get_indexer(pd.Index(used[subject]))
    code = {label: index for index, label in enumerate(visits)}
    when = np.array([code[value] for value in used[visit]], dtype=np.intp)
    place = who * T + when
    if len(np.unique(place)) < len(place):
        twice = int(np.flatnonzero(np.bincount(place) > 1)[0])
        raise UsageError(
            f"Subject {subjects[twice // T]} has two rows at {visit} {visits[twice % T]}; keep one of them."
        )
    rows = used.set_index(pd.Index(place)).reindex(range(len(subjects) * T))
    rows[subject] = used[subject].array.take(np.repeat(np.sort(np.unique(who, return_index=True)[1]), T))
    rows[visit] = used[visit].array.take(
        np.tile([int(np.flatnonzero(when == t)[0]) for t in range(T)], len(subjects))
    )
    return rows


def _fill_constants(rows: pd.DataFrame, outcome: str, n: int, T: int) -> pd.DataFrame:
    """What is the same in all of a subject's rows is known in the added ones too; never so the outcome."""
    out = rows.copy()
    who = np.repeat(np.arange(n), T)
    for name in rows.columns:
        column = out[name]
        if name == outcome or not column.isna().any():
            continue
        seen = column.notna().to_numpy()
        codes = column.factorize()[0]
        first = np.full(n, -1, dtype=np.intp)
        order = np.flatnonzero(seen)[::-1]
        first[who[order]] = order
        same = ~seen | (codes == codes[np.maximum(first[who], 0)])
        if same.all():
            take = np.where(first[who] >= 0, first[who], np.arange(len(out)))
            out[name] = column.array.take(take)
    return out


def _check_known(rows: pd.DataFrame, needed: Mapping[str, str], outcome: str) -> None:
    for name, role in needed.items():
        if name == outcome:
            continue
        lost = missing_values(rows[name])
        if lost.any():
            raise UsageError(
                f"The {role} '{name}' is not known in {int(lost.sum())} subject × visit rows, so nothing can "
                "be imputed there. It must be constant within a subject, or given in a row for every visit."
            )


def _arms(rows: pd.DataFrame, arm: str | None, n: int, T: int) -> tuple[tuple[Any, ...], Codes]:
    if arm is None:
        return (), np.zeros(n, dtype=np.intp)
    values = rows[arm].astype("category").cat.remove_unused_categories()
    codes = values.cat.codes.to_numpy().reshape(n, T).astype(np.intp)
    if (codes != codes[:, :1]).any():
        raise UsageError(f"The arm '{arm}' varies within a subject; it must be constant.")
    return tuple(values.cat.categories), codes[:, 0]


def _design(fit: MMRMFit, rows: pd.DataFrame, n: int, T: int) -> Float:
    try:
        columns = columns_from_frame(fit.frame.encoding, rows)
    except KeyError as error:
        raise UsageError(str(error.args[0])) from error
    X = fit.frame.encoding.matrix(columns, n * T)[:, fit.scaling.kept]
    return np.asarray(X).reshape(n, T, -1)


def _groups(fit: MMRMFit, rows: pd.DataFrame, n: int) -> Codes:
    name = fit.frame.formula.covariance.group
    if name is None:
        return np.zeros(n, dtype=np.intp)
    first = rows[name].to_numpy().reshape(n, -1)[:, 0]
    index = {label: code for code, label in enumerate(fit.frame.groups)}
    unknown = [value for value in pd.unique(first) if value not in index]
    if unknown:
        raise UsageError(f"Group {unknown[0]!r} of '{name}' has no outcome, so its covariance is not known.")
    return np.array([index[value] for value in first], dtype=np.intp)
