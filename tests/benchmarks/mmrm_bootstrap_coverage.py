"""Coverage of 95 % intervals of mixed-model contrasts when a fifth of the children drop out.

    python tests/benchmarks/mmrm_bootstrap_coverage.py [--simulations 400] [--resamples 499]

Simulated trials of two arms and four visits, baseline as outcome, unstructured covariance, REML. Children
leave at random given what was seen (MAR): the worse the last score, the likelier. Errors are normal, or
skewed (chi-squared with 3 df through the same covariance). Intervals: model-based with Satterthwaite's and
Kenward-Roger's df, and percentile, BCa and studentized bootstrap over children within arms, all from the
same resamples, each a full refit. Prints the Markdown table of docs/bootstrap-coverage.md. Takes some
minutes on one core.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402  (threads are set before NumPy loads)
import pandas as pd  # noqa: E402

import emostats as em  # noqa: E402
from emostats.statistics.mmrm.refit import as_target, refitter  # noqa: E402
from emostats.statistics.mmrm.refit.bootstrap import leave_out_each  # noqa: E402
from emostats.statistics.mmrm.refit.source import units_of  # noqa: E402
from emostats.statistics.resampling.draws import as_seed_sequence  # noqa: E402
from emostats.statistics.resampling.run import resample  # noqa: E402
from emostats.statistics.resampling.summary import Sample, interval  # noqa: E402

VISITS = ("Baseline", "Week 4", "Week 8", "Week 12")
MEANS = np.array([[2.0, 2.1, 2.2, 2.3], [2.0, 2.3, 2.6, 2.9]])
TRUTH = {"change": 0.9, "difference": 0.6}
SD = np.array([0.6, 0.7, 0.75, 0.8])
METHODS = ("Satterthwaite", "Kenward-Roger", "percentile", "bca", "studentized")
FORMULA = "Y ~ VISIT * ARM + us(VISIT | ID)"


@dataclass(frozen=True)
class Setting:
    """Children in all, and the kind of errors."""

    n: int
    errors: str


def simulate(setting: Setting, rng: np.random.Generator) -> pd.DataFrame:
    """One simulated trial; about a fifth is missing at the last visit."""
    n, T = setting.n, len(VISITS)
    lag = np.abs(np.subtract.outer(np.arange(T), np.arange(T)))
    root = np.linalg.cholesky(0.7**lag * np.outer(SD, SD))
    e = rng.standard_normal((n, T)) if setting.errors == "normal" else (rng.chisquare(3, (n, T)) - 3) / 6**0.5
    arm = np.arange(n) % 2
    Y = MEANS[arm] + e @ root.T
    gone = np.zeros(n, dtype=bool)
    for t in range(1, T):
        worse = (MEANS[arm, t - 1] - Y[:, t - 1]) / SD[t - 1]
        gone |= rng.uniform(size=n) < 1 / (1 + np.exp(2.78 - 0.8 * worse))
        Y[gone, t:] = np.nan
    return pd.DataFrame(
        {
            "ID": np.repeat(np.arange(n), T),
            "ARM": pd.Categorical(np.repeat(np.where(arm == 0, "A", "B"), T)),
            "VISIT": pd.Categorical(np.tile(VISITS, n), categories=VISITS),
            "Y": Y.ravel(),
        }
    )


def intervals(data: pd.DataFrame, n_resamples: int, seed: int) -> Iterator[tuple[str, str, float, float]]:
    """(method, quantity, low, high) of one trial."""
    fit = em.mmrm(FORMULA, data)
    changes = fit.emmeans("ARM * VISIT").contrasts({"change": [0, -1, 0, 0, 0, 0, 0, 1]})
    gain = fit.emmeans("ARM * VISIT").contrasts({"difference": [1, -1, 0, 0, 0, 0, -1, 1]})
    L = {"change": changes.L[0], "difference": gain.L[0]}
    for method in METHODS[:2]:
        again = replace(fit, settings=replace(fit.settings, df_method=method.lower()))
        for name, row in L.items():
            table = again.contrast(row[None])
            yield method, name, float(table["conf_low"].iloc[0]), float(table["conf_high"].iloc[0])
    units = units_of(fit, None, "ARM")
    evaluator = refitter(fit, as_target(L, len(fit.beta)), units.n_units, units.unit_of_row, studentize=True)
    drawn = resample(evaluator, units, seed=as_seed_sequence(seed), n_resamples=n_resamples)
    original, left = evaluator.original(), leave_out_each(evaluator).values
    for j, name in enumerate(L):
        sample = Sample(
            name, float(original.values[0, j]), drawn.values[:, j], drawn.std_errors[:, j],
            float(original.std_errors[0, j]), left[:, j], units.stratum_of_unit,
        )  # fmt: skip
        for method in METHODS[2:]:
            found = interval(sample, method, 0.95, "linear")
            yield method, name, found.low, found.high


def study(setting: Setting, simulations: int, n_resamples: int) -> pd.DataFrame:
    """One row an interval: method, quantity, below, above (the truth lies outside on that side), width."""
    rows = []
    for number in range(simulations):
        data = simulate(setting, np.random.default_rng([7, setting.n, len(setting.errors), number]))
        for method, name, low, high in intervals(data, n_resamples, number):
            rows.append((method, name, TRUTH[name] < low, TRUTH[name] > high, high - low))
    return pd.DataFrame(rows, columns=["method", "quantity", "below", "above", "width"])


def markdown(setting: Setting, found: pd.DataFrame) -> Iterator[str]:
    for (quantity, method), rows in found.groupby(["quantity", "method"], sort=False):
        cover = 1 - (rows["below"] | rows["above"]).mean()
        error = (cover * (1 - cover) / len(rows)) ** 0.5
        outside = f"{100 * rows['below'].mean():.1f} / {100 * rows['above'].mean():.1f}"
        where = f"{setting.errors} | {setting.n} | {quantity} | {method}"
        covered = f"{100 * cover:.1f} ± {100 * error:.1f}"
        yield f"| {where} | {covered} | {outside} | {rows['width'].mean():.3f} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--resamples", type=int, default=499)
    chosen = parser.parse_args()
    print("| Errors | n | Contrast | Interval | Coverage % ± MCSE | Truth below / above % | Width |")
    print("|---|---|---|---|---|---|---|")
    for errors in ("normal", "skewed"):
        for n in (60, 182):
            setting = Setting(n, errors)
            for line in markdown(setting, study(setting, chosen.simulations, chosen.resamples)):
                print(line, flush=True)


if __name__ == "__main__":
    main()
