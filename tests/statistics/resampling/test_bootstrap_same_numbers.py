"""The numbers depend on the seed, not on who computes them, in what pieces, or in what order."""

import importlib.util
import tracemalloc

import joblib
import numpy as np
import pandas as pd
import pytest

import emostats as em
from emostats.statistics.resampling import run


def frame(n=60):
    rng = np.random.default_rng(8)
    return pd.DataFrame(
        {"id": np.repeat(np.arange(n // 3), 3), "x": rng.gamma(2.0, size=n), "y": rng.normal(size=n)}
    )


def slope(data):
    x, y = data["x"].to_numpy(), data["y"].to_numpy()
    return {"slope": float(np.polyfit(x, y, 1)[0]), "mean": float(y.mean())}


def same(one, other):
    assert one.names == other.names
    np.testing.assert_array_equal(one.replicates, other.replicates)
    pd.testing.assert_frame_equal(one.table(), other.table(), check_exact=True)


@pytest.mark.parametrize("method", ["bca", "bayesian", "studentized"])
@pytest.mark.parametrize("statistic", ["mean", slope])
def test_two_workers_give_the_same_numbers(method, statistic):
    if statistic is slope and method == "bayesian":
        pytest.skip("a weighted statistic has another signature")
    options = {"unit": "id", "n_resamples": 300, "seed": 11, "method": method, "n_nested": 5}
    options |= {"columns": "x"} if statistic == "mean" else {}
    with joblib.parallel_config(backend="threading", n_jobs=2):
        parallel = em.bootstrap(frame(), statistic, **options)
    same(parallel, em.bootstrap(frame(), statistic, **options))


def test_processes_give_the_same_numbers():
    options = {"unit": "id", "n_resamples": 300, "seed": 11}
    same(em.bootstrap(frame(), slope, n_jobs=2, **options), em.bootstrap(frame(), slope, **options))


@pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="dask[distributed] is not installed"
)
@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_gives_the_same_numbers():
    from distributed import Client, LocalCluster

    options = {"unit": "id", "n_resamples": 300, "seed": 11}
    alone = em.bootstrap(frame(), slope, **options)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        same(em.bootstrap(frame(), slope, **options), alone)


def test_cutting_the_run_differently_changes_nothing(monkeypatch):
    options = {"unit": "id", "columns": "x", "n_resamples": 2000, "seed": 11}
    before = em.bootstrap(frame(), "mean", **options)
    monkeypatch.setattr(run, "_TASKS", 3)
    same(em.bootstrap(frame(), "mean", **options), before)


def test_a_longer_run_starts_with_the_shorter_one():
    options = {"unit": None, "columns": "x", "seed": 11}
    short, long = (em.bootstrap(frame(), "mean", n_resamples=n, **options) for n in (150, 1000))
    np.testing.assert_array_equal(long.distribution[:150], short.distribution)


def test_named_and_called_statistics_see_the_same_draws():
    data = frame()
    named = em.bootstrap(data, "mean", columns="x", unit="id", n_resamples=300, seed=1)
    called = em.bootstrap(data, lambda d: d["x"].mean(), unit="id", n_resamples=300, seed=1)
    np.testing.assert_allclose(named.distribution, called.distribution, rtol=1e-12)
    assert named.acceleration == pytest.approx(called.acceleration, rel=1e-9)


def test_seeds_differ_and_seed_sequences_are_not_used_up():
    options = {"unit": None, "columns": "x", "n_resamples": 100}
    one = em.bootstrap(frame(), "mean", seed=1, **options)
    assert not np.array_equal(one.distribution, em.bootstrap(frame(), "mean", seed=2, **options).distribution)
    sequence = np.random.SeedSequence(1)
    for _ in range(2):
        same(em.bootstrap(frame(), "mean", seed=sequence, **options), one)


def test_memory_does_not_grow_with_the_number_of_resamples():
    """8,000 more resamples may cost their own values (64 kB) and bookkeeping, not another 8,000 x 4,000
    draws."""
    x = np.random.default_rng(0).normal(size=4000)

    def peak(n_resamples):
        tracemalloc.start()
        em.bootstrap(x, "mean", unit=None, n_resamples=n_resamples, method="percentile", seed=1)
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(200)
    assert peak(10_000) - peak(2000) < 2e6


def test_progress_is_told_and_ends_at_the_total():
    calls = []
    em.bootstrap(
        frame(),
        "mean",
        columns="x",
        unit=None,
        n_resamples=1000,
        seed=1,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert calls == sorted(calls)
    assert calls[-1] == (1000, 1000)
    assert {total for _, total in calls} == {1000}
