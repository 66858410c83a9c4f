"""Real children: social development from age 2 to 13, run as planned and compared with R.

    python analyses/autism_vsae/analysis.py [FOLDER FOR RUNS]

The plan stands in study.toml: one unstructured covariance over five ages, means by expressive language and by
sex, Satterthwaite's degrees of freedom, a bootstrap over children beside it. The same model was fitted in R
(package mmrm 0.3.18); every figure must agree in the digits that R's output states, the degrees of freedom in
four (README.md says why).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import emostats as em

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Figure:
    """A figure of R's output: where it stands in our estimates, its value, and decimals that must agree."""

    name: str
    where: dict[str, str]
    column: str
    value: float
    decimals: int


BOY = {"kind": "coefficient", "term": "SEXM"}

R_FIGURES = (
    Figure("AIC", {"kind": "fit", "term": "AIC"}, "estimate", 4336.778, 3),
    Figure("effect of being a boy", BOY, "estimate", -0.6569, 4),
    Figure("— its standard error", BOY, "std_error", 0.7508, 4),
    Figure("— its degrees of freedom", BOY, "den_df", 156.50, 1),
    *(
        Figure(
            f"LS mean at age 13, {level.lower()}",
            {"kind": "ls_mean", "visit": "AGE13", "subgroup": "SICDEGP", "level": level},
            "estimate",
            months,
            1,
        )
        for level, months in (("High language", 95.8), ("Low language", 42.0), ("Medium language", 49.6))
    ),
)


def main(runs: Path) -> tuple[Path, pd.DataFrame]:
    """Runs the plan into a new folder in `runs`; returns that folder and the comparison with R."""
    run = em.run_study(HERE / "study.toml", runs)
    estimates = pd.read_csv(run / "results" / "estimates.csv", keep_default_na=False, na_values={})
    return run, compared_with_r(estimates[estimates["analysis"] == "primary"])


def compared_with_r(estimates: pd.DataFrame) -> pd.DataFrame:
    """One row a figure: R's value, ours, and whether ours rounds to R's."""
    rows = [(figure.name, figure.value, look_up(estimates, figure), figure.decimals) for figure in R_FIGURES]
    table = pd.DataFrame(rows, columns=["figure", "R", "emostats", "decimals"])
    half_a_digit = 0.5 * 10.0 ** -table["decimals"] * (1 + 1e-9)
    return table.assign(agrees=(table["R"] - table["emostats"]).abs() <= half_a_digit)


def look_up(estimates: pd.DataFrame, figure: Figure) -> float:
    """The one estimate at the place of a figure."""
    rows = estimates
    for column, value in figure.where.items():
        rows = rows[rows[column] == value]
    (found,) = rows[figure.column]
    return float(found)


if __name__ == "__main__":
    folder, comparison = main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs"))
    print(comparison.to_string(index=False))
    print(f"\nThe report: {folder / 'report.html'}")
    if not comparison["agrees"].all():
        sys.exit("A figure differs from R's.")
