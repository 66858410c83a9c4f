"""AIC, AICc and BIC. R mmrm and SAS PROC MIXED count parameters and observations differently.

    AIC = −2ℓ + 2p,   AICc = −2ℓ + 2p n* / (n* − p − 1),   BIC = −2ℓ + p log s

R mmrm: p covariance parameters, also under ML; n* = rows − coefficients; s subjects with an outcome.
SAS: p covariance parameters under REML, coefficients too under ML; n* = rows (ML) or rows − coefficients
(REML); s all subjects of the data (SAS/STAT, The MIXED Procedure, "Mixed Models Theory").
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Counts:
    """What the criteria count.

    n_theta, n_beta: parameters of the covariance and estimable coefficients. n_rows: rows used.
    n_subjects: with a row used. n_subjects_in_data: with any row. reml: whether the likelihood is restricted.
    """

    n_theta: int
    n_beta: int
    n_rows: int
    n_subjects: int
    n_subjects_in_data: int
    reml: bool


def criteria_table(deviance: float, counts: Counts) -> pd.DataFrame:
    """Two rows: convention (R, SAS), n_parameters, deviance, aic, aicc, bic.

    AICc is missing where there are too few rows for it (n* ≤ p + 1).
    """
    left = counts.n_rows - counts.n_beta
    rows = [
        ("R", counts.n_theta, left, counts.n_subjects),
        (
            "SAS",
            counts.n_theta + (0 if counts.reml else counts.n_beta),
            left if counts.reml else counts.n_rows,
            counts.n_subjects_in_data,
        ),
    ]
    return pd.DataFrame(
        [
            (
                name,
                p,
                deviance,
                deviance + 2 * p,
                small_sample_aic(deviance, p, n),
                deviance + p * math.log(s),
            )
            for name, p, n, s in rows
        ],
        columns=["convention", "n_parameters", "deviance", "aic", "aicc", "bic"],
    )


def small_sample_aic(deviance: float, p: int, n: int) -> float:
    """AICc (Hurvich & Tsai 1989); NaN where n ≤ p + 1."""
    return deviance + 2 * p * n / (n - p - 1) if n > p + 1 else math.nan
