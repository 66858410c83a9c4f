"""em.mmrm: from a formula and data to a fit.

The steps are those of the engine, in order: design, covariance, likelihood, optimisation. The answers
(covariance of the coefficients, degrees of freedom, contrasts, LS means …) the fit gives when it is asked.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from emostats.errors import EmostatsWarning, UsageError, did_you_mean, is_level
from emostats.statistics.mmrm.choice import check_order, describe, fit_first
from emostats.statistics.mmrm.covariance import STRUCTURES
from emostats.statistics.mmrm.degrees_of_freedom import DF_METHODS
from emostats.statistics.mmrm.design import (
    ModelFrame,
    Scaling,
    build_frame,
    build_stack,
    find_scaling,
    locate_rows,
    parse_formula,
)
from emostats.statistics.mmrm.fit import MMRMFit
from emostats.statistics.mmrm.fitted import Settings
from emostats.statistics.mmrm.threads import one_blas_thread
from emostats.statistics.mmrm.vcov import EMPIRICAL_KINDS

VCOV_METHODS = ("asymptotic", *EMPIRICAL_KINDS)


def mmrm(
    formula: str,
    data: pd.DataFrame,
    *,
    reml: bool = True,
    weights: str | ArrayLike | None = None,
    df_method: str = "satterthwaite",
    vcov: str = "asymptotic",
    conf_level: float = 0.95,
    fallback: Sequence[str] = (),
) -> MMRMFit:
    """Fit a mixed model for repeated measures.

    Parameters
    ----------
    formula: R-like, with one covariance term: ``AVAL ~ AVISIT * ARMCD + us(AVISIT | USUBJID)``. Structures:
        us, toep, toeph, ar1, ar1h, ad, adh, cs, csh, ind, indh, and over coordinates sp_exp and sp_gau, as in
        sp_exp(T1, T2 | USUBJID). A group before the subject, ``us(AVISIT | ARMCD / USUBJID)``, gives each of
        its levels its own covariance.
    data: one row a subject × visit. Rows with a missing outcome or covariate are left out. Never modified.
    reml: restricted maximum likelihood (default) or maximum likelihood.
    weights: column name or array of positive numbers; the variance of a row is divided by its weight.
    df_method: satterthwaite, kenward-roger (second derivatives in SAS's natural parameters, DDFM=KR),
        kenward-roger-linear (without them), kenward-roger-r (in R mmrm's parameters), between-within,
        residual.
    vcov: asymptotic, empirical (CR0), empirical-bias-reduced (CR2), empirical-jackknife (CR3).
    conf_level: of all intervals, in (0, 1).
    fallback: structures to try, in order, when the one in the formula does not converge; `fit.attempts`
        tells.

    Returns
    -------
    MMRMFit

    Raises
    ------
    UsageError: the formula, an option or the data cannot be used as asked.
    ModelError: the covariance is not identifiable from these visits.
    ConvergenceError: the optimum was not reached; says which of gradient, Hessian or boundary failed.

    Example
    -------
    The change of four children; for complete pairs it is the paired t test. More in the recipes of the
    documentation.

    >>> data = pd.DataFrame({"ID": [1, 1, 2, 2, 3, 3, 4, 4], "VISIT": ["pre", "post"] * 4})
    >>> data["VISIT"] = pd.Categorical(data["VISIT"], ["pre", "post"])
    >>> data["Y"] = [1, 2, 3, 5, 2, 4, 0, 3.5]
    >>> fit = mmrm("Y ~ VISIT + us(VISIT | ID)", data)
    >>> change = fit.emmeans("VISIT").contrasts("revpairwise").table()
    >>> change[["contrast", "estimate", "df", "p_value"]].round(4).to_numpy().tolist()
    [['post - pre', 2.125, 3.0, 0.0259]]
    """
    _check_options(df_method, vcov, conf_level, reml)
    parsed = parse_formula(formula, tuple(STRUCTURES))
    order = check_order(parsed.covariance.structure, fallback)
    array = weights if weights is None or isinstance(weights, str) else _numbers(weights)
    frame = build_frame(parsed, data, array, STRUCTURES[order[0]].spatial)
    with one_blas_thread():
        scaling = find_scaling(frame.X, frame.y, frame.encoding.names)
        located = locate_rows(frame)
        stack = build_stack(frame, scaling, located)
        choice = fit_first(stack, order, reml, frame.visits, frame.groups, scaling.s)
    _warn_aliased(frame, scaling)
    if len(choice.attempts) > 1:
        told = f"Covariance structure chosen by the declared order. {describe(choice.attempts)}."
        warnings.warn(told, EmostatsWarning, stacklevel=2)
    settings = Settings(df_method, vcov, conf_level, array)
    kept = data.copy(deep=False)
    return MMRMFit(frame, scaling, located, choice.problem, choice.optimum, settings, kept, choice.attempts)


def _check_options(df_method: str, vcov: str, conf_level: float, reml: bool) -> None:
    problems = []
    if df_method not in DF_METHODS:
        problems.append(f"df_method='{df_method}' is unknown. {did_you_mean(df_method, DF_METHODS)}")
    if vcov not in VCOV_METHODS:
        problems.append(f"vcov='{vcov}' is unknown. {did_you_mean(vcov, VCOV_METHODS)}")
    if not is_level(conf_level):
        problems.append(f"conf_level should lie between 0 and 1, e.g. 0.95; found {conf_level}.")
    if df_method.startswith("kenward-roger") and not reml:
        problems.append("Kenward-Roger is defined for REML; fit with reml=True or take another df_method.")
    if df_method.startswith("kenward-roger") and vcov != "asymptotic":
        problems.append("Kenward-Roger brings its own covariance; take vcov='asymptotic' with it.")
    if problems:
        raise UsageError("\n".join(problems))


def _numbers(weights: ArrayLike) -> NDArray[np.float64]:
    try:
        return np.asarray(weights, dtype=float)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The weights should be numbers, or a column's name: {error}.") from error


def _warn_aliased(frame: ModelFrame, scaling: Scaling) -> None:
    names = [name for name, kept in zip(frame.encoding.names, scaling.kept, strict=True) if not kept]
    if names:
        warnings.warn(
            f"Not estimable from these data, left out: {', '.join(names)} (explained by the columns before).",
            EmostatsWarning,
            stacklevel=3,
        )
