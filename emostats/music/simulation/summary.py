"""Compares policies over the same simulated children."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import pandas as pd

from emostats.music.policy import PolicySettings
from emostats.music.simulation.children import KINDS
from emostats.music.simulation.run import Plan, simulate
from emostats.statistics.resampling import bootstrap

ALL = "all"


def compare_policies(
    plan: Plan, policies: Sequence[str], progress: Callable[[str, float, float], None]
) -> tuple[pd.DataFrame, str]:
    """Runs the policies over the same children; the table of `compare`, and the policy it compares with:
    ``iso`` where it is among them, the last one otherwise.

    Raises
    ------
    UsageError: no such policy, before anything is run.
    """
    settings = {name: PolicySettings(method=name) for name in policies}  # type: ignore[arg-type]
    results = {name: simulate(plan, each, partial(progress, name)) for name, each in settings.items()}
    reference = "iso" if "iso" in results else policies[-1]
    return compare(results, reference), reference


def compare(results: Mapping[str, pd.DataFrame], reference: str) -> pd.DataFrame:
    """One row a policy × kind of child (and ``all``).

    Parameters
    ----------
    results: by policy, tables of `run.simulate` with the same plan. reference: the policy to compare with.

    Returns
    -------
    Columns policy, kind, sessions, seconds (restricted mean time to target), reached (share), regret,
    violations, shorter (1 − ratio of mean times to the reference), conf_low, conf_high (95 %, bootstrap of
    children; of clinics where there are at least ten and all kinds are taken together).
    """
    rows = []
    for policy, table in results.items():
        other = results[reference]
        for kind in (ALL, *KINDS):
            keep = table["kind"].notna() if kind == ALL else table["kind"] == kind
            if keep.any():
                rows.append(_row(policy, kind, table[keep], other[keep.to_numpy()]))
    return pd.DataFrame(rows)


def _row(policy: str, kind: str, table: pd.DataFrame, other: pd.DataFrame) -> dict[str, object]:
    shorter = 1.0 - table["seconds"].mean() / other["seconds"].mean()
    low, high = _limits(table, other, kind)
    return {
        "policy": policy,
        "kind": kind,
        "sessions": len(table),
        "seconds": table["seconds"].mean(),
        "reached": table["reached"].mean(),
        "regret": table["regret"].mean(),
        "violations": int(table["violations"].sum()),
        "shorter": shorter,
        "conf_low": low,
        "conf_high": high,
    }


def _limits(table: pd.DataFrame, other: pd.DataFrame, kind: str) -> tuple[float, float]:
    clinics = ["library", "clinic"]
    many = kind == ALL and len(table[clinics].drop_duplicates()) >= 10
    unit = clinics if many else [*clinics, "child"]
    pairs = table[[*clinics, "child"]].assign(mine=table["seconds"], theirs=other["seconds"].to_numpy())
    sums = pairs.groupby(unit)[["mine", "theirs"]].sum()
    if len(sums) < 3 or (sums["mine"] == sums["theirs"]).all():
        return float("nan"), float("nan")
    found = bootstrap(
        sums.reset_index(drop=True), "ratio_of_means", unit=None, columns=["theirs", "mine"],
        method="percentile", n_resamples=1999, seed=1,
    )  # fmt: skip
    return 1.0 - float(found.conf_high), 1.0 - float(found.conf_low)
