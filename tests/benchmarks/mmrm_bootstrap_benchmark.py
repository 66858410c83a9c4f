"""Speed of the MMRM bootstrap: every replicate a full REML refit to convergence.

    python tests/benchmarks/mmrm_bootstrap_benchmark.py [--repeat 3]

One thread; medians of the repeats after one warm-up, CPU and wall time. The trial is fev_data (197 patients ×
4 visits) with 8 LS means. R mmrm 0.3.18 took 31 ms a refit of it on such a machine, 73 ms with the resampling
of the data frame. Prints Markdown; exits with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import pandas as pd  # noqa: E402  (threads are set before NumPy loads)

import emostats as em  # noqa: E402

FEV = Path(__file__).resolve().parents[1] / "reference" / "mmrm" / "fev_data.csv"
FORMULA = "FEV1 ~ RACE + SEX + ARMCD * AVISIT + {}(AVISIT | USUBJID)"


@dataclass(frozen=True)
class Line:
    """A measurement: what, replicates refitted, CPU and wall seconds, goal in seconds (None: none)."""

    what: str
    replicates: int
    cpu: float
    wall: float
    goal: float | None = None

    def markdown(self) -> str:
        goal = "–" if self.goal is None else f"{self.goal:g} s {'met' if self.cpu <= self.goal else 'MISSED'}"
        each = 1000 * self.cpu / self.replicates
        return f"| {self.what} | {self.replicates} | {self.cpu:.2f} | {self.wall:.2f} | {each:.3f} | {goal} |"


def measure(
    what: str, replicates: int, call: Callable[[], object], repeat: int, goal: float | None = None
) -> Line:
    """Medians over `repeat` calls after a warm-up."""
    call()
    cpu, wall = [], []
    for _ in range(repeat):
        start, begin = time.process_time(), time.perf_counter()
        call()
        cpu.append(time.process_time() - start)
        wall.append(time.perf_counter() - begin)
    return Line(what, replicates, median(cpu), median(wall), goal)


def lines(repeat: int) -> list[Line]:
    """All measurements."""
    data = pd.read_csv(FEV)
    for name in ("RACE", "SEX", "ARMCD", "AVISIT", "USUBJID"):
        data[name] = data[name].astype("category")
    fits = {token: em.mmrm(FORMULA.format(token), data) for token in ("us", "toeph", "ar1")}
    fit = fits["us"]
    means = fit.emmeans("ARMCD | AVISIT")
    contrast = means.contrasts("pairwise")
    n = fit.n_subjects

    def run(count: int, method: str, model: em.statistics.mmrm.MMRMFit = fit) -> Callable[[], object]:
        where = model.emmeans("ARMCD | AVISIT")
        return lambda: model.bootstrap(where, n_resamples=count, method=method, seed=1)

    return [
        measure("us, percentile", 2048, run(2048, "percentile"), repeat, 2048 * 0.0005),
        measure("us, BCa of 8 LS means", 10_000 + n, run(10_000, "bca"), repeat, 6.0),
        measure("us, studentized", 2048, run(2048, "studentized"), repeat),
        measure("us, jackknife", n, lambda: fit.jackknife(means), repeat),
        measure(
            "us, label permutation",
            2048,
            lambda: fit.permutation_test(contrast, by="ARMCD", n_resamples=2048, seed=1),
            repeat,
        ),
        measure("toeph, percentile", 512, run(512, "percentile", fits["toeph"]), repeat),
        measure("ar1, percentile", 512, run(512, "percentile", fits["ar1"]), repeat),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=3)
    found = lines(parser.parse_args().repeat)
    print("| fev_data | refits | CPU s | wall s | ms a refit | goal |\n|---|---|---|---|---|---|")
    for line in found:
        print(line.markdown())
    return int(any(line.goal is not None and line.cpu > line.goal for line in found))


if __name__ == "__main__":
    sys.exit(main())
