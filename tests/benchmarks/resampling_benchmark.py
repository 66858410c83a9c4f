"""Speed and memory of em.bootstrap beside scipy.stats.bootstrap, and the time of multivariate t comparisons.

    python tests/benchmarks/resampling_benchmark.py [--quick] [--repeat 5]

Each case runs in a process of its own with one thread: once to warm up, then `repeat` times; the median of
the processor time counts, which other work on the machine disturbs little. Peak memory is the process's
highest resident size beyond what it held before the call. SciPy is run at several batch sizes and its best
one is the peer; its default batch (all resamples at once) is run for its memory. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
BATCHES = (10, 30, 100, 300, 1000)
N = B = 10_000


def skewed() -> np.ndarray:
    return np.random.default_rng(1).gamma(2.0, size=N)


def two_columns() -> np.ndarray:
    rng = np.random.default_rng(2)
    x = rng.normal(size=N)
    return np.column_stack([x, 0.5 * x + rng.normal(size=N)])


def vectorised_correlation(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
    """Pearson's correlation along an axis, the form that SciPy's documentation recommends for speed."""
    x = x - x.mean(axis=axis, keepdims=True)
    y = y - y.mean(axis=axis, keepdims=True)
    return np.sum(x * y, axis=axis) / np.sqrt(np.sum(x * x, axis=axis) * np.sum(y * y, axis=axis))


def ours(data: np.ndarray, statistic: Any, **options: Any) -> Callable[[], Any]:
    import emostats as em

    return lambda: em.bootstrap(data, statistic, unit=None, n_resamples=B, seed=1, **options)


def scipy_mean(batch: int | None) -> Callable[[], Any]:
    from scipy import stats

    x = skewed()
    return lambda: stats.bootstrap((x,), np.mean, n_resamples=B, batch=batch, method="BCa", rng=1)


def scipy_correlation(batch: int) -> Callable[[], Any]:
    from scipy import stats

    x, y = two_columns().T
    return lambda: stats.bootstrap(
        (x, y),
        vectorised_correlation,
        n_resamples=B,
        batch=batch,
        paired=True,
        vectorized=True,
        method="BCa",
        rng=1,
    )


def comparisons(k: int) -> Callable[[], Any]:
    """All pairwise comparisons of k independent means: p-values and the critical value."""
    from itertools import combinations

    from emostats.statistics.multiplicity import directions, max_abs_t_quantile, mvt_adjust

    L = np.zeros((k * (k - 1) // 2, k))
    for row, (i, j) in enumerate(combinations(range(k), 2)):
        L[row, i], L[row, j] = 1, -1
    correlation = L @ L.T / 2
    t = np.linspace(1, 4, len(L))

    def run() -> float:
        directions.cached_cell_angles.cache_clear()
        mvt_adjust(t, correlation, 30.0)
        return max_abs_t_quantile(0.95, correlation, 30.0)

    return run


def slope(frame: Any) -> float:
    x, y = frame["x"].to_numpy(), frame["y"].to_numpy()
    x = x - x.mean()
    return float(x @ y / (x @ x))


def clusters(statistic: Any) -> Callable[[], Any]:
    """The cluster bootstrap of a slope: 182 children with 4 rows each."""
    import pandas as pd

    import emostats as em

    rng = np.random.default_rng(3)
    data = pd.DataFrame({"id": np.repeat(np.arange(182), 4), "x": np.tile(np.arange(4.0), 182)})
    data["y"] = data["x"] + rng.normal(size=182).repeat(4) + rng.normal(size=728)
    options = {"columns": ["x", "y"]} if statistic == "slope" else {}
    return lambda: em.bootstrap(data, statistic, unit="id", n_resamples=B, seed=1, **options)


CASES: dict[str, Callable[[], Callable[[], Any]]] = {
    "ours mean": lambda: ours(skewed(), "mean"),
    **{f"scipy mean batch {batch}": (lambda b=batch: scipy_mean(b)) for batch in BATCHES},
    "scipy mean default": lambda: scipy_mean(None),
    "ours correlation": lambda: ours(two_columns(), "corr"),
    **{f"scipy correlation batch {batch}": (lambda b=batch: scipy_correlation(b)) for batch in BATCHES},
    "ours median": lambda: ours(skewed(), "median"),
    "ours mean studentized": lambda: ours(skewed(), "mean", method="studentized"),
    "ours mean bayesian": lambda: ours(skewed(), "mean", method="bayesian"),
    "cluster slope by name": lambda: clusters("slope"),
    "cluster slope by function": lambda: clusters(slope),
    **{f"comparisons of {k} means": (lambda n=k: comparisons(n)) for k in (3, 4, 5, 6, 7, 8)},
}
ONCE = ("scipy mean default", "cluster slope by function")


def measure(name: str, repeat: int) -> dict[str, float]:
    """Median processor seconds, and peak MiB beyond what was held before, of one case in this process."""
    call = CASES[name]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(1 if name in ONCE else repeat + 1):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"seconds": median(seconds[1:] or seconds), "peak": peak / 1024}


def in_a_process(name: str, repeat: int) -> dict[str, float]:
    command = [sys.executable, str(Path(__file__).resolve()), "--case", name, "--repeat", str(repeat)]
    done = subprocess.run(
        command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def report(found: dict[str, dict[str, float]]) -> str:
    lines = [
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy "
        f"{np.__version__}; "
        "one thread, medians.",
        "",
        "| case | processor seconds | peak MiB |",
        "| --- | ---: | ---: |",
        *(f"| {name} | {item['seconds']:.3f} | {item['peak']:.0f} |" for name, item in found.items()),
        "",
    ]
    for kind, goal in (("mean", 1.0), ("correlation", 3.0)):
        peers = {name: item for name, item in found.items() if name.startswith(f"scipy {kind} batch")}
        best = min(peers, key=lambda name: peers[name]["seconds"])
        ratio = peers[best]["seconds"] / found[f"ours {kind}"]["seconds"]
        lines.append(f"- {kind}: {ratio:.1f} times as fast as {best} (goal: at least {goal:g})")
    if "scipy mean default" in found:
        share = found["ours mean"]["peak"] / found["scipy mean default"]["peak"]
        lines.append(f"- mean: {share:.1%} of the peak memory of SciPy's default batch (goal: at most 10 %)")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="the mean and the correlation only")
    options = parser.parse_args()
    if options.case:
        print(json.dumps(measure(options.case, options.repeat)))
        return
    names = [
        name
        for name in CASES
        if not options.quick or ("mean" in name and "means" not in name) or "corr" in name
    ]
    print(report({name: in_a_process(name, options.repeat) for name in names}))


if __name__ == "__main__":
    main()
