"""Bootstrap, jackknife and permutation tests, every replicate a full refit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emostats.statistics.mmrm.fitted import FittedModel

if TYPE_CHECKING:
    from emostats.statistics.mmrm.refit import PermutationResult
    from emostats.statistics.resampling.jackknife import JackknifeResult
    from emostats.statistics.resampling.result import BootstrapResult


@dataclass(frozen=True, repr=False)
class Resampling(FittedModel):
    """A fit as a statistic of its subjects."""

    def bootstrap(
        self,
        contrasts: Any,
        *,
        n_resamples: int = 9999,
        method: str = "bca",
        conf_level: float = 0.95,
        unit: str | None = None,
        strata: str | Sequence[str] | None = None,
        seed: Any,
        n_jobs: int | None = None,
        progress: Any = None,
    ) -> BootstrapResult:
        """Cluster bootstrap of LS means, contrasts and functions of them; every replicate a full refit.

        Parameters
        ----------
        contrasts: what `emmeans` or its ``contrasts`` return, a mapping name → coefficients, a matrix, or
            targets of `emostats.statistics.mmrm.refit` (`PercentChange`, `Standardized`); or a list of these.
        unit: column whose values are drawn: the subject (default), or one above it such as a family or site.
        strata: column(s) within whose combinations units are drawn.
        method: bca (jackknife over the unit), percentile, basic, normal, studentized (model-based standard
            errors).
        seed: of the draws; the numbers are the same for any `n_jobs` and joblib backend.

        Returns
        -------
        BootstrapResult: with one quantity numbers, with several mappings by name; ``n_failed`` counts
        replicates that did not converge even by the safer path.

        Raises
        ------
        UsageError: an unknown option or column, or one that varies within a subject.
        """
        from emostats.statistics.mmrm.refit import bootstrap_fit

        return bootstrap_fit(
            self, contrasts, n_resamples=n_resamples, method=method, conf_level=conf_level, unit=unit,
            strata=strata, seed=seed, n_jobs=n_jobs, progress=progress,
        )  # fmt: skip

    def jackknife(
        self,
        contrasts: Any,
        *,
        unit: str | None = None,
        strata: str | Sequence[str] | None = None,
        n_jobs: int | None = None,
    ) -> JackknifeResult:
        """Jackknife of the quantities of `bootstrap`: each unit left out once, the model refitted in full.

        Returns
        -------
        JackknifeResult: ``std_error``, ``bias``, ``acceleration`` and ``values``, the quantity without each
        unit.

        Raises
        ------
        UsageError: an unknown column, or one that varies within a subject.
        """
        from emostats.statistics.mmrm.refit import jackknife_fit

        return jackknife_fit(self, contrasts, unit=unit, strata=strata, n_jobs=n_jobs)

    def permutation_test(
        self,
        contrasts: Any,
        *,
        by: str | None = None,
        n_resamples: int = 9999,
        alternative: str = "two-sided",
        unit: str | None = None,
        strata: str | Sequence[str] | None = None,
        seed: Any,
        n_jobs: int | None = None,
    ) -> PermutationResult:
        """Permutation tests that a quantity is zero; every permuted data set is refitted in full.

        Parameters
        ----------
        contrasts: as in `bootstrap`; each is tested by itself, by its t statistic.
        by: a factor whose labels are exchanged among subjects (within `strata`), for differences between
            groups; covariates stay with their subject. None: sign flips for changes (pre/post): the
            residuals of a subject from the model without the change are turned as a whole, which supposes
            that they are symmetric about zero. For two visits and complete pairs it is the sign-flip test of
            the differences. All 2ⁿ flips are taken when they are no more than `n_resamples`.
        alternative: two-sided, greater or less.
        unit: whose labels or signs go together; the subject by default.

        Returns
        -------
        PermutationResult with ``.table()``.

        Raises
        ------
        UsageError: an unknown option or factor, a label that varies within a unit, or a quantity that is not
        linear (sign flips).
        """
        from emostats.statistics.mmrm.refit import permutation_fit

        return permutation_fit(
            self, contrasts, by=by, n_resamples=n_resamples, alternative=alternative, unit=unit,
            strata=strata, seed=seed, n_jobs=n_jobs,
        )  # fmt: skip
