"""Bootstraps from a model: known answers, and the same numbers in any number of workers."""

import joblib
import numpy as np
import pandas as pd
import pytest

from emostats.statistics.resampling import parametric_bootstrap, progress_bar, wild_bootstrap
from emostats.statistics.resampling.models import _WILD


def regression(n=60):
    rng = np.random.default_rng(5)
    x = np.linspace(0, 1, n)
    noise = rng.normal(size=n) * (0.5 + x)
    return pd.DataFrame({"x": x, "y": 1 + 2 * x + noise, "site": np.repeat(np.arange(n // 5), 5)})


def slope(data):
    return float(np.polyfit(data["x"], data["y"], 1)[0])


def fitted(data):
    return np.polyval(np.polyfit(data["x"], data["y"], 1), data["x"])


def test_wild_bootstrap_has_the_standard_error_of_hc0():
    data = regression()
    found = wild_bootstrap(data, slope, outcome="y", fitted=fitted(data), unit=None, n_resamples=4000, seed=1)
    X = np.column_stack([np.ones(len(data)), data["x"]])
    bread = np.linalg.inv(X.T @ X)
    residual = (data["y"] - fitted(data)).to_numpy()
    hc0 = np.sqrt((bread @ (X.T * residual**2) @ X @ bread)[1, 1])
    assert found.std_error == pytest.approx(hc0, rel=0.04)
    assert found.bias == pytest.approx(0.0, abs=4 * hc0 / np.sqrt(4000))


def test_wild_cluster_bootstrap_has_the_cluster_robust_standard_error():
    data = regression()
    found = wild_bootstrap(
        data, slope, outcome="y", fitted=fitted(data), unit="site", weights="webb", n_resamples=4000, seed=1
    )
    X = np.column_stack([np.ones(len(data)), data["x"]])
    bread = np.linalg.inv(X.T @ X)
    scores = X * (data["y"] - fitted(data)).to_numpy()[:, None]
    by_site = pd.DataFrame(scores).groupby(data["site"]).sum().to_numpy()
    expected = np.sqrt((bread @ by_site.T @ by_site @ bread)[1, 1])
    assert found.std_error == pytest.approx(expected, rel=0.04)
    assert found.unit == "site"


@pytest.mark.parametrize("kind", _WILD)
def test_wild_weights_have_mean_zero_and_variance_one(kind):
    drawn = _WILD[kind](np.random.default_rng(1), 200_000)
    assert drawn.mean() == pytest.approx(0, abs=0.01)
    assert (drawn**2).mean() == pytest.approx(1, abs=0.01)
    if kind == "mammen":
        assert (drawn**3).mean() == pytest.approx(1, abs=0.03)


def simulate(rng):
    return rng.normal(5.0, 2.0, size=40)


def test_parametric_bootstrap_has_the_sampling_distribution_of_its_model():
    data = np.random.default_rng(0).normal(5.0, 2.0, size=40)
    found = parametric_bootstrap(data, np.mean, simulate=simulate, n_resamples=4000, seed=2)
    assert found.std_error == pytest.approx(2 / np.sqrt(40), rel=0.04)
    assert found.unit == "parametric"
    studentized = parametric_bootstrap(
        data,
        np.mean,
        simulate=simulate,
        n_resamples=2000,
        method="studentized",
        statistic_std_error=lambda x: x.std(ddof=1) / np.sqrt(len(x)),
        seed=2,
    )
    half = 2.0227 * data.std(ddof=1) / np.sqrt(40)  # t interval
    centre = data.mean() - 5.0  # the statistic is compared with the data's mean, not the model's
    assert studentized.conf_high - studentized.conf_low == pytest.approx(2 * half, rel=0.12)
    assert abs(centre) < 1


def test_workers_do_not_matter():
    data = regression()
    options = {"outcome": "y", "fitted": fitted(data), "unit": "site", "n_resamples": 300, "seed": 4}
    calls = []
    alone = wild_bootstrap(data, slope, **options, progress=lambda done, total: calls.append((done, total)))
    with joblib.parallel_config(backend="threading", n_jobs=2):
        together = wild_bootstrap(data, slope, **options)
    np.testing.assert_array_equal(alone.distribution, together.distribution)
    assert calls[-1] == (300, 300)


def test_the_progress_bar_shows_only_when_asked(capsys):
    with progress_bar("Bootstrap", show=False) as progress:
        assert progress is None
    with progress_bar("Bootstrap") as progress:
        assert progress is None  # pytest's stderr is no terminal
    with progress_bar("Bootstrap", show=True) as progress:
        progress(3, 10)
        progress(10, 10)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Bootstrap" in shown.err
