"""Subgroup effects of a cell-means model whose coefficients and covariance are chosen by hand."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emostats.errors import ModelError
from emostats.estimates import Estimate, estimates_frame
from emostats.statistics.subgroups import FailedFit, Place, SubgroupQuestion, cells_of, subgroup_effects

VISITS = ("V0", "V1")
LEVELS = {"SEX": ("M", "F"), "AGEBAND": ("1–6", "7–12")}
LABELS = {"SEX": {"M": "Boys", "F": "Girls"}}
DF = 20.0


class CellMeans:
    """One coefficient a visit × sex × age band; every contrast is plain arithmetic."""

    def __init__(self, means: np.ndarray, missing: tuple[str, ...] | None = None) -> None:
        self.beta = means.ravel().astype(float)
        self.V = np.diag(np.linspace(0.01, 0.04, self.beta.size))
        self.covariance = pd.DataFrame(np.eye(2) * 4.0, index=VISITS, columns=VISITS)
        self.n_subjects = 44
        self.missing = missing

    def emmeans(self, spec: str) -> Any:
        names = [name.strip() for name in spec.split("*")]
        axes = {"AVISIT": VISITS, **LEVELS}
        grid = np.eye(self.beta.size).reshape(2, 2, 2, -1)
        order = list(axes)
        dropped = tuple(order.index(name) for name in order if name not in names)
        rows = grid.mean(axis=dropped).reshape(-1, self.beta.size)
        keys = list(product(*(axes[name] for name in order if name in names)))
        table = pd.DataFrame(keys, columns=[name for name in order if name in names])
        keep = [key != self.missing for key in keys]
        return SimpleNamespace(table=lambda: table[keep].reset_index(drop=True), L=rows[keep])

    def contrast(self, L: np.ndarray) -> pd.DataFrame:
        estimate, se = L @ self.beta, np.sqrt(np.einsum("ij,jk,ik->i", L, self.V, L))
        margin = stats.t.ppf(0.975, DF) * se
        with np.errstate(invalid="ignore", divide="ignore"):
            statistic = estimate / se
        return pd.DataFrame(
            {
                "estimate": estimate,
                "std_error": se,
                "df": DF,
                "statistic": statistic,
                "p_value": 2 * stats.t.sf(abs(statistic), DF),
                "conf_low": estimate - margin,
                "conf_high": estimate + margin,
            }
        )

    def test(self, L: np.ndarray) -> pd.DataFrame:
        middle = np.linalg.inv(L @ self.V @ L.T)
        value = (L @ self.beta) @ middle @ (L @ self.beta) / len(L)
        p = stats.f.sf(value, len(L), DF)
        return pd.DataFrame({"num_df": [len(L)], "den_df": [DF], "statistic": [value], "p_value": [p]})


MEANS = np.array([[[1.0, 2.0], [3.0, 4.0]], [[2.0, 2.5], [6.0, 4.0]]])  # visit × sex × age band
QUESTION = SubgroupQuestion("V0", VISITS, (("SEX", "AGEBAND"), ("SEX",)), labels=LABELS)
PLACE = Place("primary", "SOCINT", "FAS", "points")


def data() -> pd.DataFrame:
    rows = [
        {"USUBJID": f"{sex}{band}{i}", "AVISIT": visit, "SEX": sex, "AGEBAND": band}
        for (sex, n), band in product([("M", 12), ("F", 10)], LEVELS["AGEBAND"])
        for i in range(n)
        for visit in VISITS
        if not (visit == "V1" and sex == "F" and i == 0)
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str, str, str], Estimate]:
    found = subgroup_effects(CellMeans(MEANS), data(), QUESTION, PLACE)
    return {(row.kind, row.visit, row.subgroup, row.level): row for row in found}


def test_ids_are_unique_and_rows_make_the_tidy_table() -> None:
    table = estimates_frame(subgroup_effects(CellMeans(MEANS), data(), QUESTION, PLACE))
    assert set(table["analysis"]) == {"primary"}
    assert set(table["kind"]) == {
        "ls_mean", "change", "percent_change", "effect_size", "difference_of_changes", "test",
    }  # fmt: skip
    assert "primary/SOCINT/change/V1/SEX:AGEBAND=M:1–6" in set(table["estimate_id"])


def test_means_and_changes_are_those_of_the_cells(rows: dict[Any, Estimate]) -> None:
    assert rows["ls_mean", "V1", "SEX:AGEBAND", "Girls, 1–6"].estimate == pytest.approx(6)
    assert rows["ls_mean", "V0", "SEX", "Boys"].estimate == pytest.approx(1.5)
    assert rows["ls_mean", "V0", "", ""].estimate == pytest.approx(2.5)
    change = rows["change", "V1", "SEX:AGEBAND", "Boys, 7–12"]
    assert change.estimate == pytest.approx(0.5)
    assert change.contrast == "V1 − V0"
    V = np.linspace(0.01, 0.04, 8)
    assert change.std_error == pytest.approx(np.sqrt(V[1] + V[5]))
    assert rows["change", "V1", "", ""].estimate == pytest.approx((1 + 0.5 + 3 + 0) / 4)


def test_differences_come_before_the_changes_they_qualify() -> None:
    found = subgroup_effects(CellMeans(MEANS), data(), QUESTION, PLACE)
    for subgroup in ("SEX", "SEX:AGEBAND"):
        kinds = [row.kind for row in found if row.subgroup == subgroup and row.kind != "ls_mean"]
        assert list(dict.fromkeys(kinds))[:3] == ["test", "difference_of_changes", "change"]


def test_difference_of_changes(rows: dict[Any, Estimate]) -> None:
    sex = rows["difference_of_changes", "V1", "SEX", "Boys − Girls"]
    assert sex.estimate == pytest.approx(0.75 - 1.5)
    cells = rows["difference_of_changes", "V1", "SEX:AGEBAND", "(Boys, 1–6) − (Girls, 1–6)"]
    assert cells.estimate == pytest.approx(1 - 3)
    assert sum(key[0] == "difference_of_changes" and key[2] == "SEX:AGEBAND" for key in rows) == 6


def test_the_interaction_test_of_two_levels_is_the_square_of_their_t(rows: dict[Any, Estimate]) -> None:
    joint, single = (
        rows["test", "V1", "SEX", ""],
        rows["difference_of_changes", "V1", "SEX", "Boys − Girls"],
    )
    assert joint.statistic == pytest.approx(single.statistic**2)
    assert joint.p_value == pytest.approx(single.p_value)
    assert rows["test", "V1", "SEX:AGEBAND", ""].num_df == 3


def test_percent_change_is_the_ratio_with_a_positive_interval(rows: dict[Any, Estimate]) -> None:
    row = rows["percent_change", "V1", "SEX:AGEBAND", "Boys, 1–6"]
    assert row.estimate == pytest.approx(100)
    V = np.linspace(0.01, 0.04, 8)
    se_log = np.sqrt(V[0] / 1.0**2 + V[4] / 2.0**2)
    margin = stats.t.ppf(0.975, DF) * se_log
    assert row.conf_low == pytest.approx(100 * (2 * np.exp(-margin) - 1))
    assert row.conf_high == pytest.approx(100 * (2 * np.exp(margin) - 1))
    assert row.std_error == pytest.approx(100 * 2 * se_log)
    assert row.p_value == pytest.approx(2 * stats.t.sf(np.log(2) / se_log, DF))
    assert row.conf_low > -100
    assert (row.unit, "log" in row.method) == ("%", True)


def test_effect_size_carries_the_uncertainty_of_change_and_sd(rows: dict[Any, Estimate]) -> None:
    row, change = (rows[kind, "V1", "SEX:AGEBAND", "Girls, 1–6"] for kind in ("effect_size", "change"))
    assert row.estimate == pytest.approx(3 / 2)
    df_of_sd = 44 - 4  # children less the cells of the finest subgroup
    assert row.std_error == pytest.approx(np.sqrt((change.std_error / 2) ** 2 + 1.5**2 / (2 * df_of_sd)))
    margin = stats.t.ppf(0.975, DF) * row.std_error
    assert (row.conf_low, row.conf_high) == pytest.approx((1.5 - margin, 1.5 + margin))


def test_counts_and_small_cells(rows: dict[Any, Estimate]) -> None:
    assert rows["ls_mean", "V0", "", ""].n == 44
    assert rows["ls_mean", "V1", "", ""].n == 42
    assert rows["change", "V1", "SEX", "Girls"].n == 18
    assert rows["change", "V1", "SEX:AGEBAND", "Girls, 1–6"].n == 9
    assert rows["change", "V1", "SEX:AGEBAND", "Girls, 1–6"].warning == "only 9 children"
    assert rows["change", "V1", "SEX:AGEBAND", "Boys, 1–6"].warning == ""


def test_an_empty_cell_keeps_its_rows_with_the_reason() -> None:
    fit = CellMeans(MEANS, missing=("V1", "F", "7–12"))
    found = subgroup_effects(fit, data(), SubgroupQuestion("V0", VISITS, (("SEX", "AGEBAND"),)), PLACE)
    failed = [row for row in found if row.error]
    assert {row.level for row in failed if row.kind == "change"} == {"F, 7–12"}
    assert all("no observations" in row.error and row.estimate is None for row in failed)
    good = [row for row in found if row.kind == "change" and row.level == "M, 1–6"]
    assert good[0].estimate == pytest.approx(1)


def test_one_change_for_all_is_said_and_not_tested() -> None:
    class NoInteraction(CellMeans):
        def emmeans(self, spec: str) -> Any:
            means = super().emmeans(spec)
            rows = means.L.copy()
            table = means.table()
            if "SEX" in table:
                at_v0 = (table["AVISIT"] == "V0").to_numpy()
                step = rows[~at_v0][0] - rows[at_v0][0]
                rows[~at_v0] = rows[at_v0] + step
            return SimpleNamespace(table=lambda: table, L=rows)

    found = subgroup_effects(NoInteraction(MEANS), data(), SubgroupQuestion("V0", VISITS, (("SEX",),)), PLACE)
    by_sex = [row for row in found if row.subgroup == "SEX"]
    assert not [row for row in by_sex if row.kind in ("test", "difference_of_changes")]
    assert all("no interaction" in row.warning for row in by_sex if row.kind == "change")


def test_percent_change_needs_positive_means_and_can_be_left_out() -> None:
    fit = CellMeans(MEANS - 1.5)
    found = subgroup_effects(fit, data(), SubgroupQuestion("V0", VISITS), PLACE)
    assert [row.kind for row in found].count("percent_change") == 1
    low = subgroup_effects(CellMeans(MEANS - 3), data(), SubgroupQuestion("V0", VISITS), PLACE)
    assert "above zero" in next(row.error for row in low if row.kind == "percent_change")
    none = subgroup_effects(fit, data(), SubgroupQuestion("V0", VISITS, percent=False), PLACE)
    assert "percent_change" not in {row.kind for row in none}


def test_a_failing_engine_leaves_rows_with_its_words() -> None:
    class Failing(CellMeans):
        def contrast(self, L: np.ndarray) -> pd.DataFrame:
            if (np.abs(L).sum(axis=1) > 1.5).any():  # a change; a mean sums to 1
                raise ModelError("the information matrix is singular")
            return super().contrast(L)

        def test(self, L: np.ndarray) -> pd.DataFrame:
            raise ModelError("no joint test")

    found = subgroup_effects(Failing(MEANS), data(), QUESTION, PLACE)
    assert {row.error for row in found if row.kind == "change"} == {"the information matrix is singular"}
    assert {row.error for row in found if row.kind == "test"} == {"no joint test"}
    assert not any(row.error for row in found if row.kind == "ls_mean")


def test_covariance_by_group_gives_the_pooled_sd() -> None:
    fit = CellMeans(MEANS)
    fit.covariance = {"M": fit.covariance, "F": fit.covariance * 4}
    found = subgroup_effects(fit, data(), SubgroupQuestion("V0", VISITS), PLACE)
    row = next(row for row in found if row.kind == "effect_size")
    assert row.estimate == pytest.approx(((1 + 0.5 + 3 + 0) / 4) / np.sqrt((4 + 16) / 2))


def test_means_over_other_factors_weigh_every_level_the_same() -> None:
    by_band = cells_of(CellMeans(MEANS), "AVISIT", VISITS, ("AGEBAND",))
    assert list(by_band.rows) == [("1–6",), ("7–12",)]
    assert by_band.rows["1–6",].shape == (2, 8)
    assert by_band.rows["1–6",][0] @ MEANS.ravel() == pytest.approx((1 + 3) / 2)
    everyone = cells_of(CellMeans(MEANS), "AVISIT", VISITS)
    assert everyone.rows[()][1] @ MEANS.ravel() == pytest.approx(MEANS[1].mean())


def test_an_offset_is_refused() -> None:
    class WithOffset(CellMeans):
        def emmeans(self, spec: str) -> Any:
            means = super().emmeans(spec)
            return SimpleNamespace(table=means.table, L=means.L, shift=np.ones(len(means.L)))

    with pytest.raises(ModelError, match="offset"):
        cells_of(WithOffset(MEANS), "AVISIT", VISITS)


def test_a_model_that_was_not_fitted_keeps_all_its_rows() -> None:
    failed = FailedFit("the covariance is not identifiable", {"AVISIT": VISITS, **LEVELS})
    found = subgroup_effects(failed, data(), QUESTION, PLACE)
    fitted = subgroup_effects(CellMeans(MEANS), data(), QUESTION, PLACE)
    assert [row.estimate_id for row in found] == [row.estimate_id for row in fitted]
    assert {row.error for row in found} == {"the covariance is not identifiable"}
