"""Missing data: imputation by a fitted MMRM, pooling, and how much the conclusion depends on what is missing.

imputation = impute(fit, arm="ARMCD", strategy={"TRT": "J2R"}, reference="PBO")
imputation.analyse(Ancova(covariates=["BASE"], reference="PBO")).table()
"""

from __future__ import annotations

from emostats.statistics.missing.analysed import Analysed
from emostats.statistics.missing.analysis import Ancova, Refit
from emostats.statistics.missing.imputation import Imputation, impute
from emostats.statistics.missing.tipping import TippingPoint, tipping_point
from emostats.statistics.rubin import Pooled, barnard_rubin_df, pool, pool_table

__all__ = [
    "Analysed",
    "Ancova",
    "Imputation",
    "Pooled",
    "Refit",
    "TippingPoint",
    "barnard_rubin_df",
    "impute",
    "pool",
    "pool_table",
    "tipping_point",
]
