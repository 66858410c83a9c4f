"""Missing data: pooling over imputations and how much the conclusion depends on what is missing."""

from emostats.statistics.missing.rubin import Pooled, barnard_rubin_df, pool, pool_table
from emostats.statistics.missing.tipping import TippingPoint, tipping_point

__all__ = ["Pooled", "TippingPoint", "barnard_rubin_df", "pool", "pool_table", "tipping_point"]
