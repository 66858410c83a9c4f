"""κ, AC, α, W, Bland–Altman and Lin against R's packages, published examples and other code."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from icc_references import cases, reference, table
from scipy import stats

from emostats.errors import FindingsError, UsageError
from emostats.statistics.agreement import (
    bland_altman,
    brennan_prediger,
    cohen_kappa,
    cohen_kappa_of_counts,
    concordance_correlation,
    conger_kappa,
    fleiss_kappa,
    gwet_ac,
    kendall_w,
    krippendorff_alpha,
)

MULTI = cases("agreement", "multi_rater")
KAPPA = cases("agreement", "kappa_tables")
PEFR = reference("agreement")["bland_altman"][0]
WEIGHTS = {"identity": "identity", "linear": "linear", "quadratic": "quadratic", "gwet_ordinal": "ordinal"}
FUNCTIONS = {
    "gwet_ac": gwet_ac,
    "fleiss_kappa": fleiss_kappa,
    "conger_kappa": conger_kappa,
    "brennan_prediger": brennan_prediger,
}
TRIPLES = [
    (name, weights, coefficient)
    for name, case in MULTI.items()
    for weights, block in case["weighted"].items()
    for coefficient in FUNCTIONS
    if coefficient in block
]


@pytest.mark.parametrize(("name", "weights", "coefficient"), TRIPLES)
def test_chance_corrected_coefficients_are_gwets(name, weights, coefficient):
    case = MULTI[name]
    want = case["weighted"][weights][coefficient]
    ours = FUNCTIONS[coefficient](case["ratings"], weights=WEIGHTS[weights], categories=case["categories"])
    assert ours.estimate == pytest.approx(want["value"], abs=1e-10)
    assert ours.std_error == pytest.approx(want["se"], abs=1e-10)
    assert ours.percent_agreement == pytest.approx(want["percent_agreement"], abs=1e-10)
    assert ours.chance_agreement == pytest.approx(want["chance_agreement"], abs=1e-10)
    assert ours.p_value == pytest.approx(want["p"], rel=1e-8)
    assert [ours.conf_low, ours.conf_high] == pytest.approx(want["ci95_t"], abs=1e-9)


def test_texts_are_categories_and_order_does_not_matter():
    case = MULTI["krippendorff_2011_nominal_12x2"]
    letters = [[None if v is None else "abcde"[v - 1] for v in row] for row in case["ratings"]]
    want = case["weighted"]["identity"]["gwet_ac"]["value"]
    assert gwet_ac(letters, categories=list("abcde")).estimate == pytest.approx(want)
    shuffled = gwet_ac(letters, categories=list("ecdab"))
    assert shuffled.estimate == pytest.approx(want)
    frame = pd.DataFrame(letters, columns=["x", "y"]).melt(ignore_index=False).reset_index()
    long = gwet_ac(frame, targets="index", raters="variable", ratings="value", categories=list("abcde"))
    assert long.estimate == pytest.approx(want)


def test_unused_categories_count_in_gwets_chance():
    ratings = [[1, 1], [2, 2], [1, 2], [1, 1]]
    assert gwet_ac(ratings).chance_agreement != gwet_ac(ratings, categories=[1, 2, 3]).chance_agreement


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "quadratc"}, "Did you mean 'quadratic'"),
        ({"weights": np.ones((3, 3))}, "must be 2 × 2"),
        ({"weights": np.array([[1.0, 0.3], [0.1, 1.0]])}, "symmetric"),
        ({"categories": [1]}, "at least 2 categories"),
        ({"categories": [1, 1, 2]}, "distinct"),
        ({"categories": [1, 3]}, "not among the categories"),
        ({"conf_level": 1.0}, "conf_level must lie between 0 and 1"),
    ],
)
def test_bad_options_of_coefficients_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        gwet_ac([[1, 2], [2, 2], [1, 1]], **options)


def test_a_rating_twice_is_refused_for_categories_too():
    frame = pd.DataFrame({"t": [1, 1, 2, 2, 2], "r": ["a", "b", "a", "b", "b"], "v": list("xyxyx")})
    with pytest.raises(FindingsError, match="more than one rating"):
        gwet_ac(frame, targets="t", raters="r", ratings="v")


def test_one_category_throughout_is_undefined_for_kappa():
    ours = fleiss_kappa([[1, 1], [1, 1], [1, 1]], categories=[1, 2])
    assert np.isnan(ours.estimate)
    assert "one category" in ours.reason
    assert gwet_ac([[1, 1], [1, 1], [1, 1]], categories=[1, 2]).estimate == 1.0


def test_agreement_that_no_target_shows_is_refused():
    with pytest.raises(UsageError, match="No target has two ratings"):
        gwet_ac([[1, None], [None, 2]])


# Krippendorff -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in MULTI if name != "anxiety_20x3"])
def test_krippendorffs_alpha(name):
    case = MULTI[name]
    for level, want in case["krippendorff_alpha"].items():
        ours = krippendorff_alpha(case["ratings"], level=level, n_resamples=9)
        assert ours.estimate == pytest.approx(want, abs=1e-10)


def test_alpha_of_the_anxiety_ratings_is_that_of_the_table_not_of_its_double():
    """The reference's `krippendorff_alpha` is that of every unit taken twice (see its README)."""
    case = MULTI["anxiety_20x3"]
    kappa = case["weighted"]["identity"]["fleiss_kappa"]["value"]
    once = krippendorff_alpha(case["ratings"], level="nominal", n_resamples=9)
    assert once.estimate == pytest.approx(kappa + (1 - kappa) / 60, abs=1e-12)
    assert once.estimate == pytest.approx(
        case["weighted"]["identity"]["krippendorff_alpha_gwet_se"]["value"], abs=1e-10
    )
    for level, stated in case["krippendorff_alpha"].items():
        doubled = krippendorff_alpha(case["ratings"] * 2, level=level, n_resamples=9)
        assert doubled.estimate == pytest.approx(stated, abs=1e-10)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
def test_alpha_limits_by_resampled_units(level):
    case = MULTI["krippendorff_2011_12x4"]
    want = case["alpha_unit_bootstrap"][level]
    ours = krippendorff_alpha(case["ratings"], level=level, n_resamples=20_000, seed=4)
    for ours_limit, limit, error in zip(
        (ours.conf_low, ours.conf_high), want["percentile_ci95"], want["mc_se"], strict=True
    ):
        assert abs(ours_limit - limit) <= 5 * error + 0.005


@pytest.mark.parametrize("name", MULTI)
def test_alpha_limits_by_linearisation(name):
    for level, weights in (("nominal", "identity"), ("interval", "quadratic")):
        want = MULTI[name]["weighted"].get(weights, {}).get("krippendorff_alpha_gwet_se")
        if want is None:
            continue
        ours = krippendorff_alpha(MULTI[name]["ratings"], level=level, interval="linearized")
        assert ours.std_error == pytest.approx(want["se"], abs=1e-10)
        assert [ours.conf_low, ours.conf_high] == pytest.approx(want["ci95_t"], abs=1e-9)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_alpha_by_its_definition(level):
    """Average disagreement of pairs within units over that of all pairs, written as loops."""
    ratings = table(MULTI["krippendorff_2011_12x4"]["ratings"])
    units = [unit[~np.isnan(unit)] for unit in ratings if (~np.isnan(unit)).sum() > 1]
    values = np.concatenate(units)
    count = {v: int((values == v).sum()) for v in values}

    def delta(a, b):
        if a == b:
            return 0.0
        if level == "nominal":
            return 1.0
        if level == "interval":
            return (a - b) ** 2
        if level == "ratio":
            return ((a - b) / (a + b)) ** 2
        between = sum(n for v, n in count.items() if min(a, b) <= v <= max(a, b))
        return (between - (count[a] + count[b]) / 2) ** 2

    observed = sum(
        delta(a, b) / (len(u) - 1) for u in units for i, a in enumerate(u) for j, b in enumerate(u) if i != j
    )
    n = len(values)
    expected = sum(delta(a, b) for i, a in enumerate(values) for j, b in enumerate(values) if i != j) / (
        n - 1
    )
    ours = krippendorff_alpha(ratings, level=level, n_resamples=9)
    assert ours.estimate == pytest.approx(1 - observed / expected, abs=1e-12)


@pytest.mark.parametrize(
    ("ratings", "options", "message"),
    [
        ([["a", "b"], ["b", "b"]], {"level": "ordinal"}, "Use level='nominal'"),
        ([[1, -2], [2, 2]], {"level": "ratio"}, "ratio level"),
        ([[1, 2], [2, 2]], {"level": "ordnal"}, "Did you mean 'ordinal'"),
        ([[1, 2], [2, 2]], {"interval": "linear"}, "Did you mean 'linearized'"),
    ],
)
def test_bad_alpha_requests_are_refused(ratings, options, message):
    with pytest.raises(UsageError, match=message):
        krippendorff_alpha(ratings, **options)


def test_alpha_without_variation_is_undefined_with_a_reason():
    ours = krippendorff_alpha([[3, 3], [3, 3], [3, None]], n_resamples=20)
    assert np.isnan(ours.estimate)
    assert "do not vary" in ours.reason
    assert ours.n_undefined == 20


# Cohen --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", ["identity", "linear", "quadratic"])
@pytest.mark.parametrize("name", KAPPA)
def test_cohens_kappa(name, weights):
    want = KAPPA[name]["results"][weights]
    ours = cohen_kappa_of_counts(KAPPA[name]["table"], weights=weights)
    assert ours.estimate == pytest.approx(want["kappa"], abs=1e-10)
    assert ours.std_error == pytest.approx(want["se"], abs=1e-10)
    assert ours.std_error_null == pytest.approx(want["se_null"], abs=1e-10)
    assert ours.statistic == pytest.approx(want["z_null"], abs=1e-9)
    assert [ours.conf_low, ours.conf_high] == pytest.approx(want["ci95"], abs=1e-10)
    assert ours.adjusted == pytest.approx(KAPPA[name]["results"]["pabak"], abs=1e-10)


@pytest.mark.parametrize("name", KAPPA)
def test_kappa_of_ratings_is_that_of_their_table(name):
    counts = KAPPA[name]["table"]
    rows = [[i + 1, j + 1] for i, row in enumerate(counts) for j, n in enumerate(row) for _ in range(n)]
    ours = cohen_kappa([*rows, [1, None]], weights="linear")
    assert ours.estimate == pytest.approx(KAPPA[name]["results"]["linear"]["kappa"], abs=1e-12)
    assert ours.n_left_out == 1
    assert ours.counts == tuple(tuple(map(float, row)) for row in counts)
    want = KAPPA[name]["results"]
    shrink = np.sqrt((len(rows) - 1) / len(rows))  # the reference divides by n
    for function, key in (
        (gwet_ac, "gwet_ac1"),
        (fleiss_kappa, "scott_pi"),
        (conger_kappa, "cohen_kappa_gwet_se"),
    ):
        assert function(rows).estimate == pytest.approx(want[key]["value"], abs=1e-10)
        assert function(rows).std_error * shrink == pytest.approx(want[key]["se"], abs=1e-10)


def test_the_largest_kappa_of_equal_margins_is_one():
    assert cohen_kappa_of_counts([[10, 5], [5, 10]]).largest == pytest.approx(1.0)
    assert cohen_kappa_of_counts([[20, 0], [15, 5]]).largest < 1.0


@pytest.mark.parametrize(
    "counts", [[[1, 2, 3], [4, 5, 6]], [[0, 0], [0, 0]], [[1, -1], [0, 2]], [[5]], [1, 2]]
)
def test_bad_count_tables_are_refused(counts):
    with pytest.raises(UsageError):
        cohen_kappa_of_counts(counts)


def test_kappa_of_three_raters_is_refused():
    with pytest.raises(UsageError, match="conger_kappa"):
        cohen_kappa([[1, 2, 1], [2, 2, 2]])


# Kendall ------------------------------------------------------------------------------------------


def test_kendalls_w():
    case = MULTI["anxiety_20x3"]
    ours, want = kendall_w(case["ratings"]), case["kendall_W"]
    assert ours.estimate == pytest.approx(want["W_tie_corrected"], abs=1e-12)
    assert ours.uncorrected == pytest.approx(want["W_uncorrected"], abs=1e-12)
    assert ours.statistic == pytest.approx(want["chisq_tie_corrected"], abs=1e-9)
    assert ours.p_value == pytest.approx(want["p_tie_corrected"], rel=1e-9)


def test_w_is_friedmans_statistic_and_the_mean_rank_correlation():
    ratings = table(MULTI["anxiety_20x3"]["ratings"])
    ours = kendall_w(ratings)
    assert ours.statistic == pytest.approx(stats.friedmanchisquare(*ratings).statistic, rel=1e-10)
    untied = np.random.default_rng(1).normal(size=(12, 4)) + np.arange(12)[:, None] / 4
    pairs = [stats.spearmanr(untied[:, i], untied[:, j]).statistic for i in range(4) for j in range(i)]
    assert kendall_w(untied).mean_rank_correlation == pytest.approx(np.mean(pairs), abs=1e-12)


def test_w_leaves_out_targets_with_gaps_and_answers_ties():
    assert kendall_w([[1, 1], [2, 2], [3, 3], [4, None]]).n_left_out == 1
    assert kendall_w([[1, 1], [2, 2], [3, 3]]).estimate == pytest.approx(1.0)
    flat = kendall_w([[1, 1], [1, 1], [1, 1]])
    assert np.isnan(flat.estimate)
    assert flat.reason
    with pytest.raises(UsageError, match="at least two targets"):
        kendall_w([[1, None], [None, 2], [3, 4]])


# Bland–Altman and Lin -----------------------------------------------------------------------------


def pefr():
    return pd.DataFrame({"Wright": PEFR["x"], "mini": PEFR["y"]}, dtype=float)


def test_limits_of_agreement():
    result = bland_altman(pefr())
    rows = result.table().set_index("term")
    assert result.bias == pytest.approx(PEFR["bias"], abs=1e-10)
    assert result.sd == pytest.approx(PEFR["sd"], abs=1e-10)
    assert [result.lower, result.upper] == pytest.approx(PEFR["loa"], abs=1e-10)
    assert rows.loc["bias", ["conf_low", "conf_high"]].tolist() == pytest.approx(PEFR["bias_ci95"], abs=1e-9)
    for term, key in (("lower limit", "lower_loa"), ("upper limit", "upper_loa")):
        exact, approx = PEFR[f"{key}_ci95_exact"], PEFR[f"{key}_ci95_approx"]
        assert rows.loc[term, ["conf_low", "conf_high"]].tolist() == pytest.approx(exact, abs=1e-7)
        assert rows.loc[term, ["approx_low", "approx_high"]].tolist() == pytest.approx(approx, abs=1e-9)
        assert rows.loc[term, "std_error"] == pytest.approx(PEFR["loa_se_approx"], abs=1e-9)
    assert result.correlation == pytest.approx(PEFR["correlation_diff_mean"], abs=1e-12)
    slope = stats.linregress(pefr().mean(axis=1), pefr()["Wright"] - pefr()["mini"])
    assert (result.slope, result.slope_p_value) == pytest.approx((slope.slope, slope.pvalue), rel=1e-9)


def repeated(seed=0, n=40, m=3, between=4.0, within=2.0):
    rng = np.random.default_rng(seed)
    bias = rng.normal(size=n) * between
    rows = []
    for i in range(n):
        for j in range(m):
            truth = rng.normal(100, 20)
            rows.append((i, "a", j, truth + bias[i] + within * rng.normal()))
            rows.append((i, "b", j, truth))
    return pd.DataFrame(rows, columns=["child", "method", "time", "value"])


NAMES = {"targets": "child", "raters": "method", "ratings": "value", "occasions": "time"}


def test_repeated_pairs_add_variance_between_and_within():
    frame = repeated()
    result = bland_altman(frame, **NAMES)
    wide = frame.pivot(index=["child", "time"], columns="method", values="value")
    d = (wide["a"] - wide["b"]).unstack("time").to_numpy()
    within = d.var(axis=1, ddof=1).mean()
    total = d.mean(axis=1).var(ddof=1) + (1 - 1 / 3) * within
    assert result.sd == pytest.approx(np.sqrt(total), rel=1e-12)
    assert result.within_sd == pytest.approx(np.sqrt(within), rel=1e-12)
    assert result.n_pairs == 120
    rows = result.table().set_index("term")
    assert rows.loc["upper limit", "conf_low"] < result.upper < rows.loc["upper limit", "conf_high"]
    naive = bland_altman(pd.DataFrame({"a": wide["a"].to_numpy(), "b": wide["b"].to_numpy()}))
    width = rows.loc["bias", "conf_high"] - rows.loc["bias", "conf_low"]
    naive_rows = naive.table().set_index("term")
    assert width > naive_rows.loc["bias", "conf_high"] - naive_rows.loc["bias", "conf_low"]


def test_unpaired_replicates_are_bland_and_altmans_peak_flow_correction():
    """Bland & Altman (1986): both readings of each meter; s_D² + ½ s_1² · … for single readings."""
    replicates = np.array(reference("gtheory")["replicates"]["ratings"], dtype=float)
    rows = [
        (i, method, occasion, replicates[i, 2 * m + occasion])
        for i in range(17)
        for m, method in enumerate(("a Wright", "b mini"))
        for occasion in (0, 1)
    ]
    frame = pd.DataFrame(rows, columns=["child", "method", "time", "value"])
    result = bland_altman(frame, **NAMES, repeated="unpaired")
    means = replicates[:, :2].mean(axis=1) - replicates[:, 2:].mean(axis=1)
    s1 = (np.diff(replicates[:, :2], axis=1) ** 2).mean() / 2
    s2 = (np.diff(replicates[:, 2:], axis=1) ** 2).mean() / 2
    assert result.sd == pytest.approx(np.sqrt(means.var(ddof=1) + s1 / 2 + s2 / 2), rel=1e-12)
    assert result.sd == pytest.approx(37.7, abs=0.05)  # published


def test_without_repeats_the_repeated_route_gives_the_single_one():
    frame = repeated(m=1)
    repeats = bland_altman(frame, **NAMES)
    single = {name: column for name, column in NAMES.items() if name != "occasions"}
    once = bland_altman(frame.drop(columns="time"), **single)
    assert repeats.sd == pytest.approx(once.sd, rel=1e-12)
    assert (repeats.lower, repeats.upper) == pytest.approx((once.lower, once.upper), rel=1e-12)


def test_ratios_are_exponents_of_log_differences():
    frame = pefr()
    ratio, logs = bland_altman(frame, scale="ratio"), bland_altman(np.log(frame))
    assert ratio.bias == pytest.approx(np.exp(logs.bias))
    assert [ratio.lower, ratio.upper] == pytest.approx(np.exp([logs.lower, logs.upper]).tolist())
    with pytest.raises(UsageError, match="above 0"):
        bland_altman(frame - 1000, scale="ratio")


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (np.ones((5, 3)), {}, "compare two methods; found 3"),
        (np.array([[1.0, 2.0], [2.0, 3.0]]), {}, "at least 3 targets"),
        (np.ones((5, 2)), {"scale": "log"}, "There is no scale"),
        (np.ones((5, 2)), {"occasions": "time"}, "long DataFrame"),
    ],
)
def test_bad_comparisons_are_refused(data, options, message):
    with pytest.raises(UsageError, match=message):
        bland_altman(data, **options)


def test_equal_differences_have_limits_that_coincide():
    result = bland_altman(np.array([[1.0, 0.0], [2.0, 1.0], [3.0, 2.0], [5.0, 4.0]]))
    assert (result.lower, result.bias, result.upper) == (1.0, 1.0, 1.0)
    assert "coincide" in result.reason


def test_lins_concordance():
    want = PEFR["lin_ccc"]
    ours = concordance_correlation(pefr())
    assert ours.estimate == pytest.approx(want["value"], abs=1e-10)
    assert [ours.conf_low, ours.conf_high] == pytest.approx(want["ci95_z"], abs=1e-10)
    assert [ours.conf_low_plain, ours.conf_high_plain] == pytest.approx(want["ci95_asymptotic"], abs=1e-10)
    assert ours.precision == pytest.approx(want["precision_r"], abs=1e-10)
    assert ours.accuracy == pytest.approx(want["bias_correction"], abs=1e-10)
    assert ours.scale_shift == pytest.approx(want["scale_shift"], abs=1e-10)
    assert ours.location_shift == pytest.approx(want["location_shift"], abs=1e-10)


def test_concordance_of_equal_and_of_constant_values():
    same = np.column_stack([[1.0, 2.0, 4.0], [1.0, 2.0, 4.0]])
    assert concordance_correlation(same).estimate == pytest.approx(1.0)
    flat = np.column_stack([[1.0, 1.0, 1.0], [1.0, 2.0, 4.0]])
    assert concordance_correlation(flat).estimate == 0.0
    assert "does not vary" in concordance_correlation(flat).reason
    with pytest.raises(UsageError, match="two raters"):
        concordance_correlation(np.ones((4, 3)))


def test_a_rater_of_one_category_is_said():
    """κ is 0 and its formula's standard error is 0, whatever the other rater said."""
    found = cohen_kappa_of_counts([[3, 4], [0, 0]])
    assert (found.estimate, found.conf_low, found.conf_high) == (0.0, 0.0, 0.0)
    assert "one category only" in found.reason
    assert cohen_kappa_of_counts([[3, 1], [1, 4]]).reason == ""
