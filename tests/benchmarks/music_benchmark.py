"""The music room's figures: python tests/benchmarks/music_benchmark.py --sessions 10000 --logs 300

Prints, on simulated children alone: the time of a decision, time to target and safety violations of the
policies over the whole family, worst cases included, and how often off-policy intervals cover the truth. What
the children are stands in docs/music-simulator.md.
"""

from __future__ import annotations

import argparse
import sys
from math import ceil
from time import perf_counter, process_time

import numpy as np
import pandas as pd

from emostats.music.belief import Prior, new_child
from emostats.music.off_policy import ESTIMATORS, off_policy
from emostats.music.policy import PolicySettings, Situation, choose
from emostats.music.safety import History, Limits, prepare
from emostats.music.simulation.logs import draw_log
from emostats.music.simulation.run import Plan, simulate
from emostats.music.simulation.scenario import draw_library
from emostats.music.simulation.summary import ALL, compare
from emostats.music.state import FilterSettings, observe, unknown

ISO_STEPS = (0.45, 0.6, 0.75)
OPEN_POLICIES = ("random", "popularity", "iso")


def decision_time(n_tracks: int, repeats: int = 200) -> pd.DataFrame:
    """Milliseconds of a decision (processor time), median and 95th percentile."""
    rng = np.random.default_rng(0)
    library, _ = draw_library(n_tracks, rng)
    limits, settings = Limits(), FilterSettings()
    history = History.of(library)
    state = unknown(settings)
    for second in range(1, 100):
        state = observe(state, float(second), [-0.5, 0.6, 0.5], settings)
    history.note(int(np.argmin(((library.affect - state.mean[:2]) ** 2).sum(axis=1))), -23.0, 90.0)
    now = Situation(library, prepare(library, limits), limits, history, state, np.array([0.5, -0.2]))
    belief, rows = new_child(Prior()), []
    for method in ("thompson", "linucb", "iso"):
        times = []
        for _ in range(repeats):
            start = process_time()
            choose(now, belief, PolicySettings(method=method), rng)  # type: ignore[arg-type]
            times.append(1000 * (process_time() - start))
        rows.append((method, n_tracks, float(np.median(times)), float(np.quantile(times, 0.95))))
    return pd.DataFrame(rows, columns=["policy", "tracks", "median_ms", "p95_ms"])


def policies() -> dict[str, tuple[PolicySettings, bool]]:
    """Name → settings, and whether the safety rules hold."""
    guarded = {"random": PolicySettings(method="random"), "popularity": PolicySettings(method="popularity")}
    guarded |= {f"iso, step {step:g}": PolicySettings(method="iso", step=step) for step in ISO_STEPS}
    guarded |= {"linucb": PolicySettings(method="linucb"), "thompson": PolicySettings()}
    found = {name: (settings, True) for name, settings in guarded.items()}
    for name in OPEN_POLICIES:
        found[f"{name}, no rules"] = (PolicySettings(method=name), False)  # type: ignore[arg-type]
    return found


def family(sessions: int, seed: int) -> pd.DataFrame:
    """All policies over the same children."""
    clinics = ceil(sessions / 200)
    libraries = min(5, clinics)
    results = {}
    for name, (settings, guard) in policies().items():
        plan = Plan(libraries=libraries, clinics=ceil(clinics / libraries), seed=seed, guard=guard)
        start = perf_counter()
        results[name] = simulate(plan, settings)
        print(f"  {name}: {perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    means = {name: table["seconds"].mean() for name, table in results.items() if name.startswith("iso, step")}
    best = min(means, key=lambda name: means[name])
    table = compare(results, best)
    against_random = compare({name: results[name] for name in ("random", "thompson", "linucb")}, "random")
    return pd.concat([table.assign(than=best), against_random.assign(than="random")], ignore_index=True)


def coverage(logs: int, children: int, seed: int) -> pd.DataFrame:
    """Share of logs whose 95 % intervals hold the true value of another policy in their situations."""
    logging = PolicySettings(method="thompson", floor=0.3, most=12, spread=1.0)
    other = PolicySettings(method="linucb", floor=0.1, most=12)
    plan = Plan(clinics=1, children=children, seed=seed, veto_rate=0.0)
    found, truth = [], []
    for number in range(logs):
        rounds, copies = draw_log(plan, logging, other, number=number)
        found.append(off_policy(rounds, n_resamples=999, seed=number).table().assign(log=number))
        truth.append((copies.sum(), len(copies), copies.var(ddof=1)))
    total, n, _ = np.array(truth).sum(axis=0)
    value = total / n
    table = pd.concat(found, ignore_index=True)
    table["covers"] = (table["conf_low"] <= value) & (value <= table["conf_high"])
    table["error"] = table["estimate"] - value
    rows = [
        (name, value, part["error"].mean(), part["error"].std(), part["covers"].mean(), len(part))
        for name in ESTIMATORS
        for part in [table[table["estimator"] == name]]
    ]
    return pd.DataFrame(rows, columns=["estimator", "truth", "bias", "sd", "coverage", "logs"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=400)
    parser.add_argument("--logs", type=int, default=20)
    parser.add_argument("--children", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20250)
    arguments = parser.parse_args()
    show = {"float_format": lambda x: f"{x:.3f}", "index": False}
    print("Decisions\n" + decision_time(10_000).to_string(**show), flush=True)
    if arguments.sessions:
        table = family(arguments.sessions, arguments.seed)
        print(f"\nSimulated children, all kinds\n{table[table['kind'] == ALL].to_string(**show)}", flush=True)
        worst = table[table["policy"].isin(["thompson", "linucb"]) & (table["kind"] != ALL)]
        print(f"\nBy kind of child\n{worst.to_string(**show)}", flush=True)
    if arguments.logs:
        table = coverage(arguments.logs, arguments.children, arguments.seed)
        print(f"\nOff-policy intervals\n{table.to_string(**show)}")


if __name__ == "__main__":
    main()
