"""What if the patients who left did worse? A trial with dropout, under five assumptions.

    python analyses/antidepressant/analysis.py [FOLDER FOR THE FIGURE]

The mixed model of the trial is fitted once. Missing outcomes are then imputed as if patients who left had
gone on as others of their arm (MAR), or like the placebo arm in four ways, and each completed trial is
analysed by ANCOVA at the last visit. Standard errors are jackknifes: the model is refitted without each
patient. The figures under MAR and jump to reference, and the tipping point, must agree with those of R rbmi.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

import emostats as em
from emostats.figures import standalone
from emostats.statistics.missing import Ancova, impute

HERE = Path(__file__).resolve().parent
FORMULA = "CHANGE ~ THERAPY + VISIT + BASVAL*VISIT + THERAPY*VISIT + us(VISIT | PATIENT)"
AT_THE_END = {"kind": "contrast", "level": "PLACEBO - DRUG", "VISIT": "7"}
ANALYSIS = Ancova(covariates=["BASVAL"], reference="DRUG")
STRATEGIES = ("MAR", "LMCF", "CIR", "CR", "J2R")
RBMI = {"MAR": (2.801834, 1.106719), "J2R": (2.125580, 0.858135)}
"""rbmi's estimate and jackknife standard error of placebo minus drug at visit 7."""
RBMI_TIPPING_POINT = 2.507760
DIGIT = 0.5e-6


def read() -> pd.DataFrame:
    """The trial, one row a patient × visit seen."""
    text = {"PATIENT": "string", "VISIT": "string"}
    return pd.read_csv(HERE / "data" / "antidepressant_hamd17.csv", dtype=text)


def main(folder: Path | None = None) -> pd.DataFrame:
    """One row a strategy: estimate, std_error, p_value of placebo minus drug, and rbmi's figures.

    Raises
    ------
    SystemExit: a figure differs from rbmi's in a stated digit.
    """
    fit = em.mmrm(FORMULA, read())
    rows = []
    for strategy in STRATEGIES:
        imputation = impute(fit, arm="THERAPY", strategy=strategy, reference="PLACEBO")
        found = imputation.analyse(ANALYSIS)
        line = found.table().iloc[found.row(AT_THE_END)]
        rows.append(
            (
                strategy,
                line["estimate"],
                line["std_error"],
                line["p_value"],
                *RBMI.get(strategy, (np.nan,) * 2),
            )
        )
    columns = ["strategy", "estimate", "std_error", "p_value", "rbmi_estimate", "rbmi_std_error"]
    table = pd.DataFrame(rows, columns=columns)
    tipping = impute(fit, arm="THERAPY").tipping_point(ANALYSIS, delta={"DRUG": 1.0}, of=AT_THE_END)
    print(table.to_string(index=False, float_format=lambda value: f"{value:.6f}"))
    print(f"Tipping point: {tipping.message} (rbmi: {RBMI_TIPPING_POINT})")
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        drawing = tipping.plot(label="Points of HAMD-17 added to imputed changes under DRUG")
        (folder / "tipping_point.svg").write_text(standalone(drawing), encoding="utf-8")
    _compare(table, tipping.delta)
    return table


def _compare(table: pd.DataFrame, tipping: float | None) -> None:
    known = table.dropna()
    apart = np.abs(
        known[["estimate", "std_error"]].to_numpy() - known[["rbmi_estimate", "rbmi_std_error"]].to_numpy()
    )
    if (apart > DIGIT).any() or tipping is None or abs(tipping - RBMI_TIPPING_POINT) > DIGIT:
        raise SystemExit("These figures differ from those of rbmi in a stated digit.")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
