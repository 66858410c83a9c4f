"""How often the intervals of the ICC hold the true value, by simulation.

    python tests/benchmarks/agreement_coverage.py [--data-sets 2000] [--resampled 200] [--seed 20251]
    [--only WORDS] [--write docs/agreement-coverage.md]

Normal ratings y = μ + s + r + e of targets and raters that are drawn anew in every data set. Nominal level
0.95. For the generalized and the profile interval a value is held when its generalized probability lies in
[.025, .975] or its profile criterion is within χ²₁ of the minimum, which is what the limits invert; widths
come from limits computed for the first data sets. The bootstraps run on the complete designs only, on fewer
data sets, with 999 resamples each. Prints Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from emostats.statistics.agreement.complete import CompleteEngine
from emostats.statistics.agreement.engine import MODEL_OF, Engine
from emostats.statistics.agreement.forms import FORMS, Form
from emostats.statistics.agreement.incomplete import IncompleteEngine
from emostats.statistics.agreement.limits import limits_method
from emostats.statistics.agreement.profile import profile_criterion
from emostats.statistics.agreement.ratings import RatingTable

LEVEL = 0.95
CHI2 = 3.841458820694124
N_WIDTHS = 200
RESAMPLES = 999
SINGLE = {form.key: form for form in FORMS if not form.average}


@dataclass(frozen=True)
class Design:
    """n targets, a pool of k raters, variances, and which cells are rated (None: all)."""

    name: str
    n: int
    k: int
    target: float
    rater: float
    error: float
    cells: Callable[[int, int, np.random.Generator], np.ndarray] | None = None

    def truth(self, key: str) -> float:
        other = self.error if key == "C" else self.rater + self.error
        return self.target / (self.target + other)

    def engine(self, rng: np.random.Generator) -> Engine:
        y = np.sqrt(self.target) * rng.normal(size=(self.n, 1)) + np.sqrt(self.rater) * rng.normal(
            size=self.k
        )
        y = y + np.sqrt(self.error) * rng.normal(size=(self.n, self.k))
        if self.cells is None:
            return CompleteEngine(RatingTable(y, range(self.n), range(self.k)))
        y[~self.cells(self.n, self.k, rng)] = np.nan
        return IncompleteEngine(RatingTable(y, range(self.n), range(self.k)))


def rotating_pairs(n: int, k: int, rng: np.random.Generator) -> np.ndarray:
    """Two raters a target, all pairs of the pool in rotation."""
    pairs = [(i, j) for i in range(k) for j in range(i)]
    rated = np.zeros((n, k), dtype=bool)
    for target in range(n):
        rated[target, list(pairs[target % len(pairs)])] = True
    return rated


def at_random(share: float) -> Callable[[int, int, np.random.Generator], np.ndarray]:
    """Cells missing at random; each target keeps one rating at least."""

    def cells(n: int, k: int, rng: np.random.Generator) -> np.ndarray:
        rated = rng.random((n, k)) >= share
        rated[np.arange(n), rng.integers(k, size=n)] = True
        return rated

    return cells


DESIGNS = (
    Design("30 × 2, variances 4/1/1", 30, 2, 4.0, 1.0, 1.0),
    Design("182 × 3, 4/1/1", 182, 3, 4.0, 1.0, 1.0),
    Design("182 × 3, 4/0.1/1", 182, 3, 4.0, 0.1, 1.0),
    Design("50 × 2, 1/1/1", 50, 2, 1.0, 1.0, 1.0),
    Design("20 × 5, 1/0.25/1", 20, 5, 1.0, 0.25, 1.0),
    Design("182 × 3, 20 % missing, 4/1/1", 182, 3, 4.0, 1.0, 1.0, at_random(0.2)),
    Design("182 × 3, 20 % missing, 4/0.1/1", 182, 3, 4.0, 0.1, 1.0, at_random(0.2)),
    Design("60 × 2 of 6 in rotation, 4/0.25/2", 60, 6, 4.0, 0.25, 2.0, rotating_pairs),
    Design("182 × 2 of 6 in rotation, 4/0.25/2", 182, 6, 4.0, 0.25, 2.0, rotating_pairs),
    Design("40 × 4, 40 % missing, 1/0.5/1", 40, 4, 1.0, 0.5, 1.0, at_random(0.4)),
)


@dataclass
class Tally:
    """Counts of one form and method."""

    held: int = 0
    below: int = 0
    above: int = 0
    widths: list[float] = field(default_factory=list)

    def add(self, side: int) -> None:
        self.held += side == 0
        self.below += side < 0
        self.above += side > 0

    def row(self, design: Design, form: Form, method: str) -> dict[str, object]:
        total = self.held + self.below + self.above
        p = self.held / total
        return {
            "design": design.name,
            "form": form.name,
            "interval": method,
            "coverage": p,
            "mc_error": np.sqrt(max(p * (1 - p), 0.25 / total) / total),
            "truth_below": self.below / total,
            "truth_above": self.above / total,
            "median_width": float(np.median(self.widths)) if self.widths else np.nan,
            "data_sets": total,
        }


def side_of(limits: tuple[float, float], truth: float) -> int:
    """−1 when the truth lies below the limits, 1 above, 0 within."""
    return -1 if truth < limits[0] else 1 if truth > limits[1] else 0


def by_limits(engine: Engine, method: str, key: str, seed: int) -> tuple[float, float]:
    return limits_method(engine, method, LEVEL, RESAMPLES, seed)(SINGLE[key])[0]


def side_generalized(engine: Engine, truth: float) -> int:
    distribution = engine.agreement_distribution
    assert distribution is not None
    p = distribution.probability_at_most(truth)
    return -1 if p < 0.025 else 1 if p > 0.975 else 0


def side_profile(engine: Engine, key: str, truth: float) -> int:
    fit = engine.model(MODEL_OF[key])
    if profile_criterion(engine.sums, fit.model, truth, key == "C") - fit.criterion <= CHI2:
        return 0
    estimate = fit.icc_consistency if key == "C" else fit.icc_agreement
    return -1 if truth < estimate else 1


def quick_methods(engine: Engine) -> Iterator[tuple[str, str, Callable[[float], int]]]:
    """(form key, method, truth → side) of the intervals that need no resampling."""
    yield "A", "generalized (auto)", lambda truth: side_generalized(engine, truth)
    yield "A", "profile", lambda truth: side_profile(engine, "A", truth)
    yield "C", "exact F (auto)", lambda truth: side_of(by_limits(engine, "anova", "C", 0), truth)
    yield "C", "profile", lambda truth: side_profile(engine, "C", truth)
    if isinstance(engine, CompleteEngine):
        yield "A", "customary (McGraw–Wong)", lambda truth: side_of(by_limits(engine, "anova", "A", 0), truth)


WIDTH_BY = {
    "generalized (auto)": "generalized",
    "profile": "profile",
    "exact F (auto)": "anova",
    "customary (McGraw–Wong)": "anova",
}
RESAMPLED = {
    "bootstrap of targets": "bootstrap",
    "bootstrap of targets, BCa": "bca",
    "parametric bootstrap": "parametric",
}


def run(design: Design, data_sets: int, resampled: int, seed: int) -> list[dict[str, object]]:
    tallies: dict[tuple[str, str], Tally] = {}
    for index in range(data_sets):
        engine = design.engine(np.random.default_rng([seed, index]))
        for key, method, side in quick_methods(engine):
            tally = tallies.setdefault((key, method), Tally())
            tally.add(side(design.truth(key)))
            if index < N_WIDTHS:
                low, high = by_limits(engine, WIDTH_BY[method], key, 0)
                tally.widths.append(high - low)
        if index < resampled and isinstance(engine, CompleteEngine):
            for method, name in RESAMPLED.items():
                limits = limits_method(engine, name, LEVEL, RESAMPLES, index)
                for key in ("A", "C"):
                    low, high = limits(SINGLE[key])[0]
                    tally = tallies.setdefault((key, method), Tally())
                    tally.add(side_of((low, high), design.truth(key)))
                    tally.widths.append(high - low)
    order = sorted(tallies, key=lambda pair: pair[0])
    return [tallies[pair].row(design, SINGLE[pair[0]], pair[1]) for pair in order]


def markdown(rows: pd.DataFrame) -> str:
    lines = [
        "| design | form | interval | coverage | Monte Carlo error | truth below | truth above "
        "| median width | data sets |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows.itertuples():
        lines.append(
            f"| {row.design} | {row.form} | {row.interval} | {row.coverage:.3f} | {row.mc_error:.3f} "
            f"| {row.truth_below:.3f} | {row.truth_above:.3f} | {row.median_width:.2f} | {row.data_sets:,} |"
        )
    return "\n".join(lines)


PAGE = """# How often do the intervals of the ICC hold the truth?

A 95 % interval should hold the true value in 95 of 100 studies. Targets *and* raters are drawn anew in each
simulated study: that is what ICC(A,1) with random raters claims. Variances are target/rater/error.

{table}

Made by

    python tests/benchmarks/agreement_coverage.py \\
        --data-sets {data_sets} --resampled {resampled} --seed {seed}

"Truth below" is the share of studies whose whole interval lies above the true value, "truth above" the
share whose whole interval lies below it. The Monte Carlo error is one standard error of the coverage. The
bootstraps (999 resamples each) ran on the complete designs only, and on fewer data sets. Each design is
seeded apart, so `--only WORDS` runs some of them with the same result; this table was made in parts.

## What follows from it

* The customary McGraw–Wong interval of ICC(A,1) covers too seldom when raters differ and are few: it rests
  on a Satterthwaite approximation to the mean square of a handful of raters. Its limits stand in the columns
  `customary_low` and `customary_high`.
* `interval="auto"` takes the generalized interval for ICC(A) and the exact F for ICC(1) and ICC(C), on
  complete tables and on tables with gaps (there with Wald's exact F and its pivots).
* Resampling targets keeps the raters as they are. Its interval speaks of *these* raters; as an interval for
  raters in general it is far too short. The parametric bootstrap draws new raters, but its percentile limits
  fall short for ICC(A) too when raters are few.
* With gaps the two generalized pivots share a little information, so the interval is not exact by theory;
  the table shows how close it comes.
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-sets", type=int, default=2000)
    parser.add_argument("--resampled", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20251)
    parser.add_argument("--only", default="")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    for design in DESIGNS:
        if options.only in design.name:
            rows += run(design, options.data_sets, options.resampled, options.seed)
            print(markdown(pd.DataFrame([row for row in rows if row["design"] == design.name])), flush=True)
    if options.write is not None:
        page = PAGE.format(
            table=markdown(pd.DataFrame(rows)), data_sets=options.data_sets, resampled=options.resampled,
            seed=options.seed,
        )  # fmt: skip
        options.write.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
