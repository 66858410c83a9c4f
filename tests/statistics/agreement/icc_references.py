"""The reference figures of tests/reference/icc, and an oracle for REML that shares no code with the room."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parents[2] / "reference" / "icc"

SINGLE = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)")
FORMS = (*SINGLE, "ICC(1,k)", "ICC(2,k)", "ICC(3,k)")


@cache
def reference(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def cases(name: str, key: str = "cases") -> dict[str, dict[str, Any]]:
    return {case["id"]: case for case in reference(name)[key]}


def table(rows: list[list[float | None]]) -> np.ndarray:
    return np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=float)


def large(missing: bool) -> np.ndarray:
    return np.genfromtxt(FOLDER / f"large_5000x10{'_missing' * missing}.csv", delimiter=",")


def long(values: np.ndarray) -> pd.DataFrame:
    """One row a rating, shuffled, without the missing ones."""
    n, k = values.shape
    frame = pd.DataFrame(
        {
            "clip": np.repeat([f"clip {i:04d}" for i in range(n)], k),
            "expert": np.tile([f"expert {j}" for j in range(k)], n),
            "score": values.ravel(),
        }
    )
    return frame.dropna().sample(frac=1.0, random_state=1).reset_index(drop=True)


def dense_criterion(values: np.ndarray, var_target: float, var_rater: float, var_error: float) -> float:
    """−2 restricted log-likelihood of y = μ + s + r + e with random raters, by the full covariance matrix."""
    target, rater = np.nonzero(~np.isnan(values))
    y = values[target, rater]
    V = var_error * np.eye(len(y))
    V += var_target * (target[:, None] == target) + var_rater * (rater[:, None] == rater)
    ones = np.ones(len(y))
    solved = np.linalg.solve(V, np.column_stack([ones, y]))
    x = ones @ solved[:, 0]
    residual = y @ solved[:, 1] - (ones @ solved[:, 1]) ** 2 / x
    constant = (len(y) - 1) * np.log(2 * np.pi)
    return float(constant + np.linalg.slogdet(V)[1] + np.log(x) + residual)
