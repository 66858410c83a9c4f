"""How a fit ends: the convergence says what the optimiser saw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from mmrm_references import fev_data

import emostats as em
from emostats.errors import ConvergenceError, ModelError

FEV = "FEV1 ~ RACE + SEX + ARMCD * AVISIT + us(AVISIT | USUBJID)"


def places(seed: int, alike: bool) -> pd.DataFrame:
    """30 subjects at four uneven times: independent rows, or rows of a subject that are all alike."""
    rng = np.random.default_rng(seed)
    days = np.tile(np.arange(4.0), 30) + rng.uniform(-0.3, 0.3, 120)
    values = np.repeat(rng.normal(size=30), 4) if alike else rng.normal(size=120)
    return pd.DataFrame({"ID": np.repeat(np.arange(30), 4), "DAY": days, "Y": values})


def test_at_an_optimum_gradient_and_eigenvalues_are_those_of_one() -> None:
    fit = em.mmrm(FEV, fev_data())
    end = fit.convergence
    sd = np.sqrt(np.diagonal(fit.covariance))
    assert end.converged and end.gradient < 1e-8 and end.information > 0.01
    assert end.correlation == pytest.approx(
        np.linalg.eigvalsh(fit.covariance / np.outer(sd, sd))[0], rel=1e-9
    )


@pytest.mark.parametrize("reml", [True, False])
def test_creeping_to_a_singular_covariance_is_called_a_boundary(reml: bool) -> None:
    """The 50 rows for which SAS did not converge either."""
    with pytest.raises(ConvergenceError, match="singular covariance matrix") as error:
        em.mmrm(FEV, fev_data().iloc[:50], reml=reml)
    assert error.value.reason == "boundary"
    assert "smallest eigenvalue of the scaled information -" in str(error.value)


@pytest.mark.parametrize("structure", ["sp_exp", "sp_gau"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_range_that_falls_to_zero_is_no_optimum(structure: str, seed: int) -> None:
    """The log-likelihood rises for ever as the range falls: a small Newton step is no convergence."""
    with pytest.raises(ConvergenceError, match="the range falls to 0") as error:
        em.mmrm(f"Y ~ DAY + {structure}(DAY | ID)", places(seed, alike=False))
    assert error.value.reason == "boundary"


@pytest.mark.parametrize("structure", ["sp_exp", "sp_gau"])
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_range_without_limit_ends_with_a_reason_and_not_in_linear_algebra(
    structure: str, seed: int
) -> None:
    with pytest.raises(ConvergenceError, match="the range grows without limit") as error:
        em.mmrm(f"Y ~ DAY + {structure}(DAY | ID)", places(seed, alike=True))
    assert error.value.reason == "boundary"


@pytest.mark.parametrize("term", ["sp_exp(DAY | ID)", "sp_gau(DAY | SEX / ID)"])
def test_a_range_that_no_subject_shows_is_refused(term: str) -> None:
    data = places(1, alike=False).iloc[::4].assign(SEX=["F", "M"] * 15)
    with pytest.raises(ModelError, match="no subject has rows at two places"):
        em.mmrm(f"Y ~ DAY + {term}", data)


@pytest.mark.parametrize(("reml", "seed"), [(True, 0), (True, 5), (False, 0), (False, 11)])
def test_a_variance_that_falls_to_zero_is_called_a_boundary(reml: bool, seed: int) -> None:
    """Two rows of one visit that the means can fit to the last digit, at the price of the others."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame({"ID": np.repeat(np.arange(12), 3), "VISIT": np.tile(["a", "b", "c"], 12)})
    data["X"], data["Y"] = rng.normal(size=36), rng.normal(size=36)
    third = data["VISIT"] == "c"
    data["Y"] = np.where(third, 0.3 * data["X"] + 0.02 * data["Y"], data["Y"])
    with pytest.raises(ConvergenceError, match="singular covariance matrix") as error:
        em.mmrm("Y ~ VISIT + X + indh(VISIT | ID)", data[~third | (data["ID"] < 2)], reml=reml)
    assert error.value.reason == "boundary"
