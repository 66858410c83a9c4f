"""The engine against the slow reference: structures, groups and weights that no published fit covers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mmrm_references import check, covariance_deviation, treatment_coding, worst
from slow_reference import ENTRIES, SPATIAL, SlowMMRM, build, natural_theta, r_theta
from small_data import small_trial

import emostats as em

TERMS = ("ARM", "VISIT", "ARM:VISIT")
CONTRAST = np.array([[0, 0, 0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 0, 1, -1.0]])  # two rows of the interaction


@dataclass(frozen=True)
class Setting:
    """One model: structure, and what is special about it."""

    structure: str
    reml: bool = True
    weighted: bool = False
    grouped: bool = False
    coordinates: tuple[str, ...] = ("DAY",)

    @property
    def spatial(self) -> bool:
        return self.structure in SPATIAL

    def __str__(self) -> str:
        marks = [self.structure, "reml" if self.reml else "ml"]
        marks += (
            ["weighted"] * self.weighted + ["grouped"] * self.grouped + ["2d"] * (len(self.coordinates) > 1)
        )
        return "-".join(marks)


VISIT_STRUCTURES = ("us", "cs", "csh", "ar1", "ar1h", "toep", "toeph", "ad", "adh", "ind", "indh")
SETTINGS = [
    *(Setting(s) for s in VISIT_STRUCTURES),
    Setting("toeph", reml=False),
    Setting("us", weighted=True),
    Setting("adh", weighted=True),
    Setting("ar1", weighted=True, reml=False),
    Setting("ar1", grouped=True),
    Setting("csh", grouped=True),
    Setting("ar1h", grouped=True, weighted=True),
    Setting("sp_exp"),
    Setting("sp_gau"),
    Setting("sp_exp", coordinates=("DAY", "DEPTH"), weighted=True),
    Setting("sp_gau", coordinates=("DAY", "DEPTH"), reml=False),
    Setting("sp_exp", grouped=True),
]
each = pytest.mark.parametrize("setting", SETTINGS, ids=str)
reml_only = pytest.mark.parametrize("setting", [s for s in SETTINGS if s.reml], ids=str)


@cache
def data() -> pd.DataFrame:
    return small_trial()


@cache
def engine(setting: Setting, df_method: str = "satterthwaite", vcov: str = "asymptotic") -> Any:
    positions = ", ".join(setting.coordinates) if setting.spatial else "VISIT"
    group = "ARM / " if setting.grouped else ""
    return em.mmrm(
        f"Y ~ ARM * VISIT + {setting.structure}({positions} | {group}ID)",
        data(),
        reml=setting.reml,
        weights="W" if setting.weighted else None,
        df_method=df_method,
        vcov=vcov,
    )


@cache
def slow(setting: Setting, r_parameters: bool = False) -> SlowMMRM:
    frame, fitted = data(), engine(setting)
    places: list[Any] = frame["VISIT"].cat.codes.tolist()
    if setting.spatial:
        places = list(frame[list(setting.coordinates)].itertuples(index=False, name=None))
    return build(
        y=frame["Y"], X=treatment_coding(frame, *TERMS), ids=frame["ID"], places=places,
        structure=setting.structure + ("_r" if r_parameters else ""), n_visits=4,
        theta=theta_of(fitted, setting, r_parameters), reml=setting.reml,
        weights=frame["W"] if setting.weighted else None,
        groups=frame["ARM"].cat.codes if setting.grouped else None,
    )  # fmt: skip


def theta_of(fitted: Any, setting: Setting, r_parameters: bool) -> np.ndarray:
    """The engine's covariance in the slow reference's parameters."""
    if setting.spatial:
        return spatial_theta(fitted, setting)
    read = r_theta if r_parameters else natural_theta
    blocks = fitted.covariance.values() if setting.grouped else [fitted.covariance]
    return np.concatenate([read(setting.structure, block.to_numpy()) for block in blocks])


def spatial_theta(fitted: Any, setting: Setting) -> np.ndarray:
    """The engine states variance and range by name, one pair a group."""
    assert [str(name).split(": ")[-1] for name in fitted.theta.index] == ["variance", "range"] * (
        1 + setting.grouped
    )
    return fitted.theta.to_numpy()


def unit(i: int) -> np.ndarray:
    return np.eye(8)[i]


@each
def test_likelihood_coefficients_and_their_covariance(setting: Setting) -> None:
    fitted, model = engine(setting), slow(setting)
    se = np.sqrt(np.diag(model.phi))
    check(
        worst("deviance", fitted.deviance, model.deviance, tolerance=1e-9, scale=1.0),
        worst("beta", fitted.coefficients()["estimate"], model.beta, tolerance=1e-9, scale=se),
        covariance_deviation("phi", fitted.beta_vcov.to_numpy(), model.phi, tolerance=1e-9),
    )


@each
def test_the_optimum_is_one(setting: Setting) -> None:
    """The slow score vanishes there, in units of the standard errors of θ, and the curvature is right."""
    model = slow(setting)
    sd = np.sqrt(np.diag(model.theta_covariance))
    assert np.all(np.isfinite(sd)) and np.all(np.linalg.eigvalsh(model.information) > 0)
    assert np.max(np.abs(model.score) * sd) < 1e-5


@each
def test_satterthwaite(setting: Setting) -> None:
    fitted, model = engine(setting), slow(setting)
    expected = model.satterthwaite_f(CONTRAST)
    got = fitted.test(CONTRAST)
    check(
        worst(
            "df",
            fitted.coefficients()["df"],
            [model.satterthwaite_df(unit(i)) for i in range(8)],
            tolerance=1e-6,
        ),
        worst("F", got["statistic"], [expected.statistic], tolerance=1e-8),
        worst("den_df", got["den_df"], [expected.den_df], tolerance=1e-6),
        worst("p", got["p_value"], [expected.p_value], tolerance=1e-6),
    )


@pytest.mark.parametrize("method", ["kenward-roger", "kenward-roger-linear"])
@reml_only
def test_kenward_roger(setting: Setting, method: str) -> None:
    compare_kenward_roger(setting, method, slow(setting))


@pytest.mark.parametrize(
    "setting",
    [s for s in SETTINGS if s.reml and s.structure != "us" and f"{s.structure}_r" in ENTRIES],
    ids=str,
)
def test_kenward_roger_in_the_parameters_of_r(setting: Setting) -> None:
    compare_kenward_roger(setting, "kenward-roger-r", slow(setting, r_parameters=True))


def compare_kenward_roger(setting: Setting, method: str, model: SlowMMRM) -> None:
    fitted, linear = engine(setting, method), method.endswith("linear")
    expected, got = model.kenward_roger_f(CONTRAST, linear), fitted.test(CONTRAST)
    df = [model.kenward_roger(unit(i), linear).df for i in (0, 5)]
    check(
        covariance_deviation(
            "phi_A", fitted.beta_vcov.to_numpy(), model.phi_adjusted(linear), tolerance=1e-6
        ),
        worst("df", fitted.coefficients()["df"].iloc[[0, 5]], df, tolerance=1e-6),
        worst("F", got["statistic"], [expected.statistic], tolerance=1e-6),
        worst("den_df", got["den_df"], [expected.den_df], tolerance=1e-6),
        worst("p", got["p_value"], [expected.p_value], tolerance=1e-5),
    )


@pytest.mark.parametrize(
    ("vcov", "kind"),
    [("empirical", "CR0"), ("empirical-bias-reduced", "CR2"), ("empirical-jackknife", "CR3")],
)
@each
def test_empirical(setting: Setting, vcov: str, kind: str) -> None:
    fitted, model = engine(setting, "satterthwaite", vcov), slow(setting)
    expected, got = model.empirical_f(CONTRAST, kind), fitted.test(CONTRAST)
    df = [model.bell_mccaffrey_df(unit(i), kind) for i in range(8)]
    check(
        covariance_deviation(kind, fitted.beta_vcov.to_numpy(), model.empirical(kind), tolerance=1e-8),
        worst("df", fitted.coefficients()["df"], df, tolerance=1e-8),
        worst("F", got["statistic"], [expected.statistic], tolerance=1e-8),
        worst("den_df", got["den_df"], [expected.den_df], tolerance=1e-7),
    )
