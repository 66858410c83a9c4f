"""Average effects: equal to LS means where they should be, and to averaged predictions everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_data import VISITS, complete_trial, small_trial

import emostats as em
from emostats.errors import UsageError

CURVED = "Y ~ ARM * VISIT * poly(AGE, 2) + us(VISIT | ID)"


def fitted(formula: str = CURVED, data: pd.DataFrame | None = None, **options: Any) -> Any:
    return em.mmrm(formula, small_trial(60, seed=4) if data is None else data, **options)


def subjects(data: pd.DataFrame) -> pd.DataFrame:
    """One row a subject that has an outcome."""
    return data.dropna(subset="Y").drop_duplicates("ID")


# -- equal to LS means -----------------------------------------------------------------------------


def test_without_interactions_the_effect_is_the_difference_of_ls_means() -> None:
    fit = fitted("Y ~ ARM * VISIT + AGE + us(VISIT | ID)")
    ours = fit.average_effect("ARM", by="VISIT").table()
    theirs = fit.emmeans("ARM | VISIT").contrasts("trt.vs.ctrl").table()
    pd.testing.assert_frame_equal(ours[theirs.columns], theirs, check_dtype=False)


def test_balanced_factors_average_as_proportional_weights_do() -> None:
    data = complete_trial(30)
    data["SEX"] = np.where(data["ID"].str[1:].astype(int) % 3 == 0, "F", "M")
    fit = fitted("Y ~ ARM * SEX * VISIT + cs(VISIT | ID)", data)
    ours = fit.average_effect("ARM", by="VISIT", contrast=None).table()
    theirs = fit.emmeans("ARM | VISIT", weights="proportional").table()
    pd.testing.assert_frame_equal(ours[theirs.columns], theirs, check_dtype=False)
    assert not np.allclose(ours["estimate"], fit.emmeans("ARM | VISIT").table()["estimate"])


def test_a_linear_covariate_averages_to_its_mean_over_the_subjects() -> None:
    data = small_trial(40, seed=6)
    fit = fitted("Y ~ ARM * VISIT * AGE + us(VISIT | ID)", data)
    mean = subjects(data)["AGE"].mean()
    ours = fit.average_effect("ARM", by="VISIT").table()
    theirs = fit.emmeans("ARM | VISIT", at={"AGE": mean}).contrasts("trt.vs.ctrl").table()
    pd.testing.assert_frame_equal(ours[theirs.columns], theirs, check_dtype=False)


# -- equal to averaged predictions -------------------------------------------------------------------


def test_a_curve_averages_over_its_values_and_not_at_its_mean() -> None:
    data = small_trial(60, seed=4)
    fit = fitted(data=data)
    means = fit.average_effect("ARM", by="VISIT", contrast=None)
    people = subjects(data)
    for _, row in means.table().iterrows():
        at = people.assign(
            ARM=pd.Categorical([row["ARM"]] * len(people), categories=["A", "B"]), VISIT=row["VISIT"]
        )
        assert row["estimate"] == pytest.approx(fit.predict(at)["estimate"].mean(), rel=1e-10)
    np.testing.assert_allclose(
        means.table()["std_error"], np.sqrt(np.diagonal(means.L @ fit.beta_vcov.to_numpy() @ means.L.T))
    )
    at_mean = fit.emmeans("ARM | VISIT").contrasts("trt.vs.ctrl").table()
    assert (
        np.abs(fit.average_effect("ARM", by="VISIT").table()["estimate"] - at_mean["estimate"]).max() > 0.01
    )


def test_rows_and_weights_and_other_populations() -> None:
    data = small_trial(60, seed=4)
    data["SHARE"] = np.where(data["AGE"] > 6, 3.0, 1.0)
    fit = fitted(data=data)
    used = data.dropna(subset="Y")

    def average(people: pd.DataFrame, weights: Any = None) -> float:
        arms = [
            np.average(fit.predict(people.assign(ARM=arm, VISIT="V3"))["estimate"], weights=weights)
            for arm in ("A", "B")
        ]
        return float(arms[1] - arms[0])

    def found(**options: Any) -> float:
        table = fit.average_effect("ARM", by="VISIT", at={"VISIT": "V3"}, **options).table()
        assert len(table) == 1
        return float(table["estimate"].iloc[0])

    people = subjects(data)
    assert found() == pytest.approx(average(people))
    assert found(weights="rows") == pytest.approx(average(used))
    assert found(weights="SHARE") == pytest.approx(average(people, people["SHARE"]))
    others = pd.DataFrame({"ID": ["x", "y"], "AGE": [3.0, 9.0], "N": [1.0, 4.0], "VISIT": "V1", "ARM": "A"})
    assert found(population=others[["AGE"]]) == pytest.approx(average(others))
    assert found(population=others, weights="N") == pytest.approx(average(others, others["N"]))


def test_contrasts_of_averages_can_be_contrasted_again() -> None:
    fit = fitted()
    effects = fit.average_effect("ARM", by="VISIT")
    changes = effects.contrasts("trt.vs.ctrl", by="contrast").table()
    table = effects.table()["estimate"].to_numpy()
    np.testing.assert_allclose(changes["estimate"], table[1:] - table[0])


def test_a_treatment_may_be_a_number() -> None:
    data = small_trial(60, seed=4)
    data["DOSE"] = data["ID"].str[1:].astype(int) % 3 * 10.0
    fit = fitted("Y ~ VISIT * DOSE + I(DOSE**2) + us(VISIT | ID)", data)
    table = fit.average_effect("DOSE", by="VISIT", at={"DOSE": [0, 10, 20]}).table()
    assert table["contrast"].tolist()[:2] == ["10.0 - 0.0", "20.0 - 0.0"] and len(table) == 8
    linear = fit.beta["DOSE"]
    curve = fit.beta[fit.beta.index.str.startswith("I(")].iloc[0]
    assert table["estimate"][1] == pytest.approx(20 * linear + 400 * curve)


def test_an_offset_moves_the_means_and_not_the_effects() -> None:
    data = small_trial(40, seed=6)
    data["OFF"] = data["AGE"] * 2
    plain = fitted("Y ~ ARM * VISIT + us(VISIT | ID)", data.assign(Y=data["Y"] - data["OFF"]))
    moved = fitted("Y ~ ARM * VISIT + offset(OFF) + us(VISIT | ID)", data)
    shift = subjects(data)["OFF"].mean()
    a, b = (f.average_effect("ARM", by="VISIT", contrast=None).table()["estimate"] for f in (plain, moved))
    np.testing.assert_allclose(b - a, shift)
    np.testing.assert_allclose(
        moved.average_effect("ARM", by="VISIT").table()["estimate"], b[1::2].to_numpy() - b[::2].to_numpy()
    )


# -- sampled covariates ------------------------------------------------------------------------------


def test_sampled_covariates_add_the_variance_of_the_subjects_own_effects() -> None:
    data = small_trial(60, seed=4)
    fit = fitted(data=data)
    fixed, sampled = (
        fit.average_effect("ARM", by="VISIT", covariates=kind).table() for kind in ("fixed", "sampled")
    )
    people = subjects(data)
    for index, visit in enumerate(VISITS):
        own = [fit.predict(people.assign(ARM=arm, VISIT=visit))["estimate"] for arm in ("A", "B")]
        extra = np.var(own[1] - own[0], ddof=1) / len(people)
        expected = np.sqrt(fixed["std_error"][index] ** 2 + extra)
        assert sampled["std_error"][index] == pytest.approx(expected)
        assert sampled["statistic"][index] == pytest.approx(sampled["estimate"][index] / expected)
    assert (sampled["conf_high"] - sampled["conf_low"] > fixed["conf_high"] - fixed["conf_low"]).all()
    np.testing.assert_allclose(sampled["estimate"], fixed["estimate"])


def test_the_sampling_variance_is_what_repeated_samples_show() -> None:
    """Means of fresh samples of subjects, the fit held fixed, scatter as the added variance says."""
    rng = np.random.default_rng(8)
    fit = fitted(data=small_trial(300, seed=4))
    ages = rng.uniform(2, 12, size=(100, 150))
    found = [
        fit.average_effect("ARM", by="VISIT", at={"VISIT": "V4"}, population=pd.DataFrame({"AGE": row}))
        for row in ages
    ]
    scatter = np.std([one.table()["estimate"].iloc[0] for one in found], ddof=1)
    one = fit.average_effect(
        "ARM", by="VISIT", at={"VISIT": "V4"}, population=pd.DataFrame({"AGE": ages[0]}), covariates="sampled"
    )
    assert np.sqrt(one.spread[0, 0]) == pytest.approx(scatter, rel=0.25)


# -- refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"treatment": "ARMS"}, "'ARMS' in average_effect is not a variable.*Did you mean 'ARM'"),
        ({"treatment": "AGE"}, "'AGE' is a number: say at which values"),
        ({"treatment": "ARM"}, "'VISIT' varies within a ID.*Put it in by="),
        ({"treatment": "ARM", "by": "VISIT", "weights": "SHARES"}, "'subjects', 'rows' or a column"),
        ({"treatment": "ARM", "by": "VISIT", "weights": "W"}, "'W' varies within a ID"),
        ({"treatment": "ARM", "by": "VISIT", "at": {"AGE": 5}}, "'AGE' is averaged over"),
        ({"treatment": "ARM", "by": "VISIT", "at": {"ARM": "C"}}, "asks for level 'C'"),
        ({"treatment": "ARM", "by": "VISIT", "covariates": "random"}, "'fixed' or 'sampled'"),
        ({"treatment": "ARM", "by": "VISIT", "population": pd.DataFrame({"age": [1.0]})}, "lacks column"),
        ({"treatment": "ARM", "by": "VISIT", "population": pd.DataFrame({"AGE": [np.nan]})}, "missing"),
        ({"treatment": "ARM", "by": "VISIT", "population": pd.DataFrame({"AGE": []})}, "no rows"),
    ],
)  # fmt: skip
def test_what_cannot_be_averaged_is_refused(call: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        fitted("Y ~ ARM * VISIT * AGE + us(VISIT | ID)").average_effect(**call)


def test_what_the_data_do_not_determine_is_missing() -> None:
    data = small_trial(40, seed=6)
    data = data[~((data["ARM"] == "B") & (data["VISIT"] == "V4"))]
    with pytest.warns(UserWarning, match="Not estimable"):
        fit = fitted("Y ~ ARM * VISIT + cs(VISIT | ID)", data)
    table = fit.average_effect("ARM", by="VISIT").table()
    assert table["estimate"].isna().tolist() == [False, False, False, True]
