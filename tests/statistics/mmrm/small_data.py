"""Small simulated trials for the tests: few subjects, gaps, uneven times, weights."""

from __future__ import annotations

import numpy as np
import pandas as pd

VISITS = ("V1", "V2", "V3", "V4")


def small_trial(
    n_subjects: int = 26, *, seed: int = 7, gaps: float = 0.2, visits: tuple[str, ...] = VISITS
) -> pd.DataFrame:
    """One row a subject × visit: ID, ARM (A, B), VISIT, AGE, Y (gaps), W (weights), DAY, DEPTH (places)."""
    rng = np.random.default_rng(seed)
    T = len(visits)
    rows = pd.DataFrame(
        {
            "ID": np.repeat([f"S{i:02d}" for i in range(n_subjects)], T),
            "VISIT": pd.Categorical(np.tile(visits, n_subjects), categories=visits),
        }
    )
    arm = np.repeat(np.arange(n_subjects) % 2, T)
    rows["ARM"] = pd.Categorical(np.where(arm == 0, "A", "B"), categories=["A", "B"])
    rows["AGE"] = np.repeat(rng.uniform(2, 12, n_subjects), T).round(2)
    index = np.tile(np.arange(T), n_subjects)
    rows["DAY"] = (index + rng.uniform(-0.3, 0.3, len(rows))).round(3)
    rows["DEPTH"] = rng.normal(0, 0.5, len(rows)).round(3)
    rows["W"] = rng.uniform(0.5, 2.0, len(rows)).round(3)
    own = np.repeat(rng.normal(0, 1.2, n_subjects), T)
    drift = np.repeat(rng.normal(0, 0.5, n_subjects), T) * index
    noise = rng.normal(0, 1.0 + 0.3 * index)
    rows["Y"] = 10 + 0.8 * index + 1.5 * arm + 0.3 * arm * index + 0.1 * rows["AGE"] + own + drift + noise
    missing = rng.uniform(size=len(rows)) < gaps
    missing[::T] &= rng.uniform(size=n_subjects) < 0.5
    rows.loc[missing, "Y"] = np.nan
    return rows


def complete_trial(n_subjects: int = 20, *, seed: int = 3, visits: tuple[str, ...] = VISITS) -> pd.DataFrame:
    """`small_trial` without gaps."""
    return small_trial(n_subjects, seed=seed, gaps=0.0, visits=visits)
