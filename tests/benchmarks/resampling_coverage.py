"""How often bootstrap intervals of a change hold the true value, by simulation.

    python tests/benchmarks/resampling_coverage.py [--data-sets 2000] [--seed 20252] [--write
    docs/bootstrap-intervals.md]

Three kinds of skewed change scores, n = 20, 40, 182 children, nominal level 0.95, 1,999 resamples each. The t
interval (for the percentage Fieller's) is computed on the same data. `--write` replaces the table between the
markers in the page. Prints Markdown.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import emostats as em
from emostats.errors import EmostatsWarning
from emostats.statistics.effects import mean_change, percent_change

LEVEL = 0.95
RESAMPLES = 1999
SIZES = (20, 40, 182)
METHODS = ("analytic", "normal", "basic", "percentile", "bca", "studentized")
BEGIN, END = "<!-- coverage table: begin -->", "<!-- coverage table: end -->"


@dataclass(frozen=True)
class Design:
    """A population of (pre, post) pairs, the statistic, and its true value."""

    name: str
    draw: Callable[[np.random.Generator, int], tuple[np.ndarray, np.ndarray]]
    statistic: str
    truth: float


def exponential(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Changes with an exponential distribution: mean 1, skewness 2."""
    pre = rng.normal(10, 2, size=n)
    return pre, pre + rng.exponential(1.0, size=n)


def counts(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole-number changes, 45 % of them zero: Poisson with mean 0.8, skewness 1.1."""
    pre = rng.integers(5, 20, size=n).astype(float)
    return pre, pre + rng.poisson(0.8, size=n)


def growing(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Skewed scores before (gamma, mean 1.8) and an exponential gain: 55.6 % improvement of the mean."""
    pre = rng.gamma(6.0, 0.3, size=n)
    return pre, pre + rng.exponential(1.0, size=n)


DESIGNS = (
    Design("mean change, exponential", exponential, "mean_difference", 1.0),
    Design("mean change, counts with many zeros", counts, "mean_difference", 0.8),
    Design("percent change, skewed scores", growing, "percent_change", 100 / 1.8),
)


def limits(design: Design, pre: np.ndarray, post: np.ndarray, seed: int) -> dict[str, tuple[float, float]]:
    """All intervals of one data set."""
    analytic = (mean_change if design.statistic == "mean_difference" else percent_change)(pre, post)
    data = {"pre": pre, "post": post}
    options = {"unit": None, "n_resamples": RESAMPLES, "seed": seed}
    bca = em.bootstrap(data, design.statistic, method="bca", **options)
    studentized = em.bootstrap(data, design.statistic, method="studentized", **options)
    found = {
        "analytic": (analytic.conf_low, analytic.conf_high),
        "studentized": (studentized.conf_low, studentized.conf_high),
    }
    for method in ("normal", "basic", "percentile", "bca"):
        row = bca.interval(method).iloc[0]
        found[method] = (row.conf_low, row.conf_high)
    return found


def coverage(
    design: Design, n: int, data_sets: int, seed: int
) -> dict[str, tuple[float, float, float, float]]:
    """By method: share that holds the truth, share below and above it, median width."""
    rng = np.random.default_rng([seed, n, len(design.name)])
    collected: dict[str, list[tuple[float, float]]] = {method: [] for method in METHODS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EmostatsWarning)
        for k in range(data_sets):
            for method, pair in limits(design, *design.draw(rng, n), seed=k).items():
                collected[method].append(pair)
    summary = {}
    for method, found in collected.items():
        low, high = np.array(found).T
        below, above = (high < design.truth).mean(), (low > design.truth).mean()
        summary[method] = (1 - below - above, below, above, float(np.median(high - low)))
    return summary


def table(data_sets: int, seed: int) -> str:
    error = 100 * np.sqrt(LEVEL * (1 - LEVEL) / data_sets)
    lines = [
        f"{data_sets:,} data sets a row, {RESAMPLES:,} resamples each, seed {seed}. Coverage in percent, "
        "nominal 95; its "
        f"Monte Carlo standard error is {error:.1f} points where coverage is 95 and at most "
        f"{100 * np.sqrt(0.85 * 0.15 / data_sets):.1f} where it is 85. In brackets the shares that lie "
        "wholly below and "
        "wholly above the true value (2.5 each if both tails were right).",
        "",
        "| change scores | n | t or Fieller | normal | basic | percentile | BCa | studentized |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for design in DESIGNS:
        for n in SIZES:
            start = time.perf_counter()
            found = coverage(design, n, data_sets, seed)
            cells = [
                f"{100 * found[m][0]:.1f} ({100 * found[m][1]:.1f}, {100 * found[m][2]:.1f})" for m in METHODS
            ]
            lines.append(f"| {design.name} | {n} | {' | '.join(cells)} |")
            print(f"{design.name} n={n}: {time.perf_counter() - start:.0f} s", flush=True)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-sets", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=20252)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    text = table(options.data_sets, options.seed)
    print(text)
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        before, rest = page.split(BEGIN, 1)
        after = rest.split(END, 1)[1]
        options.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
