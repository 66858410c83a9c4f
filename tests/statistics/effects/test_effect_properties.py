"""Properties that hold for any data, cross-checks with pingouin, edges and bad input."""

from dataclasses import asdict

import numpy as np
import pandas as pd
import pingouin as pg
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from emostats.errors import ModelError, UsageError
from emostats.statistics import effects as ef
from emostats.statistics.effects.dominance import dominance

RNG = np.random.default_rng(11)
PRE = RNG.normal(10, 2, size=30)
POST = PRE + RNG.normal(1, 1.5, size=30)

column = st.lists(st.floats(-50, 50), min_size=4, max_size=15).map(lambda v: np.round(v, 3))

TWO_GROUP = [ef.cohen_d, ef.hedges_g, ef.glass_delta, ef.d_unpooled, ef.cliff_delta, ef.rank_biserial]
PAIRED = [ef.d_z, ef.d_av, ef.d_rm, ef.glass_pre, ef.cliff_delta_paired, ef.rank_biserial_paired]


@pytest.mark.parametrize("effect", TWO_GROUP)
@settings(max_examples=20, deadline=None)
@given(x=column, y=column, scale=st.floats(0.1, 10), shift=st.floats(-100, 100))
def test_two_group_effects_have_no_unit(effect, x, y, scale, shift):
    assume(x.std() > 0.1 and y.std() > 0.1)
    before, after = effect(x, y), effect(scale * x + shift, scale * y + shift)
    assert after.estimate == pytest.approx(before.estimate, abs=1e-6)
    assert after.conf_high == pytest.approx(before.conf_high, abs=1e-6)
    assert before.conf_low <= before.estimate <= before.conf_high


@pytest.mark.parametrize(
    "effect", [ef.cohen_d, ef.hedges_g, ef.d_unpooled, ef.cliff_delta, ef.mean_difference]
)
@settings(max_examples=20, deadline=None)
@given(x=column, y=column)
def test_swapping_groups_swaps_the_sign(effect, x, y):
    assume(x.std() > 0.1 and y.std() > 0.1)
    one, other = effect(x, y), effect(y, x)
    assert one.estimate == pytest.approx(-other.estimate, abs=1e-9)
    assert one.conf_low == pytest.approx(-other.conf_high, abs=1e-7)


@pytest.mark.parametrize("effect", PAIRED)
def test_paired_effects_leave_incomplete_pairs_out(effect):
    pre, post = np.append(PRE, [np.nan, 3.0]), np.append(POST, [2.0, np.nan])
    np.testing.assert_equal(asdict(effect(pre, post)), asdict(effect(PRE, POST)))  # NaN counts as equal here
    assert effect(pre, post).n == 30


def test_pingouin_agrees_on_what_both_compute():
    for kind, found in (
        ("cohen", ef.cohen_d(PRE, POST[:25])),
        ("hedges", ef.hedges_g(PRE, POST[:25], approximate=True)),
    ):
        assert pg.compute_effsize(PRE, POST[:25], eftype=kind) == pytest.approx(found.estimate, rel=1e-10)
    assert pg.compute_effsize(PRE, POST, paired=True, eftype="cohen") == pytest.approx(
        -ef.d_av(PRE, POST, average="rms").estimate, rel=1e-10
    )
    assert pg.compute_effsize(PRE, POST[:25], eftype="CLES") == pytest.approx(
        ef.probability_of_superiority(PRE, POST[:25]).estimate, rel=1e-10
    )
    table = pg.ttest(POST, PRE, paired=True)
    change = ef.mean_change(PRE, POST)
    assert [change.statistic, change.p_value] == pytest.approx(
        [table["T"].iloc[0], table["p_val"].iloc[0]], rel=1e-9
    )
    u = pg.mwu(PRE, POST[:25])
    assert ef.mann_whitney(PRE, POST[:25]).statistic == pytest.approx(u["U_val"].iloc[0])
    long = pd.DataFrame({"y": [*PRE, *POST], "g": ["a"] * 30 + ["b"] * 30})
    welch = pg.welch_anova(long, dv="y", between="g")
    assert ef.welch_anova(long["y"], long["g"]).statistic == pytest.approx(welch["F"].iloc[0], rel=1e-9)


@settings(max_examples=40, deadline=None)
@given(column, column)
def test_dominance_by_sorting_is_the_matrix(x, y):
    matrix = np.sign(np.subtract.outer(x, y))
    found = dominance(x, y)
    assert found.delta == pytest.approx(matrix.mean(), abs=1e-12)
    np.testing.assert_allclose(found.rows, matrix.mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(found.columns, matrix.mean(axis=0), atol=1e-12)
    assert found.ties == pytest.approx((matrix == 0).mean(), abs=1e-12)


def test_disjoint_samples_have_a_one_sided_cliff_interval():
    found = ef.cliff_delta([5.0, 6.0, 7.0, 8.0], [1.0, 2.0, 3.0])
    assert found.estimate == found.conf_high == 1.0
    assert 0 < found.conf_low < 1
    mirrored = ef.cliff_delta([1.0, 2.0, 3.0], [5.0, 6.0, 7.0, 8.0])
    assert (mirrored.conf_low, mirrored.conf_high) == pytest.approx((-1.0, -found.conf_low))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 6), min_size=2, max_size=7), st.lists(st.integers(0, 6), min_size=2, max_size=7)
)
def test_exact_mann_whitney_is_the_permutation_test(x, y):
    values = np.array([*x, *y], dtype=float)
    ranks = stats.rankdata(values)
    observed = ranks[: len(x)].sum()
    from itertools import combinations

    sums = np.array([ranks[list(pick)].sum() for pick in combinations(range(len(values)), len(x))])
    centre = sums.mean()
    expected = (np.abs(sums - centre) >= abs(observed - centre) - 1e-9).mean()
    assert ef.mann_whitney(x, y).p_exact == pytest.approx(expected, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=2, max_size=9))
def test_exact_wilcoxon_is_the_sign_permutation_test(changes):
    moved = np.array([value for value in changes if value], dtype=float)
    assume(len(moved))
    ranks = stats.rankdata(np.abs(moved))
    from itertools import product

    sums = np.array(
        [
            sum(r for r, s in zip(ranks, signs, strict=True) if s)
            for signs in product((0, 1), repeat=len(moved))
        ]
    )
    observed, centre = ranks[moved > 0].sum(), ranks.sum() / 2
    expected = (np.abs(sums - centre) >= abs(observed - centre) - 1e-9).mean()
    found = ef.wilcoxon(np.zeros(len(changes)), np.array(changes, dtype=float))
    assert found.p_exact == pytest.approx(expected, abs=1e-12)


def test_rank_tests_without_ties_are_scipys_exact_ones():
    x, y = RNG.normal(size=9), RNG.normal(0.7, 1, size=7)
    assert ef.mann_whitney(x, y).p_value == pytest.approx(
        stats.mannwhitneyu(x, y, method="exact").pvalue, rel=1e-10
    )
    assert ef.wilcoxon(x, x + y.mean() + RNG.normal(size=9)).method == "exact"
    found = ef.wilcoxon(x[:7], y)
    assert found.p_value == pytest.approx(stats.wilcoxon(y, x[:7], method="exact").pvalue, rel=1e-10)


def test_hodges_lehmann_limits_cover():
    """Shift 0.5 of 12 against 10 normal values: limits cover in 95 % of 400 samples within 3 SE (1.1
    points)."""
    hits = 0
    for _ in range(400):
        x, y = RNG.normal(0.5, 1, size=12), RNG.normal(size=10)
        found = ef.mann_whitney(x, y)
        hits += found.conf_low <= 0.5 <= found.conf_high
    assert hits / 400 >= 0.95 - 3 * 0.011


def test_noncentral_limits_cover():
    """d_z = 0.6 with n = 12: 95 % of 1,000 samples within 3 SE (0.7 points)."""
    hits = 0
    for _ in range(1000):
        change = RNG.normal(0.6, 1, size=12)
        found = ef.d_z(np.zeros(12), change)
        hits += found.conf_low <= 0.6 <= found.conf_high
    assert hits / 1000 == pytest.approx(0.95, abs=3 * 0.007)


def test_common_language_is_the_normal_probability():
    found = ef.common_language_paired(PRE, POST)
    d = ef.d_z(PRE, POST)
    assert found.estimate == pytest.approx(stats.norm.cdf(d.estimate))
    assert (found.conf_low, found.conf_high) == pytest.approx(
        tuple(stats.norm.cdf([d.conf_low, d.conf_high]))
    )


@pytest.mark.parametrize("effect", [ef.d_z, ef.d_rm, ef.glass_pre, ef.d_av, ef.common_language_paired])
def test_changes_without_variation_have_a_reason(effect):
    with pytest.raises(ModelError, match=r"standard deviation|variation"):
        effect([1.0, 1.0, 1.0], [2.0, 2.0, 2.0])


@pytest.mark.parametrize("effect", TWO_GROUP[:4])
def test_groups_without_variation_have_a_reason(effect):
    with pytest.raises(ModelError, match="zero"):
        effect([1.0, 1.0, 1.0], [2.0, 2.0])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ef.cohen_d(["a", "b"], [1.0, 2.0]), UsageError, "x must be numbers"),
        (lambda: ef.cohen_d([[1.0, 2.0]], [1.0, 2.0]), UsageError, "one column of numbers"),
        (lambda: ef.cohen_d([1.0, np.inf], [1.0, 2.0]), UsageError, "infinite"),
        (lambda: ef.cohen_d([1.0, np.nan], [1.0, 2.0]), ModelError, r"x has 1 value\(s\)"),
        (lambda: ef.d_z([1.0, 2.0], [1.0]), UsageError, "the same length"),
        (lambda: ef.d_z([1.0, np.nan], [1.0, 2.0]), ModelError, "1 complete pairs"),
        (lambda: ef.d_z(PRE, POST, conf_level=95), UsageError, "conf_level must lie"),
        (lambda: ef.cliff_delta(PRE, POST, variance="robust"), UsageError, "'unbiased' or 'consistent'"),
        (lambda: ef.wilcoxon([1.0, 2.0], [1.0, 2.0]), ModelError, "No subject changed"),
        (lambda: ef.pratt([1.0, 2.0], [1.0, 2.0]), ModelError, "No subject changed"),
        (lambda: ef.rank_biserial_paired([1.0, 2.0], [1.0, 2.0]), ModelError, "No subject changed"),
        (lambda: ef.brunner_munzel([1.0, 2.0], [3.0, 4.0]), ModelError, "do not overlap"),
        (lambda: ef.variance_ratio([1.0, 2.0], [3.0, 3.0]), ModelError, "y does not vary"),
        (lambda: ef.levene([1.0, 2.0]), ModelError, "two groups or more"),
        (lambda: ef.shapiro_wilk([1.0, 1.0, 1.0]), ModelError, "All values are equal"),
        (lambda: ef.friedman([[1, 1], [2, 2]]), ModelError, "the same value in all conditions"),
        (lambda: ef.cochran_q([[0, 2], [1, 1]]), UsageError, "answers 0 and 1"),
        (lambda: ef.cochran_q([[0, 0], [1, 1]]), ModelError, "No subject answers differently"),
        (lambda: ef.friedman([1, 2, 3]), UsageError, "subjects by conditions"),
        (lambda: ef.one_way([1.0, 1.0, 2.0, 2.0], list("aabb")), ModelError, "do not vary within groups"),
        (lambda: ef.one_way([1.0, 2.0], list("aa")), ModelError, "at least two are needed"),
        (lambda: ef.ancova([1.0, 2.0], [1.0, 2.0], list("ab"), reference="c"), UsageError, "reference='c'"),
        (lambda: ef.ancova([1.0, 2.0], [1.0, 2.0], list("ab")), ModelError, "do not determine 3"),
        (lambda: ef.ancova(PRE, POST, ["a"] * 30, vcov="HC9"), UsageError, "vcov='HC9'"),
        (lambda: ef.proportion(3, 2), UsageError, "0 ≤ count ≤ n"),
        (lambda: ef.proportion(1, 2, method="exact"), UsageError, "no interval for a proportion"),
        (lambda: ef.two_by_two([[1, 2, 3]]), UsageError, "2 × 2 table is needed"),
        (lambda: ef.two_by_two([[1, -2], [3, 4]]), UsageError, "holds counts"),
        (lambda: ef.two_by_two([[0, 0], [3, 4]]), UsageError, "empty"),
        (lambda: ef.mcnemar([[1, 2], [3, 4.5]]), UsageError, "table of counts"),
        (lambda: ef.paired_table([1, 0, 2], [0, 1, 1]), UsageError, "true or false"),
        (lambda: ef.reliable_change(PRE, POST, reliability=1.0), UsageError, "at least 0 and below 1"),
        (lambda: ef.reliable_change([1.0, 1.0], [2.0, 3.0], reliability=0.8), ModelError, "before is zero"),
        (lambda: ef.responders(PRE, POST, mic=-1), UsageError, "must be positive"),
    ],
)  # fmt: skip
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_tables_with_empty_cells_are_answered_by_unbounded_limits():
    table = ef.two_by_two([[5, 0], [2, 6]])
    odds = ef.odds_ratio(table)
    assert (odds.estimate, odds.conf_low, odds.conf_high) == (np.inf, 0.0, np.inf)
    assert ef.fisher(table).conf_high == np.inf
    nobody = ef.two_by_two([[0, 5], [2, 6]])
    assert (ef.risk_ratio(nobody).estimate, ef.risk_ratio(nobody).conf_high) == (0.0, np.inf)
    assert ef.number_needed_to_treat(ef.two_by_two([[1, 1], [2, 2]])) == np.inf
    assert np.isnan(ef.chi_square(ef.two_by_two([[0, 4], [0, 6]])).statistic)


def test_mcnemar_without_discordant_pairs():
    found = ef.mcnemar([[5, 0], [0, 7]])
    assert (found.p_value, found.p_exact, found.conf_low, found.conf_high) == (1.0, 1.0, 0.0, np.inf)
    assert ef.paired_table([True, True, False], [True, False, True]).tolist() == [[1, 1], [1, 0]]


def test_reliable_change_by_direction_and_norm():
    pre, post = np.array([10.0, 10.0, 10.0, np.nan]), np.array([20.0, 10.0, 2.0, 5.0])
    up = ef.reliable_change(pre, post, reliability=0.9, sd=5.0)
    assert (up.n_improved, up.n_unchanged, up.n_deteriorated) == (1, 1, 1)
    assert np.isnan(up.index[3])
    down = ef.reliable_change(pre, post, reliability=0.9, sd=5.0, higher_is_better=False)
    assert (down.n_improved, down.n_deteriorated) == (1, 1)
    assert up.threshold == pytest.approx(1.959964 * np.sqrt(2) * 5 * np.sqrt(0.1), rel=1e-6)
