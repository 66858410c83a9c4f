"""Odd formulas, grids and data: answered rightly or refused in words. The declared order of structures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small_data import complete_trial, small_trial

import emostats as em
from emostats.errors import ConvergenceError, EmostatsWarning, ModelError, UsageError

US = "us(VISIT | ID)"


def trial() -> pd.DataFrame:
    return small_trial(40, seed=5)


def fitted(formula: str, data: pd.DataFrame | None = None, **options: Any) -> Any:
    return em.mmrm(formula, trial() if data is None else data, **options)


def halves() -> pd.DataFrame:
    """Half the subjects have the first two visits, half the last two: most pairs are never seen together."""
    data = complete_trial(40)
    early = data["ID"].str[1:].astype(int) % 2 == 0
    return data[np.where(early, data["VISIT"].isin(["V1", "V2"]), data["VISIT"].isin(["V3", "V4"]))]


# -- the declared order ----------------------------------------------------------------------------


def test_structures_that_are_not_identifiable_are_skipped_with_the_reason() -> None:
    with pytest.warns(EmostatsWarning, match=r"declared order.*us: The covariance us is not identifiable"):
        fit = fitted(f"Y ~ VISIT + {US}", halves(), fallback=("toeph", "ar1h", "cs"))
    assert [token for token, _ in fit.attempts] == ["us", "toeph", "ar1h"]
    reasons = [end.reason for _, end in fit.attempts]
    assert reasons == ["not identifiable", "not identifiable", "converged"]
    assert "cov(V1, V3)" in fit.attempts[0][1].message and not fit.attempts[0][1].converged
    direct = fitted("Y ~ VISIT + ar1h(VISIT | ID)", halves())
    pd.testing.assert_frame_equal(fit.coefficients(), direct.coefficients())


def test_when_no_structure_is_identifiable_all_reasons_are_given() -> None:
    with pytest.raises(ModelError, match=r"(?s)covariance us is not.*covariance toeph is not") as caught:
        fitted(f"Y ~ VISIT + {US}", halves(), fallback=("toeph",))
    assert not isinstance(caught.value, ConvergenceError)


def test_when_the_order_ends_without_convergence_the_error_tells_each_attempt() -> None:
    data = trial()
    few = data[data["ID"] < "S04"]
    with pytest.raises(ConvergenceError, match=r"Tried: us: .*; toeph: ") as caught:
        fitted(f"Y ~ VISIT + {US}", few, fallback=("toeph",))
    assert caught.value.reason and len(caught.value.theta) > 0


def test_the_order_names_structures_over_visits_only() -> None:
    with pytest.raises(UsageError, match=r"'sp_exp', which is no covariance structure over visits"):
        fitted(f"Y ~ VISIT + {US}", fallback=("sp_exp",))
    with pytest.raises(UsageError, match=r"over coordinates and has no fallback"):
        fitted("Y ~ VISIT + sp_exp(DAY | ID)", fallback=("ar1",))
    with pytest.raises(UsageError, match=r"a list of structures"):
        fitted(f"Y ~ VISIT + {US}", fallback="ar1")


def once_each() -> pd.DataFrame:
    return trial().dropna(subset="Y").drop_duplicates("ID")


def far_pairs() -> pd.DataFrame:
    """V1 with V3 in the one half, V2 alone in the other."""
    data = trial()
    alone = data[data["VISIT"] == "V2"]
    return pd.concat([data[data["VISIT"].isin(["V1", "V3"])], alone.assign(ID="T" + alone["ID"])])


@pytest.mark.parametrize(
    ("structure", "data", "words"),
    [
        ("cs", once_each(), "do not determine covariance, residual"),
        ("ad", far_pairs(), r"do not determine rho\(1\), rho\(2\)"),
    ],
)
def test_parameters_seen_only_in_a_combination_are_refused(
    structure: str, data: pd.DataFrame, words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        fitted(f"Y ~ ARM + {structure}(VISIT | ID)", data)


# -- formulas --------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["I(ARM == 'B')", "I((ARM == 'B') * AGE)", "ARM + I((ARM == 'B') * AGE)"])
def test_a_factor_inside_an_expression_has_its_levels_in_the_grid(inside: str) -> None:
    fit = fitted(f"Y ~ {inside} + VISIT + {US}")
    means = fit.emmeans("ARM | VISIT").table()
    data = trial()
    age = data.dropna(subset="Y")["AGE"].mean()
    for _, row in means.iterrows():
        place = pd.DataFrame({"ID": ["x"], "VISIT": [row["VISIT"]], "ARM": [row["ARM"]], "AGE": [age]})
        assert fit.predict(place)["estimate"].iloc[0] == pytest.approx(row["estimate"])
    overall = fit.emmeans("VISIT").table()["estimate"]
    np.testing.assert_allclose(overall, means.groupby("VISIT", sort=False)["estimate"].mean())


def test_frequencies_of_a_factor_that_stands_only_in_an_expression_are_refused() -> None:
    with pytest.raises(UsageError, match="'ARM' stands only inside an expression"):
        fitted(f"Y ~ I(ARM == 'B') + VISIT + {US}").emmeans("VISIT", weights="proportional")


def test_arithmetic_in_an_offset_is_arithmetic() -> None:
    data = trial()
    fit = fitted(f"Y ~ offset(2 * AGE) + VISIT + {US}", data)
    plain = fitted(f"Y ~ VISIT + {US}", data.assign(Y=data["Y"] - 2 * data["AGE"]))
    np.testing.assert_allclose(fit.beta, plain.beta)
    np.testing.assert_allclose(fit.predict()["estimate"], plain.predict()["estimate"] + 2 * data["AGE"])


def test_an_outcome_is_a_column_or_a_call_and_never_half_a_difference() -> None:
    data = trial()
    change = fitted(f"I(Y - AGE) ~ VISIT + {US}", data)
    np.testing.assert_allclose(
        change.beta, fitted(f"Y ~ VISIT + {US}", data.assign(Y=data["Y"] - data["AGE"])).beta
    )
    with pytest.raises(UsageError, match=r"Write arithmetic inside I\(\): I\(Y - AGE\)"):
        fitted(f"Y - AGE ~ VISIT + {US}")
    with pytest.raises(UsageError, match="names its outcome left of '~'"):
        fitted(f"~ VISIT + {US}")


def test_a_parsers_message_is_shown_without_marks_for_a_terminal() -> None:
    with pytest.raises(UsageError) as caught:
        fitted(f"Y ~ (AGE + {US}")
    assert not set("\x1b⧛⧚\n") & set(str(caught.value))


def test_curves_and_user_contrasts_have_the_means_of_the_plain_model() -> None:
    plain = fitted(f"Y ~ ARM * VISIT + AGE + I(AGE**2) + {US}")
    for other in ("poly(AGE, 2)", "bs(AGE, df=2, degree=2)"):
        fit = fitted(f"Y ~ C(ARM, contr.sum) * C(VISIT, contr.helmert) + {other} + {US}")
        ours, theirs = (
            fit.emmeans("ARM | VISIT").table(),
            plain.emmeans("ARM | VISIT", at=_square_at_mean()).table(),
        )
        np.testing.assert_allclose(ours["estimate"], theirs["estimate"], rtol=1e-8)
        np.testing.assert_allclose(ours["std_error"], theirs["std_error"], rtol=1e-7)


def _square_at_mean() -> dict[str, float]:
    return {"AGE": float(trial().dropna(subset="Y")["AGE"].mean())}


def test_a_covariate_by_factor_interaction_is_shown_at_its_values() -> None:
    fit = fitted(f"Y ~ ARM * AGE + VISIT + {US}")
    table = fit.emmeans("ARM | AGE", at={"AGE": [4, 8]}).contrasts("revpairwise").table()
    effect, slope = fit.beta["ARMB"], fit.beta["ARMB:AGE"]
    np.testing.assert_allclose(table["estimate"], [effect + 4 * slope, effect + 8 * slope])


# -- grids -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "at", "words"),
    [
        ("ARM", {"AGE": "old"}, "should give numbers for 'AGE'"),
        ("ARM", {"AGE": np.nan}, "finite numbers"),
        ("ARM", {"AGE": []}, "finite numbers"),
        ("ARM", {"VISIT": []}, "leaves no level of 'VISIT'"),
        ("ARM | ARM", None, "names a variable twice"),
    ],
)
def test_odd_grids_are_refused_in_words(spec: str, at: dict[str, Any] | None, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        fitted(f"Y ~ ARM * AGE + VISIT + {US}").emmeans(spec, at=at)


def test_a_nullable_boolean_is_a_factor_as_a_plain_one_is() -> None:
    data = trial().assign(B=trial()["ARM"] == "B")
    plain = fitted(f"Y ~ B * VISIT + {US}", data)
    nullable = fitted(f"Y ~ B * VISIT + {US}", data.astype({"B": "boolean"}))
    pd.testing.assert_frame_equal(plain.coefficients(), nullable.coefficients())


# -- digits and threads ----------------------------------------------------------------------------


@pytest.mark.parametrize("structure", ["us", "ar1h", "cs"])
@pytest.mark.parametrize(("shift", "scale"), [(1e6, 1.0), (-1e6, 1e-3), (0.0, 1e6), (0.0, 1e-6)])
def test_shift_and_scale_lose_no_digits_of_what_a_fit_is_asked(
    structure: str, shift: float, scale: float
) -> None:
    data = complete_trial(24)
    model = f"Y ~ ARM * VISIT + {structure}(VISIT | ID)"
    plain = em.mmrm(model, data)
    moved = em.mmrm(model, data.assign(Y=data["Y"] * scale + shift))
    a, b = (fit.average_effect("ARM", by="VISIT").table() for fit in (plain, moved))
    digits = 1e-15 * max(1.0, abs(shift) / scale)  # what the data themselves still hold
    np.testing.assert_allclose(b["estimate"] / scale, a["estimate"], rtol=1e-9, atol=100 * digits)
    np.testing.assert_allclose(b["std_error"] / scale, a["std_error"], rtol=1e-8 + 1e3 * digits)
    np.testing.assert_allclose(b["df"], a["df"], rtol=1e-7 + 1e3 * digits)
    x, y = (fit.influence(method="one-step").measures for fit in (plain, moved))
    np.testing.assert_allclose(x["cooks_distance"], y["cooks_distance"], rtol=1e-6 + 1e5 * digits, atol=1e-9)
    low, high = (fit.variance_components()["conf_low"] for fit in (plain, moved))
    kinds = plain.variance_components()["kind"] == "sd"
    np.testing.assert_allclose(high / np.where(kinds, scale, 1.0), low, rtol=1e-7 + 1e4 * digits)


def test_row_order_and_subject_labels_do_not_matter_to_any_answer() -> None:
    data = trial()
    other = data.sample(frac=1.0, random_state=9).assign(
        ID=lambda d: d["ID"].map(lambda s: 1000 - int(s[1:]))
    )
    first, second = (em.mmrm(f"Y ~ ARM * VISIT + AGE + {US}", rows) for rows in (data, other))
    pd.testing.assert_frame_equal(first.profile("cor(V1, V2)"), second.profile("cor(V1, V2)"), rtol=1e-7)
    pd.testing.assert_frame_equal(
        first.residual_autocorrelation(), second.residual_autocorrelation(), rtol=1e-8
    )
    a, b = (fit.influence().table()["cooks_distance"] for fit in (first, second))
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-10)


def test_the_number_of_threads_changes_nothing() -> None:
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1])\n"
        "from small_data import small_trial; import emostats as em\n"
        "fit = em.mmrm('Y ~ ARM * VISIT + AGE + us(VISIT | ID)', small_trial(200, seed=3))\n"
        "print(json.dumps([fit.coefficients().to_numpy()[:, 1:].tolist(), list(fit.theta), fit.loglik]))"
    )
    found = []
    for threads in ("1", "2"):
        env = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", code, str(Path(__file__).parent)], env=env, check=True, capture_output=True
        )
        found.append(json.loads(done.stdout))
    for one, two in zip(*found, strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-12)
