"""What a bootstrap returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import UsageError
from emostats.statistics.resampling.intervals import FloatArray, Interpolation
from emostats.statistics.resampling.summary import Interval, Sample, interval

Number = float | Mapping[str, float]


@dataclass(frozen=True, eq=False)
class BootstrapResult:
    """Estimates with bootstrap intervals.

    With one statistic the fields are numbers; with several they are mappings by the statistic's name.

    Attributes
    ----------
    estimate: the statistic on the data. std_error: standard deviation of the replicates (divisor B - 1).
    bias: mean of the replicates minus the estimate. conf_low, conf_high: limits at `conf_level`.
    distribution: the replicates that gave a value, in order of the draw; read-only.
    n_failed: resamples on which the statistic failed; they are not in `distribution`.
    method: the interval method; where a degenerate case forced another one, the one used (see `method_used`).
    names: of the statistics. acceleration, z0: of BCa, None for other methods. n_resamples: B.
    method_used: the method used, by name where there are several statistics.
    replicates: (B, q) all replicates, NaN where a statistic failed; rows belong together; read-only.
    n_units, n_strata: what was resampled. unit: the columns that name it, "row" for rows.
    warnings: what the analyst should know; also issued as `EmostatsWarning`.
    """

    estimate: Any
    std_error: Any
    bias: Any
    conf_low: Any
    conf_high: Any
    distribution: Any
    n_failed: Any
    method: str
    names: tuple[str, ...]
    acceleration: Any
    z0: Any
    n_resamples: int
    conf_level: float
    method_used: Any
    replicates: FloatArray
    n_units: int
    n_strata: int
    unit: str
    seed: Any
    interpolation: Interpolation = "linear"
    warnings: tuple[str, ...] = ()
    samples: tuple[Sample, ...] = field(default=(), repr=False)

    def table(self) -> pd.DataFrame:
        """One row a statistic: statistic, estimate, std_error, conf_low, conf_high, bias, n_failed,
        method."""
        single = len(self.names) == 1

        def column(values: Any) -> list[Any]:
            return [values] if single else [values[name] for name in self.names]

        return pd.DataFrame(
            {
                "statistic": list(self.names),
                "estimate": column(self.estimate),
                "std_error": column(self.std_error),
                "conf_low": column(self.conf_low),
                "conf_high": column(self.conf_high),
                "bias": column(self.bias),
                "n_failed": column(self.n_failed),
                "method": column(self.method_used),
            }
        )

    def interval(self, method: str | None = None, conf_level: float | None = None) -> pd.DataFrame:
        """Other intervals from the same replicates: statistic, conf_low, conf_high, conf_level, method.

        Raises
        ------
        UsageError: `method` needs what was not computed (bca: the jackknife; studentized: standard errors).
        """
        wanted = method or self.method
        level = self.conf_level if conf_level is None else conf_level
        rows = []
        for sample in self.samples:
            self._check_available(sample, wanted)
            found = interval(sample, wanted, level, self.interpolation)
            rows.append((sample.name, found.low, found.high, level, found.method))
        return pd.DataFrame(rows, columns=["statistic", "conf_low", "conf_high", "conf_level", "method"])

    @staticmethod
    def _check_available(sample: Sample, method: str) -> None:
        if method == "bca" and sample.leave_one_out is None:
            raise UsageError("BCa needs the jackknife, which was not computed; ask for method='bca' at once.")
        if method == "studentized" and sample.std_errors is None:
            raise UsageError("Studentized intervals need the standard errors of method='studentized'.")


def by_name(names: tuple[str, ...], values: list[Any]) -> Any:
    """The one value, or a mapping by name."""
    return values[0] if len(names) == 1 else dict(zip(names, values, strict=True))


def read_only(array: FloatArray) -> FloatArray:
    view = np.array(array, dtype=float)
    view.flags.writeable = False
    return view


def collect(
    samples: list[Sample], intervals: list[Interval], *, method: str, warnings: tuple[str, ...], **facts: Any
) -> BootstrapResult:
    """The result from each statistic's sample and interval."""
    names = tuple(sample.name for sample in samples)
    used = [item.method for item in intervals]
    finite = [sample.finite for sample in samples]
    return BootstrapResult(
        estimate=by_name(names, [sample.estimate for sample in samples]),
        std_error=by_name(names, [float(values.std(ddof=1)) for values in finite]),
        bias=by_name(
            names,
            [float(v.mean() - s.estimate) for v, s in zip(finite, samples, strict=True)],
        ),
        conf_low=by_name(names, [item.low for item in intervals]),
        conf_high=by_name(names, [item.high for item in intervals]),
        distribution=by_name(names, [read_only(values) for values in finite]),
        n_failed=by_name(names, [int(np.isnan(sample.replicates).sum()) for sample in samples]),
        method=used[0] if len(set(used)) == 1 else method,
        names=names,
        acceleration=by_name(names, [item.acceleration for item in intervals]),
        z0=by_name(names, [item.z0 for item in intervals]),
        method_used=by_name(names, used),
        replicates=read_only(np.column_stack([sample.replicates for sample in samples])),
        warnings=(*warnings, *(text for item in intervals for text in item.warnings)),
        samples=tuple(samples),
        **facts,
    )
