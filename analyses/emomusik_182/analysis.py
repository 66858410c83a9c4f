"""The planned analysis of the 182-child study, on SIMULATED data.

    python analyses/emomusik_182/analysis.py [NEW FOLDER]

1. Simulate the study: a workbook as a study office keeps it, and the study file that describes it.
2. Run the plan in the study file: a mixed model for repeated measures of every score over the four visits by
   sex and age band, a bootstrap over children of the changes, agreement of the blind experts.
3. Because the data are simulated, the truth is known: put the estimates beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

import emostats as em
from emostats.simulate import population_values, write_study

SEX = {"M": "Boys", "F": "Girls"}


def main(folder: Path) -> tuple[Path, pd.DataFrame]:
    """Writes and analyses a simulated study in `folder`; returns the run, and estimates beside truth."""
    study = write_study(folder)
    run = em.run_study(study, folder / "runs")
    estimates = pd.read_csv(run / "results" / "estimates.csv", keep_default_na=False, na_values={})
    return run, beside_truth(estimates)


def beside_truth(estimates: pd.DataFrame) -> pd.DataFrame:
    """LS means and ICCs of each subgroup with their intervals and the population value they are to cover."""
    truth = population_values()
    truth = truth[truth["sex"] != ""].assign(
        level=lambda rows: rows["sex"].map(SEX) + ", " + rows["age_band"]
    )
    kinds = {"ls_mean": "mean", "icc": "icc", "proportion": "matching accuracy"}
    mine = estimates[estimates["kind"].isin(kinds) & (estimates["subgroup"] == "SEX:AGEBAND")]
    mine = mine.assign(quantity=mine["kind"].map(kinds))
    columns = ["estimate", "conf_low", "conf_high"]
    mine[columns] = mine[columns].apply(pd.to_numeric)
    keys = ["quantity", "parameter", "visit", "level"]
    both = truth[[*keys, "value", "source"]].merge(mine[[*keys, *columns]], on=keys, validate="one_to_one")
    return both.assign(covered=both["value"].between(both["conf_low"], both["conf_high"]))


if __name__ == "__main__":
    folder, comparison = main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/emomusik_182"))
    published = comparison[comparison["source"] == "paper, abstract"]
    print("SIMULATED DATA. The four published means, and what a sample of 182 children shows of them:\n")
    print(published.drop(columns="source").round(3).to_string(index=False))
    covered = comparison.groupby("quantity")["covered"].agg(["sum", "size"])
    print("\nIntervals (95 %) that cover the population value:\n")
    print(covered.to_string())
    print(f"\nThe report: {folder / 'report.html'}")
