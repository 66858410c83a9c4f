"""Generator and engine together: the mixed model finds the population that raw means miss after dropout."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import emostats as em
from emostats.simulate import PUBLISHED_DESIGN, population_values, simulate_study
from emostats.study.instruments import instruments_folder, read_instrument
from emostats.study.scoring import score

CELL = ["SEX", "AGEBAND", "AVISIT"]


@pytest.fixture(scope="module")
def social_interest() -> pd.DataFrame:
    """Social interest of 16,000 simulated children with the demo's dropout, one row a child × visit."""
    study = simulate_study(PUBLISHED_DESIGN.with_children(4_000), seed=5)
    instrument = read_instrument(instruments_folder() / "family_questionnaire.toml")
    parts = []
    for visit, form in study.questionnaires.items():
        scores = score(instrument, form[list(instrument.item_ids)])
        values = scores.loc[scores["PARAMCD"] == "SOCINT", "AVAL"].to_numpy()
        parts.append(pd.DataFrame({"USUBJID": form["Child ID"], "AVISIT": visit, "AVAL": values}))
    children = pd.DataFrame(
        {
            "USUBJID": study.children["Child ID"],
            "SEX": pd.Categorical(study.children["Sex"].map({"boy": "M", "girl": "F"})),
            "AGEBAND": pd.Categorical(
                np.where(study.children["Age at baseline (years)"] < 7, "1–6", "7–12"), ["1–6", "7–12"]
            ),
        }
    )
    rows = pd.concat(parts).dropna().merge(children, on="USUBJID")
    rows["AVISIT"] = pd.Categorical(rows["AVISIT"], list(study.questionnaires))
    return rows


@pytest.fixture(scope="module")
def truth() -> pd.Series:
    table = population_values().query("parameter == 'SOCINT'")
    return table.set_index(["sex", "age_band", "visit"])["value"].rename_axis(CELL)


def test_ls_means_are_the_population_means_within_their_standard_errors(social_interest, truth):
    fit = em.mmrm("AVAL ~ AVISIT * SEX * AGEBAND + us(AVISIT | USUBJID)", social_interest)
    means = fit.emmeans("SEX * AGEBAND | AVISIT").table().astype(dict.fromkeys(CELL, str)).set_index(CELL)
    z = ((means["estimate"] - truth) / means["std_error"]).to_numpy()
    assert z.size == 16 and not np.isnan(z).any()
    assert np.abs(z).max() < 3.5


def test_raw_means_after_dropout_are_too_high(social_interest, truth):
    """Children with low scores leave more often, so who is left looks better than the whole group."""
    groups = social_interest.groupby(CELL, observed=True)["AVAL"]
    raw = groups.agg(["mean", "sem"]).reset_index().astype(dict.fromkeys(CELL, str)).set_index(CELL)
    z = (raw["mean"] - truth) / raw["sem"]
    last = z.xs("WEEK12", level="AVISIT")
    assert (last > 2.5).all()
