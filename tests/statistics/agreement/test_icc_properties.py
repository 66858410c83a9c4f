"""What must hold for any ratings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import emostats as em
from emostats.statistics.agreement.anova import mean_squares
from emostats.statistics.agreement.forms import FORMS, spearman_brown
from emostats.statistics.agreement.sums import order_free_sum

INTERVALS = ("anova", "generalized", "profile", "auto")


def simulated(seed, n=14, k=4, missing=0.0, spread=1.0):
    rng = np.random.default_rng(seed)
    y = 2.0 * rng.normal(size=(n, 1)) + spread * rng.normal(size=k) + rng.normal(size=(n, k))
    y[rng.random((n, k)) < missing] = np.nan
    y[0] = np.where(np.isnan(y[0]), 0.0, y[0])  # one target joins all raters
    return y


tables = st.builds(simulated, st.integers(0, 10**6), n=st.integers(3, 12), k=st.integers(2, 5))
gappy = st.builds(
    simulated, st.integers(0, 10**6), n=st.integers(6, 14), k=st.integers(3, 5), missing=st.just(0.25)
)


@settings(max_examples=25, deadline=None)
@given(tables, st.integers(0, 10**6))
def test_shuffling_a_complete_table_changes_no_digit(values, seed):
    rng = np.random.default_rng(seed)
    shuffled = values[rng.permutation(len(values))][:, rng.permutation(values.shape[1])]
    for interval in ("auto", "anova", "generalized"):
        assert em.icc(values, interval=interval).table().equals(em.icc(shuffled, interval=interval).table())


@settings(max_examples=8, deadline=None)
@given(gappy, st.integers(0, 10**6))
def test_shuffling_a_table_with_gaps_changes_no_digit(values, seed):
    rng = np.random.default_rng(seed)
    shuffled = values[rng.permutation(len(values))][:, rng.permutation(values.shape[1])]
    for interval in ("auto", "profile"):
        assert em.icc(values, interval=interval).table().equals(em.icc(shuffled, interval=interval).table())


@settings(max_examples=25, deadline=None)
@given(tables, st.floats(0.5, 20.0))
def test_a_constant_for_one_rater_leaves_consistency_and_lowers_agreement(values, shift):
    moved = values + np.where(np.arange(values.shape[1]) == values.mean(axis=0).argmax(), shift, 0.0)
    before, after = em.icc(values), em.icc(moved)
    assert after.row("ICC(C,1)").estimate == pytest.approx(before.row("ICC(C,1)").estimate, abs=1e-9)
    if before.variance_components["target"] > 0:
        assert after.row("ICC(A,1)").estimate < before.row("ICC(A,1)").estimate
        assert after.row("ICC(1)").estimate < before.row("ICC(1)").estimate


@settings(max_examples=10, deadline=None)
@given(gappy, st.floats(0.5, 20.0))
def test_the_same_with_gaps(values, shift):
    moved = values + np.where(np.arange(values.shape[1]) == np.nanmean(values, axis=0).argmax(), shift, 0.0)
    before, after = em.icc(values), em.icc(moved)
    assert after.row("ICC(C,1)").estimate == pytest.approx(before.row("ICC(C,1)").estimate, abs=1e-6)
    if before.row("ICC(A,1)").estimate > 1e-6:
        assert after.row("ICC(A,1)").estimate < before.row("ICC(A,1)").estimate + 1e-9


@settings(max_examples=25, deadline=None)
@given(tables, st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
def test_units_do_not_matter(values, scale, offset):
    before, after = em.icc(values).table(), em.icc(values * scale + offset).table()
    for column in ("estimate", "conf_low", "conf_high"):
        np.testing.assert_allclose(after[column], before[column], rtol=1e-6, atol=1e-7)


@settings(max_examples=10, deadline=None)
@given(st.one_of(tables, gappy))
def test_spearman_brown_links_single_and_average(values):
    for interval in ("auto", "profile"):
        rows = em.icc(values, interval=interval).table().set_index("form")
        k = values.shape[1]
        for single, average in (("ICC(1)", "ICC(k)"), ("ICC(A,1)", "ICC(A,k)"), ("ICC(C,1)", "ICC(C,k)")):
            for column in ("estimate", "conf_low", "conf_high"):
                stepped = spearman_brown(float(rows.loc[single, column]), k)
                assert rows.loc[average, column] == pytest.approx(stepped, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize("missing", [0.0, 0.25])
def test_an_offset_of_1e8_survives(interval, missing):
    values = np.round(simulated(3, n=20, missing=missing))
    plain, offset = em.icc(values, interval=interval).table(), em.icc(values + 1e8, interval=interval).table()
    numbers = plain.select_dtypes("number").columns
    np.testing.assert_allclose(offset[numbers], plain[numbers], rtol=1e-9, atol=1e-12)


@settings(max_examples=12, deadline=None)
@given(tables)
def test_complete_data_through_the_gap_engine_gives_the_anova_answer(values):
    """Wald's F, REML and the pivots on complete data are the ANOVA's, wherever no component is negative."""
    from emostats.statistics.agreement.complete import CompleteEngine
    from emostats.statistics.agreement.incomplete import IncompleteEngine
    from emostats.statistics.agreement.ratings import read_ratings

    table = read_ratings(values)
    complete, gaps = CompleteEngine(table), IncompleteEngine(table)
    for form in FORMS:
        if (
            min(complete.components["target"], complete.components["rater"]) > 1e-3
            and complete.estimate(form) > 1e-3
        ):
            assert gaps.estimate(form) == pytest.approx(complete.estimate(form), abs=1e-6)
        assert gaps.f_test(form).statistic == pytest.approx(complete.f_test(form).statistic, rel=1e-8)
        if form.key != "A":
            assert gaps.anova(form, 0.95) == pytest.approx(complete.anova(form, 0.95), rel=1e-7, abs=1e-8)
        else:
            assert gaps.generalized(form, 0.95) == pytest.approx(complete.generalized(form, 0.95), abs=1e-6)


@settings(max_examples=6, deadline=None)
@given(tables)
def test_wider_levels_hold_narrower_ones(values):
    for interval in ("auto", "profile"):
        narrow = em.icc(values, interval=interval, conf_level=0.8).table()
        wide = em.icc(values, interval=interval, conf_level=0.99).table()
        ordered = narrow["conf_low"] <= narrow["conf_high"]
        assert (wide["conf_low"] <= narrow["conf_low"] + 1e-9)[ordered].all()
        assert (wide["conf_high"] >= narrow["conf_high"] - 1e-9)[ordered].all()


def test_inputs_are_not_changed():
    values = simulated(1, missing=0.2)
    before = values.copy()
    result = em.icc(values)
    result.table(), result.test(0.5)
    np.testing.assert_array_equal(values, before)
    with pytest.raises(ValueError, match="read-only"):
        result.ratings.values[0, 0] = 1.0


@settings(max_examples=40, deadline=None)
@given(arrays(float, st.integers(1, 300), elements=st.floats(-1e12, 1e12)), st.integers(0, 10**6))
def test_order_free_sums_are_exact_in_any_order(x, seed):
    from math import fsum

    total = float(order_free_sum(x))
    assert total == float(order_free_sum(x[np.random.default_rng(seed).permutation(len(x))]))
    assert total == pytest.approx(fsum(x.tolist()), rel=1e-14, abs=1e-16 * float(np.abs(x).max()))


def test_mean_squares_of_many_blocks_are_those_of_extended_precision():
    values = simulated(5, n=5000, k=7)
    ms = mean_squares(values)
    y = values.astype(np.longdouble)
    y -= y.mean()
    r, c = y.mean(axis=1), y.mean(axis=0)
    assert ms.ss_r == pytest.approx(float(7 * (r**2).sum()), rel=1e-14)
    assert ms.ss_c == pytest.approx(float(5000 * (c**2).sum()), rel=1e-12)
    assert ms.ss_e == pytest.approx(float(((y - r[:, None] - c) ** 2).sum()), rel=1e-14)


@pytest.mark.parametrize("step", [1.0, 0.5, 0.125])
@pytest.mark.parametrize("offset", [0.0, -3.0, 1e8])
def test_ratings_on_steps_are_summed_without_rounding(step, offset):
    """Against exact fractions, and against the route for other ratings."""
    from fractions import Fraction

    import emostats.statistics.agreement.anova as anova

    q = np.random.default_rng(6).integers(0, 9, size=(40, 3))
    ms = mean_squares(offset + step * q)
    y = [[Fraction(int(v)) * Fraction(step) for v in row] for row in q]
    grand = sum(map(sum, y)) / 120
    r, c = [sum(row) / 3 - grand for row in y], [sum(col) / 40 - grand for col in zip(*y, strict=True)]
    assert ms.ss_r == float(3 * sum(x * x for x in r))
    assert ms.ss_c == float(40 * sum(x * x for x in c))
    rest = sum((v - grand - r[i] - c[j]) ** 2 for i, row in enumerate(y) for j, v in enumerate(row))
    assert ms.ss_e == float(rest)
    other = mean_squares(offset + step * q * (1 + 2.0**-30))
    assert anova._whole_number_sums(q * 0.1, 0.0, 1.0) is None
    if offset == 0.0:
        assert [other.ss_r, other.ss_c, other.ss_e] == pytest.approx([ms.ss_r, ms.ss_c, ms.ss_e], rel=1e-8)


def test_numbers_too_large_to_sum_exactly_take_the_other_route():
    import emostats.statistics.agreement.anova as anova

    values = np.array([[0.0, 3e9], [1e9, 2e9], [5.0, 7.0]])
    assert anova._whole_number_sums(values, 0.0, 3e9) is None
    assert mean_squares(values).ss_e > 0.0
