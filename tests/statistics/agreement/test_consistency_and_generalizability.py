"""Cronbach, McDonald, item analysis; G and D studies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from icc_references import reference
from scipy.optimize import minimize

import emostats as em
from emostats.errors import FindingsError, UsageError
from emostats.statistics.agreement import cronbach_alpha, d_study, g_study, item_analysis, mcdonald_omega
from emostats.statistics.agreement.omega import one_factor

RNG = np.random.default_rng(0)
LOADINGS = np.linspace(0.4, 1.2, 6)
ITEMS = pd.DataFrame(
    RNG.normal(size=(120, 1)) * LOADINGS + RNG.normal(size=(120, 6)) * np.linspace(0.6, 1.2, 6),
    columns=[f"q{i}" for i in range(1, 7)],
)
GAPS = ITEMS.mask(np.random.default_rng(1).random(ITEMS.shape) < 0.1)


def test_alpha_is_pingouins_and_has_feldts_interval():
    import pingouin as pg

    alpha, limits = pg.cronbach_alpha(ITEMS)
    ours = cronbach_alpha(ITEMS)
    assert ours.estimate == pytest.approx(alpha, abs=1e-12)
    assert [ours.conf_low, ours.conf_high] == pytest.approx(limits, abs=6e-4)  # printed with three decimals
    r = np.corrcoef(ITEMS.T)[np.triu_indices(6, 1)].mean()
    assert ours.standardized == pytest.approx(6 * r / (1 + 5 * r), abs=1e-12)


def test_alpha_with_gaps_uses_every_answer():
    ours = cronbach_alpha(GAPS)
    assert ours.n_subjects == 120
    assert ours.n_incomplete == int(GAPS.isna().any(axis=1).sum()) > 0
    assert ours.estimate == em.icc(GAPS).row("ICC(C,k)").estimate
    assert abs(ours.estimate - cronbach_alpha(ITEMS).estimate) < 0.03


def test_long_answers_are_read():
    long = GAPS.rename_axis("child").reset_index().melt("child", var_name="item", value_name="answer")
    ours = cronbach_alpha(long, subjects="child", items="item", answers="answer")
    assert ours.estimate == pytest.approx(cronbach_alpha(GAPS).estimate, abs=1e-12)


def test_items_that_point_apart_are_named():
    ours = cronbach_alpha(np.column_stack([np.arange(9.0), -np.arange(9.0) + np.eye(9)[0]]))
    assert ours.estimate < 0
    assert "reverse-scored" in ours.reason


def test_omega_is_the_maximum_likelihood_one():
    S = np.cov(ITEMS.T)

    def discrepancy(p):
        V = np.outer(p[:6], p[:6]) + np.diag(np.exp(p[6:]))
        return np.linalg.slogdet(V)[1] + np.trace(np.linalg.solve(V, S))

    best = minimize(discrepancy, np.r_[np.ones(6), np.zeros(6)], method="BFGS", options={"gtol": 1e-9}).x
    common = best[:6].sum() ** 2
    ours = mcdonald_omega(ITEMS, n_resamples=400, seed=1)
    assert ours.estimate == pytest.approx(common / (common + np.exp(best[6:]).sum()), abs=1e-6)
    assert ours.conf_low < ours.estimate < ours.conf_high
    truth = LOADINGS.sum() ** 2 / (LOADINGS.sum() ** 2 + (np.linspace(0.6, 1.2, 6) ** 2).sum())
    assert ours.conf_low < truth < ours.conf_high


def test_omega_recovers_an_exact_factor():
    S = np.outer(LOADINGS, LOADINGS) + np.diag(np.linspace(0.3, 0.9, 6))
    loadings, unique = one_factor(np.stack([S, 4 * S]))
    np.testing.assert_allclose(loadings, [LOADINGS, 2 * LOADINGS], rtol=1e-5)
    np.testing.assert_allclose(unique[0], np.linspace(0.3, 0.9, 6), rtol=1e-5)


def test_omega_of_parallel_items_is_alpha():
    S = np.full((5, 5), 0.5) + 0.5 * np.eye(5)
    loadings, unique = one_factor(S[None])
    omega = loadings.sum() ** 2 / (loadings.sum() ** 2 + unique.sum())
    assert omega == pytest.approx(5 * 0.5 / (1 + 4 * 0.5))


def test_omega_says_what_is_wrong():
    assert "does not vary" in mcdonald_omega(ITEMS.assign(q2=1.0)).reason
    assert "the same" in mcdonald_omega(ITEMS.assign(q2=ITEMS["q1"])).reason
    twins = ITEMS.assign(q2=ITEMS["q1"] + 0.02 * np.random.default_rng(2).normal(size=120))
    assert "Heywood" in mcdonald_omega(twins, n_resamples=20).reason
    with pytest.raises(UsageError, match="at least 3 items"):
        mcdonald_omega(ITEMS[["q1", "q2"]])
    with pytest.raises(UsageError, match="without gaps; found"):
        mcdonald_omega(ITEMS.head(5))


def test_item_analysis():
    rows = item_analysis(ITEMS).set_index("item")
    for item in ITEMS:
        rest = ITEMS.drop(columns=item)
        assert rows.loc[item, "item_rest"] == pytest.approx(np.corrcoef(ITEMS[item], rest.sum(axis=1))[0, 1])
        assert rows.loc[item, "alpha_if_deleted"] == pytest.approx(cronbach_alpha(rest).estimate)
    np.testing.assert_allclose(rows["mean"], ITEMS.mean())
    np.testing.assert_allclose(rows["sd"], ITEMS.std())


def test_item_analysis_of_floors_gaps_and_two_items():
    answers = pd.DataFrame({"a": [1, 1, 1, 5, np.nan], "b": [1, 2, 3, 4, 5]}, dtype=float)
    rows = item_analysis(answers).set_index("item")
    assert rows.loc["a", ["n", "n_missing"]].tolist() == [4, 1]
    assert rows.loc["a", "percent_lowest"] == 75.0
    assert rows["alpha_if_deleted"].isna().all()
    assert (rows["reason"] != "").all()


@pytest.mark.parametrize("function", [cronbach_alpha, item_analysis])
def test_too_few_items_or_subjects_are_refused(function):
    with pytest.raises(UsageError, match="at least 2 items"):
        function(ITEMS[["q1"]])
    with pytest.raises(UsageError, match="at least two subjects"):
        function(ITEMS.head(1))


# G studies ----------------------------------------------------------------------------------------


def brennan():
    data = reference("gtheory")["crossed_nested"]
    return pd.DataFrame({name: data[name] for name in ("person", "task", "rater", "score")}), data


def nested_study(frame):
    return g_study(frame, object="person", facets=["task", "rater"], nested={"rater": "task"}, value="score")


def test_brennans_nested_design():
    frame, want = brennan()
    study = nested_study(frame)
    names = {
        "person": "Person", "task": "Task", "rater:task": "Rater", "person × task": "Person:Task",
        "person × rater:task, residual": "Residual",
    }  # fmt: skip
    for ours, theirs in names.items():
        assert study.variances[ours] == pytest.approx(want["variance_components"][theirs], rel=1e-4)
    assert study.criterion == pytest.approx(want["reml_criterion"], abs=1e-8)
    for planned in want["d_studies"]:
        row = study.d_study({"task": planned["n_tasks"], "rater": planned["n_raters_per_task"]}).iloc[0]
        for key in (
            "universe_score_variance",
            "relative_error",
            "absolute_error",
            "generalizability",
            "dependability",
        ):
            assert row[key] == pytest.approx(planned[key], rel=1e-4)


def test_raters_numbered_anew_in_each_task_are_the_same_design():
    frame, _ = brennan()
    renumbered = frame.assign(rater=(frame["rater"] - 1) % 4)
    assert nested_study(renumbered).variances == pytest.approx(nested_study(frame).variances)


def test_replicates_and_a_component_at_zero():
    want = reference("gtheory")["replicates"]
    ratings = np.array(want["ratings"], dtype=float)
    rows = [(i, m, ratings[i, 2 * m + r]) for i in range(17) for m in (0, 1) for r in (0, 1)]
    study = g_study(pd.DataFrame(rows, columns=["s", "m", "v"]), object="s", facets=["m"], value="v")
    names = {"s": "s", "m": "m", "s × m": "s:m", "residual": "Residual"}
    for ours, theirs in names.items():
        assert study.variances[ours] == pytest.approx(want["variance_components"][theirs], rel=1e-4, abs=1e-3)
    assert study.criterion == pytest.approx(want["reml_criterion"], abs=1e-8)
    assert study.share("s") == pytest.approx(want["inter_rater_icc"], abs=1e-6)
    assert study.share("s", "m", "s × m") == pytest.approx(want["intra_rater_icc"], abs=1e-6)
    table = study.table().set_index("effect")
    assert "estimated as 0" in table.loc["m", "reason"]
    assert np.isnan(table.loc["m", "std_error"])


def crossed(seed=5, n=40, keep=1.0):
    rng = np.random.default_rng(seed)
    p, r, o = 2 * rng.normal(size=n), 0.7 * rng.normal(size=3), 0.5 * rng.normal(size=4)
    pr, po, ro = 0.6 * rng.normal(size=(n, 3)), 0.8 * rng.normal(size=(n, 4)), 0.3 * rng.normal(size=(3, 4))
    rows = [
        (i, j, k, p[i] + r[j] + o[k] + pr[i, j] + po[i, k] + ro[j, k] + rng.normal())
        for i in range(n) for j in range(3) for k in range(4) if rng.random() < keep
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["child", "rater", "occasion", "score"])


def anova_components(frame):
    """Expected mean squares of a complete three-way crossed table."""
    y = frame.pivot(index="child", columns=["rater", "occasion"], values="score").to_numpy().reshape(-1, 3, 4)
    axes = {"p": 0, "r": 1, "o": 2}
    size = dict(zip("pro", y.shape, strict=True))

    def mean(keep):
        return y.mean(axis=tuple(axes[a] for a in "pro" if a not in keep), keepdims=True)

    def effect(keep):
        out = 0.0
        for part in range(2 ** len(keep)):
            chosen = "".join(a for i, a in enumerate(keep) if part >> i & 1)
            out = out + (-1) ** (len(keep) - len(chosen)) * mean(chosen)
        return out

    ms = {}
    for keep in ("p", "r", "o", "pr", "po", "ro", "pro"):
        df = np.prod([size[a] - 1 for a in keep])
        ms[keep] = (np.broadcast_to(effect(keep), y.shape) ** 2).sum() / df
    e = ms["pro"]
    two = {k: (ms[k] - e) / size[next(a for a in "pro" if a not in k)] for k in ("pr", "po", "ro")}
    one = {
        "p": (ms["p"] - ms["pr"] - ms["po"] + e) / (size["r"] * size["o"]),
        "r": (ms["r"] - ms["pr"] - ms["ro"] + e) / (size["p"] * size["o"]),
        "o": (ms["o"] - ms["po"] - ms["ro"] + e) / (size["p"] * size["r"]),
    }
    return {**one, **two, "pro": e}


def test_a_complete_crossed_study_gives_the_anova_components():
    frame = crossed()
    study = g_study(frame, object="child", facets=["rater", "occasion"], value="score")
    want = anova_components(frame)
    assert min(want.values()) > 0
    names = {"child": "p", "rater": "r", "occasion": "o", "child × rater": "pr", "child × occasion": "po",
             "rater × occasion": "ro", "child × rater × occasion, residual": "pro"}  # fmt: skip
    for ours, theirs in names.items():
        assert study.variances[ours] == pytest.approx(want[theirs], rel=1e-5)


def test_gaps_give_the_dense_likelihoods_optimum():
    frame = crossed(n=14, keep=0.8)
    study = g_study(frame, object="child", facets=["rater", "occasion"], value="score")
    sets = [
        ["child"],
        ["rater"],
        ["occasion"],
        ["child", "rater"],
        ["child", "occasion"],
        ["rater", "occasion"],
    ]
    codes = [frame.groupby(columns).ngroup().to_numpy() for columns in sets]
    y = frame["score"].to_numpy()

    def criterion(variances):
        V = variances[-1] * np.eye(len(y))
        for v, code in zip(variances[:-1], codes, strict=True):
            V = V + v * (code[:, None] == code)
        solved = np.linalg.solve(V, np.column_stack([np.ones(len(y)), y]))
        x = solved[:, 0].sum()
        rest = y @ solved[:, 1] - solved[:, 1].sum() ** 2 / x
        return (len(y) - 1) * np.log(2 * np.pi) + np.linalg.slogdet(V)[1] + np.log(x) + rest

    at = np.array(list(study.variances.values()))
    best = criterion(at)
    assert best == pytest.approx(study.criterion, abs=1e-8)
    for i in range(len(at)):
        for step in (-0.05, 0.05):
            nearby = at.copy()
            nearby[i] = max(nearby[i] + step, 0.0)
            assert criterion(nearby) >= best - 1e-9


def test_one_facet_is_the_icc():
    values = (
        np.random.default_rng(3).normal(size=(25, 4))
        + np.random.default_rng(4).normal(size=(25, 1)) * 2
        + [0, 1, 2, 0]
    )
    frame = (
        pd.DataFrame(values)
        .rename_axis("child")
        .reset_index()
        .melt("child", var_name="rater", value_name="score")
    )
    study = g_study(frame, object="child", facets=["rater"], value="score")
    icc = em.icc(values)
    row = study.d_study({"rater": [1, 4]})
    assert row["dependability"].tolist() == pytest.approx(
        [icc.row("ICC(A,1)").estimate, icc.row("ICC(A,k)").estimate], rel=1e-5
    )
    assert row["generalizability"].tolist() == pytest.approx(
        [icc.row("ICC(C,1)").estimate, icc.row("ICC(C,k)").estimate], rel=1e-5
    )


def test_standard_errors_of_balanced_components():
    """Var(MS) = 2 MS²/df gives those of linear combinations of mean squares."""
    values = (
        np.random.default_rng(6).normal(size=(60, 5))
        + 2 * np.random.default_rng(7).normal(size=(60, 1))
        + np.arange(5)
    )
    frame = (
        pd.DataFrame(values)
        .rename_axis("child")
        .reset_index()
        .melt("child", var_name="rater", value_name="score")
    )
    errors = g_study(frame, object="child", facets=["rater"], value="score").std_errors
    ms = em.icc(values).engine.ms
    want = np.sqrt(2 * ms.msr**2 / ms.df_r + 2 * ms.mse**2 / ms.df_e) / 5
    assert errors["child"] == pytest.approx(want, rel=1e-3)
    assert errors["child × rater, residual"] == pytest.approx(ms.mse * np.sqrt(2 / ms.df_e), rel=1e-3)


def test_fixed_facets_move_their_interaction_to_the_universe():
    study = g_study(crossed(), object="child", facets=["rater", "occasion"], value="score")
    random, fixed = (
        d_study(study, {"rater": 2, "occasion": 3}),
        d_study(study, {"rater": 2, "occasion": 3}, fixed=["occasion"]),
    )
    moved = study.variances["child × occasion"] / 3
    assert fixed["universe_score_variance"][0] == pytest.approx(random["universe_score_variance"][0] + moved)
    assert fixed["relative_error"][0] == pytest.approx(random["relative_error"][0] - moved)
    assert fixed["dependability"][0] > random["dependability"][0]


def test_more_conditions_never_hurt():
    study = g_study(crossed(), object="child", facets=["rater", "occasion"], value="score")
    grid = d_study(study, {"rater": range(1, 6), "occasion": 2})
    assert grid["n_rater"].tolist() == [1, 2, 3, 4, 5]
    assert (grid["dependability"].diff().dropna() > 0).all()
    assert (grid["generalizability"] >= grid["dependability"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"object": "kid"}, "No column 'kid'"),
        ({"nested": {"rater": "rater"}}, "must both be facets"),
        ({"nested": {"rater": "occasion", "occasion": "rater"}}, "nested in itself"),
        ({"value": "scores"}, "Did you mean 'score'"),
    ],
)
def test_bad_designs_are_refused(options, message):
    call = {"object": "child", "facets": ["rater", "occasion"], "value": "score", **options}
    with pytest.raises(UsageError, match=message):
        g_study(crossed(n=5), **call)


def test_bad_values_and_single_levels_are_refused():
    frame = crossed(n=5)
    call = {"object": "child", "facets": ["rater", "occasion"], "value": "score"}
    with pytest.raises(FindingsError, match="not numbers"):
        g_study(frame.assign(score="high"), **call)
    with pytest.raises(FindingsError, match="without a label"):
        g_study(frame.assign(rater=frame["rater"].where(frame["rater"] > 0)), **call)
    with pytest.raises(UsageError, match="only one level"):
        g_study(frame[frame["rater"] == 1], **call)
    assert g_study(frame.assign(score=frame["score"].where(frame.index != 3)), **call).notes


@pytest.mark.parametrize(
    ("conditions", "message"), [({"raters": 2}, "Did you mean 'rater'"), ({"rater": 0}, "1 or more")]
)
def test_bad_plans_are_refused(conditions, message):
    study = g_study(crossed(n=6), object="child", facets=["rater", "occasion"], value="score")
    with pytest.raises(UsageError, match=message):
        study.d_study(conditions)
