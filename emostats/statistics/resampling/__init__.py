"""Resampling: bootstrap intervals by row, cluster and stratum, and the jackknife.

Reading order: `units` (who is drawn) → `draws` (which of them, from the seed) → `sums`, `weights` and `named`
(statistics by what they need of the data) → `evaluate` (a statistic on a draw) → `run` (all draws, through
joblib) → `intervals` and `acceleration` (arithmetic) → `summary` (degenerate cases) → `bootstrap`. `models`
draws from a model (parametric, wild); `progress` shows the time left.
"""

from emostats.statistics.resampling.bootstrap import METHODS, bootstrap
from emostats.statistics.resampling.jackknife import JackknifeResult, jackknife
from emostats.statistics.resampling.models import parametric_bootstrap, wild_bootstrap
from emostats.statistics.resampling.named import NAMED
from emostats.statistics.resampling.progress import progress_bar
from emostats.statistics.resampling.result import BootstrapResult
from emostats.statistics.resampling.sums import SumStatistic
from emostats.statistics.resampling.weights import DominanceStatistic, QuantileStatistic

__all__ = [
    "METHODS",
    "NAMED",
    "BootstrapResult",
    "DominanceStatistic",
    "JackknifeResult",
    "QuantileStatistic",
    "SumStatistic",
    "bootstrap",
    "jackknife",
    "parametric_bootstrap",
    "progress_bar",
    "wild_bootstrap",
]
