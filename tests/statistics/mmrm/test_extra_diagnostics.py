"""Autocorrelation of residuals, means, and the diagnostic figures."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from small_data import VISITS, small_trial

import emostats as em
from emostats.errors import UsageError
from emostats.statistics.mmrm.diagnostics import observed_and_fitted_means

KINDS = ("qq", "residuals", "visits", "autocorrelation", "means", "covariance")
SVG = "{http://www.w3.org/2000/svg}"


def fitted(covariance: str = "us(VISIT | ID)", **options: Any) -> Any:
    return em.mmrm(f"Y ~ ARM * VISIT + AGE + {covariance}", small_trial(50, seed=14), **options)


# -- autocorrelation -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["normalized", "pearson"])
def test_autocorrelation_is_the_mean_product_over_pairs_of_visits(kind: str) -> None:
    fit = fitted("cs(VISIT | ID)")
    data = small_trial(50, seed=14).assign(r=fit.residuals(kind)).dropna(subset="r")
    products: dict[int, list[float]] = {lag: [] for lag in range(4)}
    for _, own in data.groupby("ID"):
        place = {VISITS.index(visit): r for visit, r in zip(own["VISIT"], own["r"], strict=True)}
        for a in place:
            for b in place:
                if b >= a:
                    products[b - a].append(place[a] * place[b])
    table = fit.residual_autocorrelation(kind)
    assert table["lag"].tolist() == [0, 1, 2, 3]
    assert table["n_pairs"].tolist() == [len(products[lag]) for lag in range(4)]
    variance = np.mean(products[0])
    np.testing.assert_allclose(table["autocorrelation"], [np.mean(products[k]) / variance for k in range(4)])


def test_pearson_residuals_are_expected_to_have_the_models_correlations() -> None:
    fit = fitted("us(VISIT | ID)")
    S = fit.covariance.to_numpy()
    R = S / np.sqrt(np.outer(np.diagonal(S), np.diagonal(S)))
    seen = (
        small_trial(50, seed=14)
        .pivot(index="ID", columns="VISIT", values="Y")
        .notna()
        .to_numpy()
        .astype(float)
    )
    both = seen.T @ seen
    table = fit.residual_autocorrelation("pearson")
    for lag in range(4):
        weights = np.diagonal(both, lag)
        expected = float(weights @ np.diagonal(R, lag) / weights.sum())
        assert table["expected"][lag] == pytest.approx(expected)
    assert (table["autocorrelation"] - table["expected"]).abs().max() < 0.15
    assert (fit.residual_autocorrelation()["expected"] == [1, 0, 0, 0]).all()


def test_the_band_holds_when_the_model_does_and_not_when_it_does_not() -> None:
    rng = np.random.default_rng(2)
    n, T = 400, 5
    lag = np.abs(np.subtract.outer(np.arange(T), np.arange(T)))
    y = rng.multivariate_normal(np.zeros(T), 0.7**lag, size=n)
    data = pd.DataFrame({"ID": np.repeat(np.arange(n), T), "VISIT": np.tile(np.arange(T), n), "Y": y.ravel()})
    good = em.mmrm("Y ~ 1 + ar1(VISIT | ID)", data).residual_autocorrelation()[1:]
    bad = em.mmrm("Y ~ 1 + cs(VISIT | ID)", data).residual_autocorrelation()[1:]
    inside = good["autocorrelation"].between(good["conf_low"], good["conf_high"])
    outside = ~bad["autocorrelation"].between(bad["conf_low"], bad["conf_high"])
    assert inside.all() and outside.any()


def test_spatial_structures_take_the_order_within_a_subject() -> None:
    table = fitted("sp_exp(DAY | ID)").residual_autocorrelation("pearson")
    assert table["lag"].tolist() == [0, 1, 2, 3] and table["expected"][1] > table["expected"][3] > 0


def test_pairs_that_nobody_has_are_missing_and_odd_requests_refused() -> None:
    fit = em.mmrm("Y ~ VISIT + cs(VISIT | ID)", without_far_pairs())
    table = fit.residual_autocorrelation()
    assert table["n_pairs"][3] == 0 and np.isnan(table["autocorrelation"][3])
    with pytest.raises(UsageError, match="'normalized' or 'pearson'"):
        fit.residual_autocorrelation("response")
    with pytest.raises(UsageError, match="between 0 and 1"):
        fit.residual_autocorrelation(conf_level=2)


def without_far_pairs() -> pd.DataFrame:
    data = small_trial(40, seed=14, gaps=0.0)
    odd = data["ID"].str[1:].astype(int) % 2 == 1
    return data[(odd & (data["VISIT"] != "V1")) | (~odd & (data["VISIT"] != "V4"))]


# -- means -----------------------------------------------------------------------------------------


def test_means_by_visit_and_group_are_those_of_the_rows_used() -> None:
    data, fit = small_trial(50, seed=14), fitted()
    table = observed_and_fitted_means(fit, "ARM", 0.9)
    used = data.dropna(subset="Y")
    expected = used.groupby(["VISIT", "ARM"], observed=True)["Y"].agg(["size", "mean", "std"]).reset_index()
    assert table["n"].tolist() == expected["size"].tolist()
    np.testing.assert_allclose(table["observed"], expected["mean"])
    from scipy.stats import t

    margin = t.ppf(0.95, expected["size"] - 1) * expected["std"] / np.sqrt(expected["size"])
    np.testing.assert_allclose(table["conf_high"] - table["observed"], margin)
    own = used.assign(f=fit.fitted).groupby(["VISIT", "ARM"], observed=True)["f"].mean()
    np.testing.assert_allclose(table["fitted"], own)


# -- figures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [720.0, 360.0])
@pytest.mark.parametrize("kind", KINDS)
def test_figures_are_one_svg_with_title_words_and_text(kind: str, width: float) -> None:
    fit = fitted("us(VISIT | ARM / ID)")
    svg = fit.plot(kind, id="a-figure", width=width, note="Simulated data")
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img"
    assert root.find(f"{SVG}title").text and len(root.find(f"{SVG}desc").text) > 40
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert "Simulated data" in texts
    assert all(-1 <= float(e.get("x", 0)) <= width + 1 for e in root.iter(f"{SVG}text"))
    assert svg == fit.plot(kind, id="a-figure", width=width, note="Simulated data")
    assert "nan" not in svg and "inf" not in re.sub(r"<desc.*?</desc>", "", svg)


def test_the_covariance_map_writes_correlations_and_standard_deviations() -> None:
    fit = fitted()
    texts = [e.text for e in ElementTree.fromstring(fit.plot("covariance")).iter(f"{SVG}text")]
    table = fit.variance_components()
    for value in table.loc[table["kind"] == "correlation", "estimate"]:
        assert f"{value:.2f}".replace("-", "−") in texts
    assert f"{table['estimate'][0]:.2f}"[:3] in "".join(filter(None, texts))


def test_each_group_of_means_has_its_panel() -> None:
    texts = [e.text for e in ElementTree.fromstring(fitted().plot("means", by="ARM")).iter(f"{SVG}text")]
    assert {"A", "B", *VISITS} <= set(texts)


def test_many_residuals_are_thinned() -> None:
    rng = np.random.default_rng(0)
    n = 3000
    data = pd.DataFrame({"ID": np.repeat(np.arange(n), 3), "VISIT": np.tile(["a", "b", "c"], n)})
    data["Y"] = np.repeat(rng.normal(size=n), 3) + rng.normal(size=3 * n)
    fit = em.mmrm("Y ~ VISIT + us(VISIT | ID)", data)
    for kind in ("qq", "residuals", "visits"):
        svg = fit.plot(kind)
        assert len(svg) < 250_000
    assert "9 000 normalized residuals" in fit.plot("qq").replace(" ", " ").replace(",", " ")


def test_what_cannot_be_drawn_is_refused() -> None:
    fit, spatial = fitted(), fitted("sp_exp(DAY | ID)")
    with pytest.raises(UsageError, match="no figure 'histogram'"):
        fit.plot("histogram")
    with pytest.raises(UsageError, match="belongs to the figure 'means'"):
        fit.plot("qq", by="ARM")
    with pytest.raises(UsageError, match="by= names 'SEX'"):
        fit.plot("means", by="SEX")
    for kind in ("visits", "means"):
        with pytest.raises(UsageError, match="no visits"):
            spatial.plot(kind)
    with pytest.raises(UsageError, match="too many for a map"):
        spatial.plot("covariance")
    alone = em.mmrm("Y ~ AGE + us(VISIT | ID)", small_trial(30, gaps=0.0).query("VISIT == 'V1'"))
    with pytest.raises(UsageError, match="no autocorrelation"):
        alone.plot("autocorrelation")


def test_fitting_does_not_load_matplotlib() -> None:
    columns = "{'I': [1, 1, 2, 2, 3, 3, 4, 4], 'V': list('ab') * 4, 'Y': [1, 2, 3, 5, 2, 4, 0, 3.5]}"
    code = (
        f"import sys, pandas as pd, emostats as em\nd = pd.DataFrame({columns})\n"
        "em.mmrm('Y ~ V + cs(V | I)', d).coefficients()\nsys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
