"""Missing data: imputation by a fitted MMRM, pooling, and how much the conclusion depends on what is missing.

    imputation = impute(fit, arm="ARMCD", strategy={"TRT": "J2R"}, reference="PBO")
    imputation.analyse(Ancova(covariates=["BASE"], reference="PBO")).table()

Names load their module on first use: the mixed models pool by Rubin's rules, and imputation needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emostats.statistics.missing.analysed import Analysed
    from emostats.statistics.missing.analysis import Ancova, Refit
    from emostats.statistics.missing.imputation import Imputation, impute
    from emostats.statistics.missing.rubin import Pooled, barnard_rubin_df, pool, pool_table
    from emostats.statistics.missing.tipping import TippingPoint, tipping_point

_HOME = {
    "Analysed": "analysed",
    "Ancova": "analysis",
    "Imputation": "imputation",
    "Pooled": "rubin",
    "Refit": "analysis",
    "TippingPoint": "tipping",
    "barnard_rubin_df": "rubin",
    "impute": "imputation",
    "pool": "rubin",
    "pool_table": "rubin",
    "tipping_point": "tipping",
}

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


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'emostats.statistics.missing' has no attribute {name!r}")
    value = getattr(import_module(f"emostats.statistics.missing.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
