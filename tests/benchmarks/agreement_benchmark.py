"""Speed of the agreement room beside its peer, in one run.

    python tests/benchmarks/agreement_benchmark.py [--repeat 15] [--write FILE]

5,000 targets × 10 raters (simulated), complete and with 20 % of the ratings missing, and 182 × 3 for the
bootstrap. One thread. Ours and the peer take turns; each figure is the median CPU time of the repeats after
a warm-up, from the data to the finished table. Prints Markdown with the goals beside the figures.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before numpy is loaded

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

import emostats as em  # noqa: E402
from emostats.statistics.agreement import krippendorff_alpha, mcdonald_omega  # noqa: E402


def ratings(n: int, k: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y = 50 + 8 * rng.normal(size=(n, 1)) + 0.8 * rng.normal(size=k) + 6 * rng.normal(size=(n, k))
    return np.round(y)


def long(values: np.ndarray, text: bool) -> pd.DataFrame:
    n, k = values.shape
    target, rater = np.repeat(np.arange(n), k), np.tile(np.arange(k), n)
    frame = pd.DataFrame({"target": target, "rater": rater, "rating": values.ravel()})
    if text:
        frame["target"] = frame["target"].map("child {:04d}".format)
        frame["rater"] = frame["rater"].map("expert {}".format)
    return frame


def seconds(call: Callable[[], object]) -> float:
    """CPU time of this process, which other work on the machine does not stretch as it does the clock."""
    start = time.process_time()
    call()
    return time.process_time() - start


def medians(calls: dict[str, Callable[[], object]], repeat: int) -> dict[str, float]:
    """Median seconds of each, taking turns so that a busy machine slows all alike."""
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeat):
        for name, call in calls.items():
            times[name].append(seconds(call))
    return {name: median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    import pingouin as pg

    complete, small = ratings(5000, 10, 1), ratings(182, 3, 2)
    gaps = complete.copy()
    gaps[np.random.default_rng(3).random(gaps.shape) < 0.2] = np.nan
    numbers, texts, small_long = long(complete, False), long(complete, True), long(small, True)
    names = {"targets": "target", "raters": "rater", "ratings": "rating"}
    time_of = medians(
        {
            "pingouin, integer labels": lambda: pg.intraclass_corr(numbers, **names),
            "pingouin, text labels": lambda: pg.intraclass_corr(texts, **names),
            "long, integer labels": lambda: em.icc(numbers, **names).table(),
            "long, text labels": lambda: em.icc(texts, **names).table(),
            "matrix, anova": lambda: em.icc(complete, interval="anova"),
            "matrix, anova, table": lambda: em.icc(complete, interval="anova").table(),
            "matrix, auto": lambda: em.icc(complete).table(),
            "pingouin, 182 × 3": lambda: pg.intraclass_corr(small_long, **names),
        },
        options.repeat,
    )
    slow = medians(
        {
            "gaps, profile": lambda: em.icc(gaps, interval="profile").table(),
            "gaps, auto": lambda: em.icc(gaps).table(),
            "bootstrap": lambda: em.icc(small, interval="bootstrap", n_resamples=10_000, seed=1).table(),
            "bootstrap, BCa": lambda: em.icc(small, interval="bca", n_resamples=10_000, seed=1).table(),
            "alpha": lambda: krippendorff_alpha(small, level="ordinal", n_resamples=10_000),
            "omega": lambda: mcdonald_omega(small, n_resamples=1_999),
        },
        max(3, options.repeat // 3),
    )
    page = report({**time_of, **slow})
    print(page)
    if options.write is not None:
        options.write.write_text(page, encoding="utf-8")


def report(t: dict[str, float]) -> str:
    def ratio(peer: str, ours: str) -> str:
        return f"{t[peer] / t[ours]:.0f}× faster than pingouin"

    per_call = t["pingouin, 182 × 3"]
    rows = [
        ("pingouin.intraclass_corr, 5,000 × 10, integer / text labels", None, ""),
        ("icc from a long frame, integer labels, to the table", "long, integer labels",
         f"≥ 6×: {ratio('pingouin, integer labels', 'long, integer labels')}"),
        ("icc from a long frame, text labels, to the table", "long, text labels",
         f"≥ 6×: {ratio('pingouin, text labels', 'long, text labels')}"),
        ("icc from a matrix, interval='anova'", "matrix, anova",
         f"≥ 50×: {ratio('pingouin, integer labels', 'matrix, anova')}"),
        ("the same with its table", "matrix, anova, table",
         f"≥ 50×: {ratio('pingouin, integer labels', 'matrix, anova, table')}"),
        ("icc from a matrix, interval='auto', to the table", "matrix, auto", ""),
        ("20 % missing: REML, six forms, profile limits", "gaps, profile", "< 1 s"),
        ("20 % missing: REML, six forms, interval='auto'", "gaps, auto", ""),
        ("10,000 resamples of 182 × 3, six forms, percentile", "bootstrap",
         f"≤ 0.2 s; through pingouin about {per_call * 10_000:.0f} s ({1000 * per_call:.1f} ms a call)"),
        ("10,000 resamples of 182 × 3, six forms, BCa", "bootstrap, BCa", ""),
        ("Krippendorff's α with 10,000 resamples, 182 × 3", "alpha", ""),
        ("McDonald's ω with 1,999 refits", "omega", ""),
    ]  # fmt: skip
    lines = [
        f"# Speed of the agreement room\n\nPython {platform.python_version()}, numpy {np.__version__}, "
        f"pandas {pd.__version__}, "
        f"one thread; medians of CPU time.\n",
        "| task | time | goal and figure |",
        "|---|---|---|",
    ]
    for name, key, goal in rows:
        if key is None:
            both = f"{1000 * t['pingouin, integer labels']:.1f} / {1000 * t['pingouin, text labels']:.1f} ms"
            lines.append(f"| {name} | {both} | {goal} |")
        else:
            lines.append(f"| {name} | {1000 * t[key]:.2f} ms | {goal} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
