"""Who is resampled: rows, clusters, strata; and what the statistic gets to see."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import emostats as em
from emostats.errors import EmostatsWarning
from emostats.statistics.resampling.draws import BLOCK, as_seed_sequence, child, draw_block
from emostats.statistics.resampling.units import find_units


def children():
    """Seven children of 1 to 4 visits, in two groups, rows shuffled."""
    sizes = [1, 4, 2, 3, 3, 2, 4]
    rows = [
        (f"{c:03d}", visit, 10 * c + visit, "a" if c < 3 else "b")
        for c, n in enumerate(sizes)
        for visit in range(n)
    ]
    frame = pd.DataFrame(rows, columns=["USUBJID", "AVISITN", "AVAL", "ARMCD"])
    return frame.sample(frac=1, random_state=4).set_index(np.arange(100, 100 + len(frame)))


def seen(data, n_resamples=40, **options):
    """The resamples that a statistic is called with (the first call is on the data themselves)."""
    frames = []

    def statistic(frame):
        frames.append(frame.copy())
        return float(len(frame)) + len(frames)

    em.bootstrap(data, statistic, n_resamples=n_resamples, method="percentile", seed=5, **options)
    return frames[2:]


def test_a_drawn_cluster_brings_all_its_rows():
    data = children()
    whole = {key: sorted(part["AVAL"]) for key, part in data.groupby("USUBJID")}
    for frame in seen(data, unit="USUBJID"):
        assert frame["USUBJID"].nunique() == len(whole)
        for _, part in frame.groupby("USUBJID"):
            values = sorted(part["AVAL"])
            assert values in whole.values()


def test_a_child_drawn_twice_is_two_children_unless_identifiers_are_kept():
    data = children()
    assert {frame["USUBJID"].nunique() for frame in seen(data, unit="USUBJID")} == {7}
    kept = seen(data, unit="USUBJID", relabel=False)
    sizes = data.groupby("USUBJID").size()
    assert min(frame["USUBJID"].nunique() for frame in kept) < 7
    for frame in kept:
        counts = frame.groupby("USUBJID").size()
        assert (counts % sizes[counts.index] == 0).all()


def test_clusters_are_drawn_within_their_stratum():
    data = children()
    for frame in seen(data, unit="USUBJID", strata="ARMCD"):
        drawn = frame.drop_duplicates("USUBJID")["ARMCD"].value_counts()
        assert (drawn["a"], drawn["b"]) == (3, 4)


def test_two_columns_can_name_the_unit():
    data = children().assign(SITE=lambda d: d["ARMCD"].map({"a": "x", "b": "y"}))
    frames = seen(data, unit=["SITE", "USUBJID"])
    assert all(len(frame.drop_duplicates(["SITE", "USUBJID"])) == 7 for frame in frames)
    assert {*frames[0]["SITE"]} <= {"x", "y"}


def test_rows_of_a_resample_are_renumbered_and_the_data_untouched():
    data = children()
    before = data.copy(deep=True)
    frames = seen(data, unit=None)
    assert all(list(frame.index) == list(range(len(data))) for frame in frames)
    assert all(list(frame.dtypes) == list(data.dtypes) for frame in frames)
    pd.testing.assert_frame_equal(data, before)


@pytest.mark.parametrize("kind", [pd.Series, np.asarray])
def test_a_resample_has_the_type_of_the_data(kind):
    data = kind([1.0, 2.0, 4.0, 8.0])

    def statistic(resample):
        assert type(resample) is type(data)
        return float(np.mean(resample))

    found = em.bootstrap(data, statistic, unit=None, n_resamples=200, method="percentile", seed=1)
    assert found.estimate == 3.75


def test_identifiers_of_other_types_work():
    data = children()
    for kind in ("category", "string", object):
        typed = data.assign(USUBJID=data["USUBJID"].astype(kind))
        same = em.bootstrap(typed, "mean", columns="AVAL", unit="USUBJID", n_resamples=200, seed=1)
        assert (
            same.conf_low
            == em.bootstrap(data, "mean", columns="AVAL", unit="USUBJID", n_resamples=200, seed=1).conf_low
        )


def test_units_of_a_draw_are_uniform():
    """Every unit is drawn equally often: chi-square over 20,000 draws of 10 units."""
    units = find_units(pd.DataFrame(index=range(10)), None)
    counts = Counter()
    for block in range(20):
        for draw in draw_block(units, as_seed_sequence(7), block, 20 * BLOCK, "multinomial"):
            counts.update(draw.units.ravel().tolist())
    total = sum(counts.values())
    chi_square = sum((counts[u] - total / 10) ** 2 / (total / 10) for u in range(10))
    assert chi_square < 27.9  # 0.999 quantile of chi-square with 9 df


def test_dirichlet_weights_have_mean_one_within_each_stratum():
    units = find_units(children(), "USUBJID", "ARMCD")
    draw = next(draw_block(units, as_seed_sequence(7), 0, BLOCK, "dirichlet"))
    np.testing.assert_allclose(draw.weights[:, :3].sum(axis=1), 3)
    np.testing.assert_allclose(draw.weights[:, 3:].sum(axis=1), 4)


def test_seeds_are_those_of_spawn():
    parent = np.random.SeedSequence(99)
    spawned = np.random.SeedSequence(99).spawn(3)
    for number, expected in enumerate(spawned):
        assert (child(parent, number).generate_state(4) == expected.generate_state(4)).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=3, max_size=8), st.integers(0, 10**6))
def test_rows_of_drawn_units_are_the_rows_of_the_units(sizes, seed):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    order = np.random.default_rng(seed).permutation(len(labels))
    data = pd.DataFrame({"unit": labels[order]})
    units = find_units(data, "unit")
    drawn = np.random.default_rng(seed + 1).integers(0, units.n_units, 6)
    rows, draw = units.rows_of(drawn)
    expected = [row for u in drawn for row in np.flatnonzero(data["unit"].to_numpy() == u)]
    assert rows.tolist() == expected
    assert draw.tolist() == np.repeat(np.arange(6), np.array(sizes)[drawn]).tolist()
    shares = units.sums(np.arange(len(labels), dtype=float)[:, None])
    assert shares[:, 0].tolist() == [np.flatnonzero(data["unit"] == u).sum() for u in range(len(sizes))]


def test_singleton_clusters_are_rows():
    x = np.random.default_rng(0).normal(size=25)
    data = pd.DataFrame({"id": np.arange(25), "x": x})
    by_cluster = em.bootstrap(data, "mean", columns="x", unit="id", n_resamples=500, seed=3)
    by_row = em.bootstrap(x, "mean", unit="row", n_resamples=500, seed=3)
    np.testing.assert_array_equal(by_cluster.distribution, by_row.distribution)
    assert (by_cluster.conf_low, by_cluster.unit, by_row.unit) == (by_row.conf_low, "id", "row")


def test_clusters_matter():
    """Ten clusters of ten equal rows have the standard error of ten values, not of a hundred."""
    centre = np.random.default_rng(1).normal(size=10)
    data = pd.DataFrame({"id": np.repeat(np.arange(10), 10), "x": np.repeat(centre, 10)})
    clustered = em.bootstrap(data, "mean", columns="x", unit="id", n_resamples=4000, seed=1).std_error
    rows = em.bootstrap(data, "mean", columns="x", unit=None, n_resamples=4000, seed=1).std_error
    assert clustered == pytest.approx(centre.std() / np.sqrt(10), rel=0.05)
    assert clustered / rows == pytest.approx(np.sqrt(10), rel=0.07)


def test_strata_remove_the_variation_between_them():
    data = pd.DataFrame({"x": [0.0] * 10 + [100.0] * 10, "s": ["a"] * 10 + ["b"] * 10})
    data["x"] += np.random.default_rng(2).normal(size=20)
    within = np.sqrt(data.groupby("s")["x"].var(ddof=0).sum() / 10) / 2
    found = em.bootstrap(data, "mean", columns="x", unit=None, strata="s", n_resamples=4000, seed=1)
    assert found.std_error == pytest.approx(within, rel=0.05)
    assert found.n_strata == 2


def test_a_stratum_of_one_is_mentioned():
    data = pd.DataFrame({"x": [1.0, 2.0, 3.0, 9.0], "s": ["a", "a", "a", "b"]})
    with pytest.warns(EmostatsWarning, match=r"1 of 2 strata hold one unit \(b\)"):
        em.bootstrap(data, "mean", columns="x", unit=None, strata="s", n_resamples=200, seed=1)
