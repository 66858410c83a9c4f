"""Imputation of missing outcomes by a fitted MMRM, under MAR or from a reference arm."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.missing.analysed import Analysed, analyse
from emostats.statistics.missing.analysis import Analysis
from emostats.statistics.missing.completed import Completed
from emostats.statistics.missing.conditional import impute_cells, missing_cells, profiles
from emostats.statistics.missing.delta import Delta, delta_of_cells
from emostats.statistics.missing.events import Intercurrent, Plan, Strategy, make_plan
from emostats.statistics.missing.layout import Layout, lay_out
from emostats.statistics.missing.parameters import (
    Parameters,
    asymptotic_draws,
    bootstrap_draws,
    fitted,
    inverse_wishart_draws,
    leave_one_out,
)
from emostats.statistics.missing.tipping import TippingPoint, search
from emostats.statistics.mmrm import MMRMFit, mmrm
from emostats.statistics.resampling.draws import Seed, as_seed_sequence, child

Float = NDArray[np.float64]

METHODS = ("conditional-mean", "approximate-bayes", "asymptotic-normal", "inverse-wishart")


@dataclass(frozen=True, eq=False, repr=False)
class Imputation(Completed):
    """Missing outcomes and what was put in their place; the fields are those of `Completed`."""

    def analyse(self, analysis: Analysis, *, conf_level: float = 0.95) -> Analysed:
        """Analyse each completed data set and pool: by jackknife (conditional means) or by Rubin's rules.

        Parameters
        ----------
        analysis: `Ancova`, `Refit`, or a function of a completed data set that returns a table with columns
            estimate, std_error and df (the last two are not needed for conditional means); its other columns
            name the rows.
        """
        return analyse(self, analysis, conf_level)

    def tipping_point(self, analysis: Analysis, *, delta: Delta, of: Any, **options: Any) -> TippingPoint:
        """How many times `delta` the imputed values must be shifted before the conclusion changes.

        See `emostats.statistics.missing.tipping.search`.
        """
        return search(self, analysis, delta=delta, of=of, **options)


def impute(
    model: MMRMFit | str,
    data: pd.DataFrame | None = None,
    *,
    arm: str | None = None,
    method: str = "conditional-mean",
    strategy: Strategy = "MAR",
    reference: Any = None,
    intercurrent: Intercurrent | None = None,
    delta: Delta | None = None,
    n_imputations: int = 200,
    seed: Seed | None = None,
) -> Imputation:
    """Impute missing outcomes from the multivariate normal model of an MMRM.

    Parameters
    ----------
    model: a fit, or a formula for `data`. The visits are those of its covariance term. Missing outcomes are
        the subject × visit rows without an outcome, whether the row is there or not; a subject of the data
        without any outcome is imputed too.
    arm: column of the treatment arms; None for one group.
    method: ``"conditional-mean"`` (one data set; `analyse` gives a jackknife with every refit in full),
        ``"approximate-bayes"`` (each imputation from a refit on subjects resampled within arms),
        ``"asymptotic-normal"`` (covariance parameters from their asymptotic normal distribution, then β) or
        ``"inverse-wishart"`` (unstructured Σ from an inverse-Wishart around the estimate, then β).
    strategy: MAR, J2R, CR, CIR or LMCF, for all or by arm (others are MAR); see
        `emostats.statistics.missing.strategies`. It applies from the subject's intercurrent event on.
    reference: arm that J2R, CR and CIR look at, or a mapping arm → reference.
    intercurrent: subject → first affected visit. By default the first visit after the last observed outcome.
        Outcomes observed after the event under another strategy than MAR do not inform the model.
    delta: added to imputed values from the event on: a number, one a visit, a mapping visit → number, or a
        mapping arm → any of these. In points of the outcome.
    n_imputations: M of multiple imputation, 2 or more. seed: of its draws.

    Raises
    ------
    UsageError: options that do not fit the data or each other.
    ModelError: refits that are needed do not converge.
    """
    if method not in METHODS:
        raise UsageError(f"method='{method}' is unknown. {did_you_mean(method, METHODS)}")
    layout, plan = _prepare(model, data, arm, strategy, reference, intercurrent)
    cells = missing_cells(layout)
    estimates = fitted(layout.fit)
    left_out = None
    if method == "conditional-mean":
        values = impute_cells(layout, plan, estimates, cells, None)
        left_out = impute_cells(layout, plan, leave_one_out(layout), cells, None)
    else:
        sequence = _check_draws(method, n_imputations, seed)
        parameters = _draw(layout, method, n_imputations, child(sequence, 0))
        noise = np.random.default_rng(child(sequence, 1)).standard_normal((n_imputations, cells.n))
        values = impute_cells(layout, plan, parameters, cells, noise)
    shift = delta_of_cells(layout, plan, cells, delta)
    mean = profiles(layout, plan, estimates)[0]
    return Imputation(layout, plan, cells, method, values, left_out, mean, shift, seed)


def _prepare(
    model: MMRMFit | str,
    data: pd.DataFrame | None,
    arm: str | None,
    strategy: Strategy,
    reference: Any,
    intercurrent: Intercurrent | None,
) -> tuple[Layout, Plan]:
    if isinstance(model, str):
        if data is None:
            raise UsageError("A formula needs data=, the table it is fitted to.")
        model = mmrm(model, data)
    elif not isinstance(model, MMRMFit):
        raise UsageError(f"model should be a fit of em.mmrm or a formula; found {type(model).__name__}.")
    table = model.data if data is None else data
    layout = lay_out(model, table, arm)
    plan = make_plan(layout, strategy, reference, intercurrent)
    other = np.array([name != "MAR" for name in plan.strategy])
    excluded = plan.affected(len(layout.visits)) & ~layout.missing & other[:, None]
    if excluded.any():
        layout = replace(layout, fit=_refit_without(layout, excluded))
        known = layout.fit.frame.subjects.get_indexer(layout.subjects)
        layout = replace(layout, model_subject=np.asarray(known, dtype=np.intp))
    return layout, plan


def _refit_without(layout: Layout, excluded: NDArray[np.bool_]) -> MMRMFit:
    """The model without outcomes that an event other than MAR has affected."""
    fit = layout.fit
    rows = layout.rows.assign(**{layout.outcome: np.where(excluded, np.nan, layout.Y).ravel()})
    again = mmrm(fit.formula, rows, reml=fit.reml)
    if again.frame.visits != fit.frame.visits or again.coefficient_names != fit.coefficient_names:
        raise UsageError(
            "Without the outcomes after the intercurrent events a visit or a coefficient of the model cannot "
            "be estimated. Check the events, or take strategy MAR, which keeps those outcomes."
        )
    return again


def _check_draws(method: str, n_imputations: int, seed: Seed | None) -> np.random.SeedSequence:
    if (
        isinstance(n_imputations, bool)
        or not isinstance(n_imputations, int | np.integer)
        or n_imputations < 2
    ):
        raise UsageError(f"n_imputations should be a whole number of at least 2; found {n_imputations!r}.")
    if seed is None:
        raise UsageError(
            f"method='{method}' draws at random: give a seed, so that others get the same numbers."
        )
    return as_seed_sequence(seed)


def _draw(layout: Layout, method: str, n: int, seed: np.random.SeedSequence) -> Parameters:
    if method == "approximate-bayes":
        return bootstrap_draws(layout, n, seed)
    rng = np.random.default_rng(seed)
    return (asymptotic_draws if method == "asymptotic-normal" else inverse_wishart_draws)(layout, n, rng)
