"""How PROC MIXED names and rounds things: effects as combinations of our coefficients, printed precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from slow_reference import natural_theta

LEVELS: Mapping[str, tuple[str, ...]] = {
    "ARMCD": ("PBO", "TRT"),
    "AVISIT": ("VIS1", "VIS2", "VIS3", "VIS4"),
    "SEX": ("Male", "Female"),
    "RACE": ("Asian", "Black or African American", "White"),
}


def half_unit(value: float) -> float:
    """Half a unit of the last digit that a listing prints: four decimals, two above 100, one above 1000."""
    size = abs(value)
    return 0.5e-4 if size < 100 else 0.5e-2 if size < 1000 else 0.05


def cell_of(effect: str) -> dict[str, str]:
    """``"AVISIT*ARMCD VIS2 TRT"`` → ``{"AVISIT": "VIS2", "ARMCD": "TRT"}``."""
    names, _, levels = effect.partition(" ")
    cell: dict[str, str] = {}
    for name in names.split("*"):
        level = next(level for level in LEVELS[name] if levels.startswith(level))
        cell[name] = level
        levels = levels[len(level) :].strip()
    return cell


def two_cells(effect: str) -> tuple[dict[str, str], dict[str, str]]:
    """``"ARMCD TRT PBO"`` → the two cells whose difference the listing shows."""
    names, _, levels = effect.partition(" ")
    cells: tuple[dict[str, str], dict[str, str]] = ({}, {})
    for cell in cells:
        for name in names.split("*"):
            level = next(level for level in LEVELS[name] if levels.startswith(level))
            cell[name] = level
            levels = levels[len(level) :].strip()
    return cells


def mean_row(coef_names: Sequence[str], cell: Mapping[str, str]) -> np.ndarray:
    """The LS mean of a cell as a row over the coefficients: the other factors averaged with equal weights."""
    free = [name for name in LEVELS if name not in cell]
    rows = [
        _cell_row(coef_names, {**cell, **dict(zip(free, levels, strict=True))})
        for levels in product(*(LEVELS[name] for name in free))
    ]
    return np.mean(rows, axis=0)


def _cell_row(coef_names: Sequence[str], cell: Mapping[str, str]) -> np.ndarray:
    present = {"(Intercept)"} | {f"{name}{level}" for name, level in cell.items()}
    return np.array([float(all(part in present for part in name.split(":"))) for name in coef_names])


def effect_rows(coef_names: Sequence[str], effect: str) -> np.ndarray:
    """The type III hypothesis of an effect as SAS spans it: differences of LS means from the reference."""
    factors = effect.split("*")
    reference = {name: LEVELS[name][0] for name in factors}
    rows = []
    for levels in product(*(LEVELS[name][1:] for name in factors)):
        row = np.zeros(len(coef_names))
        for corner in product((0, 1), repeat=len(factors)):
            cell = {
                n: (level if bit else reference[n])
                for n, level, bit in zip(factors, levels, corner, strict=True)
            }
            row += (-1.0) ** (len(factors) - sum(corner)) * mean_row(coef_names, cell)
        rows.append(row)
    return np.array(rows)


def cov_parms(structure: str, Sigma: np.ndarray) -> dict[str, float]:
    """Σ of the visits in SAS' parameters and names."""
    T, theta = len(Sigma), natural_theta(structure, Sigma)
    variances = {f"Var({k + 1})": value for k, value in enumerate(np.diag(Sigma))}
    if structure == "us":
        pairs = [(i, j) for i in range(T) for j in range(i + 1)]
        return {f"UN({i + 1},{j + 1})": Sigma[i, j] for i, j in pairs}
    if structure == "cs":
        return {"CS": theta[0], "Residual": theta[1], "Variance": theta[1]}
    if structure == "ar1":
        return {"AR(1)": theta[1], "Residual": theta[0], "Variance": theta[0]}
    if structure == "toep":
        return {"Residual": theta[0], **{f"TOEP({k + 1})": theta[k] for k in range(1, T)}}
    rest = theta[T:]
    names = {
        "csh": ["CSH"], "ar1h": ["ARH(1)"],
        "toeph": [f"TOEPH({k})" for k in range(1, T)], "adh": [f"Rho({k})" for k in range(1, T)],
    }[structure]  # fmt: skip
    return {**variances, **dict(zip(names, rest, strict=True))}


def is_correlation(parm: str) -> bool:
    """Whether a covariance parameter is a correlation (scale 1) and not a covariance."""
    return parm.startswith(("AR(1)", "ARH", "CSH", "TOEPH", "Rho"))


def visit_order(case: Mapping[str, Any]) -> list[str]:
    """The order in which a listing numbers the visits."""
    visits = list(LEVELS["AVISIT"])
    return visits[1:] + visits[:1] if str(case["id"]).startswith("sas_log") else visits
