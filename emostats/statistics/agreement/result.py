"""What `icc` returns: the six forms with their limits, tests against any value, SEM and components."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.agreement.bands import interpretation
from emostats.statistics.agreement.form_estimate import TABLE_COLUMNS, FormEstimate
from emostats.statistics.agreement.forms import FORMS, find_form, spearman_brown
from emostats.statistics.agreement.guide import Guidance, choose_form
from emostats.statistics.agreement.ratings import RatingTable
from emostats.statistics.agreement.reml import MODELS

if TYPE_CHECKING:
    from emostats.statistics.agreement.engine import Engine
    from emostats.statistics.agreement.grras import GrrasSection

NAN = float("nan")
Z_975 = 1.959963984540054


@dataclass(frozen=True)
class ICCResult:
    """Intraclass correlations of one set of ratings.

    Attributes
    ----------
    forms: the six `FormEstimate` rows.
    n_targets, n_raters, n_ratings: sizes. mean_ratings: harmonic mean of the number of ratings per target.
    complete: whether every rater rated every target.
    conf_level: of the limits. interval: as asked (`INTERVALS`).
    variance_components: ``target``, ``rater``, ``error`` of the two-way model (ANOVA when complete, where
        they may be negative; REML with gaps) and ``error_oneway``.
    ratings: the table that was analysed. notes: what was left out on reading.
    """

    forms: tuple[FormEstimate, ...]
    n_targets: int
    n_raters: int
    n_ratings: int
    mean_ratings: float
    complete: bool
    conf_level: float
    interval: str
    variance_components: Mapping[str, float]
    ratings: RatingTable = field(repr=False)
    engine: Engine = field(repr=False)
    notes: tuple[str, ...] = ()

    def table(self) -> pd.DataFrame:
        """One row a form, with the columns `TABLE_COLUMNS`."""
        return pd.DataFrame({name: [getattr(row, name) for row in self.forms] for name in TABLE_COLUMNS})

    def row(self, form: str) -> FormEstimate:
        """The row of a form, by either name.

        Raises
        ------
        UsageError: no such form.
        """
        return self.forms[FORMS.index(find_form(form))]

    __getitem__ = row

    def test(self, rho0: float | Mapping[str, float] = 0.0) -> pd.DataFrame:
        """Upper-tailed tests of H0: ICC ≤ rho0, one row a form.

        Parameters
        ----------
        rho0: one value in [0, 1) for all forms, or values by form name.

        Returns
        -------
        Columns form, alias, rho0, statistic, num_df, den_df, p_value, p_generalized, method. The F tests of
        ICC(A) at rho0 > 0 use a Satterthwaite df and are as unreliable as the customary limits;
        `p_generalized` is not.

        Raises
        ------
        UsageError: rho0 outside [0, 1).
        """
        return self.engine.tests(rho0)

    @property
    def sem(self) -> Mapping[str, float]:
        """Standard error of measurement of one rating, in rating units: ``agreement`` and ``consistency``."""
        parts = self.variance_components
        agreement = parts["rater"] + parts["error"]
        return MappingProxyType(
            {
                "agreement": float(np.sqrt(agreement)) if agreement >= 0 else NAN,
                "consistency": float(np.sqrt(parts["error"])) if parts["error"] >= 0 else NAN,
            }
        )

    @property
    def mdc(self) -> Mapping[str, float]:
        """Minimal detectable change at 95 %: z₀.₉₇₅ √2 SEM, in rating units."""
        return MappingProxyType(
            {name: Z_975 * float(np.sqrt(2.0)) * value for name, value in self.sem.items()}
        )

    def average(self, m: float) -> pd.DataFrame:
        """The average forms for the mean of `m` ratings (Spearman–Brown step of the single forms and their
        limits).

        With gaps, `m` = `mean_ratings` describes the means as they were rated; the table's k is the whole
        pool.
        """
        rows = []
        for form, row in zip(FORMS[:3], self.forms[:3], strict=True):
            estimate, low, high = (spearman_brown(x, m) for x in (row.estimate, row.conf_low, row.conf_high))
            name = form.name.replace("1)", f"{m:g})")
            rows.append(
                {"form": name, "m": float(m), "estimate": estimate, "conf_low": low, "conf_high": high}
            )
        return pd.DataFrame(rows)

    def interpretation(self, form: str = "ICC(A,1)") -> str:
        """Koo & Li's band or bands that the interval of a form reaches, e.g. ``"moderate to good"``."""
        row = self.row(form)
        return interpretation(row.conf_low, row.conf_high)

    def guide(
        self,
        *,
        raters_random: bool = True,
        agreement: bool = True,
        average: bool = False,
        same_raters: bool | None = None,
    ) -> Guidance:
        """The form this design calls for, and why; see `guide.choose_form`.

        Whether targets share raters is read from the ratings unless `same_raters` says it.
        """
        if same_raters is None:
            rated_by = (~np.isnan(self.ratings.values)).sum(axis=0)
            same_raters = bool((rated_by > 1).any())
        return choose_form(
            same_raters=same_raters,
            raters_random=raters_random,
            agreement=agreement,
            average=average,
            k=self.n_raters,
        )

    def reml(self) -> pd.DataFrame:
        """REML fits of the three models, complete data or not.

        Columns model, var_target, var_rater, var_error, criterion (lme4's REMLcrit), boundary, icc_agreement,
        icc_consistency.

        Raises
        ------
        ConvergenceError: a fit found no optimum (no error variance to estimate).
        """
        rows = []
        for name in MODELS:
            fit = self.engine.model(name)
            parts = {
                column: getattr(fit, column)
                for column in ("var_target", "var_rater", "var_error", "criterion", "boundary")
            }
            agreement = fit.icc_agreement if name != "twoway_fixed_raters" else NAN
            rows.append(
                {"model": name, **parts, "icc_agreement": agreement, "icc_consistency": fit.icc_consistency}
            )
        return pd.DataFrame(rows)

    def grras(self, *, form: str = "ICC(A,1)", statements: Mapping[str, str] | None = None) -> GrrasSection:
        """The reliability section of a report after GRRAS, as data; see `grras.grras_section`."""
        from emostats.statistics.agreement.grras import grras_section

        return grras_section(self, form=form, statements=statements)

    def plot(self, kind: str = "forest", *, id: str = "icc", note: str = "", width: float = 720.0) -> str:
        """An SVG: ``"forest"`` of the six forms, or ``"ratings"`` as a heat map.

        Parameters
        ----------
        id: of the element in its page. note: shown in the figure's corner, e.g. "Simulated data". width: in
            pixels.

        Raises
        ------
        UsageError: an unknown kind.
        """
        from emostats.statistics.agreement import drawing

        frame = drawing.Place(id, note, width)
        if kind == "forest":
            return drawing.icc_forest(self.forms, self.n_targets, self.conf_level, frame)
        if kind == "ratings":
            return drawing.rating_map(self.ratings, frame)
        raise UsageError(f"There is no plot '{kind}'. {did_you_mean(kind, ('forest', 'ratings'))}")
