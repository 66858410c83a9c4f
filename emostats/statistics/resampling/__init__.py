"""Resampling: bootstrap intervals by row, cluster and stratum, the jackknife, and randomisation tests.

Reading order: `units` (who is drawn) → `draws` (which of them, from the seed) → `sums` and `named`
    (statistics by
their sums) → `evaluate` (a statistic on a draw) → `run` (all draws, through joblib) → `intervals` and
`acceleration` (arithmetic) → `summary` (degenerate cases) → `bootstrap`.
"""

from emostats.statistics.resampling.bootstrap import METHODS, bootstrap
from emostats.statistics.resampling.named import NAMED
from emostats.statistics.resampling.result import BootstrapResult
from emostats.statistics.resampling.sums import SumStatistic

__all__ = ["METHODS", "NAMED", "BootstrapResult", "SumStatistic", "bootstrap"]
