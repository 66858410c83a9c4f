"""Matching accuracy and the blinding check."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emostats.errors import FindingsError, UsageError
from emostats.statistics.agreement import blinding_check, matching_accuracy
from emostats.statistics.agreement.clusters import clustered_error

NAMES = {"targets": "clip", "raters": "expert", "ratings": "score"}


def ratings(seed=0, n=30, k=3, spread=1.0):
    rng = np.random.default_rng(seed)
    y = 4 + rng.normal(size=(n, 1)) + spread * rng.normal(size=k) + rng.normal(size=(n, k))
    rows = [
        (f"clip {i}", f"child {i // 2}", f"expert {j}", round(y[i, j])) for i in range(n) for j in range(k)
    ]
    return pd.DataFrame(rows, columns=["clip", "child", "expert", "score"])


def test_the_share_is_that_of_ratings_at_or_above_the_threshold():
    frame = ratings()
    result = matching_accuracy(frame, threshold=5, **NAMES)
    assert result.estimate == (frame["score"] >= 5).mean()
    assert (result.n_matching, result.n_ratings) == ((frame["score"] >= 5).sum(), 90)
    by_rater = frame.assign(match=frame["score"] >= 5).groupby("expert")["match"].mean()
    np.testing.assert_allclose(result.by_rater["share"], by_rater)
    assert result.conf_low < result.estimate < result.conf_high


def test_the_error_is_cameron_gelbach_and_millers():
    """Written as double sums over ratings that share a clip, a rater, or both."""
    rng = np.random.default_rng(2)
    rated = rng.random((15, 4)) < 0.8
    rated[0], rated[:, 0] = True, True
    residual = np.where(rated, rng.normal(size=(15, 4)) + rng.normal(size=(15, 1)) + rng.normal(size=4), 0.0)
    clip, rater = np.nonzero(rated)
    u, total = residual[rated], rated.sum()

    def meat(same, groups):
        return groups / (groups - 1) * float((u[:, None] * u * same).sum()) / total**2

    by_clip = meat(clip[:, None] == clip, 15)
    by_rater = meat(rater[:, None] == rater, 4)
    both = meat(np.eye(total, dtype=bool), total)
    assert by_clip + by_rater - both > max(by_clip, by_rater)
    error, df = clustered_error(residual, rated, np.arange(15))
    assert error == pytest.approx(np.sqrt(by_clip + by_rater - both), rel=1e-12)
    assert df == pytest.approx((by_clip + by_rater - both) ** 2 / (by_clip**2 / 14 + by_rater**2 / 3))


def test_clips_within_children_are_clustered_by_child():
    frame = ratings(spread=0.0)
    frame["score"] += np.repeat(np.random.default_rng(3).normal(size=15) * 3, 6).round()
    by_clip = matching_accuracy(frame, threshold=5, **NAMES)
    by_child = matching_accuracy(frame, threshold=5, within="child", **NAMES)
    assert by_child.estimate == by_clip.estimate
    assert by_child.std_error > by_clip.std_error
    with pytest.raises(UsageError, match="nested"):
        matching_accuracy(frame.assign(child=frame["expert"]), threshold=5, within="child", **NAMES)
    with pytest.raises(UsageError, match="Did you mean 'child'"):
        matching_accuracy(frame, threshold=5, within="chlid", **NAMES)


def test_all_or_no_matches_have_an_exact_bound():
    frame = ratings()
    everything, nothing = (matching_accuracy(frame, threshold=t, **NAMES) for t in (-99, 99))
    assert (everything.estimate, everything.conf_high) == (1.0, 1.0)
    assert everything.conf_low == pytest.approx(stats.beta.ppf(0.025, 30, 1))
    assert nothing.conf_low == 0.0
    assert nothing.conf_high == pytest.approx(1 - everything.conf_low)
    assert "targets as the units" in everything.reason


def test_one_rater_is_allowed_and_clustered_by_clip():
    frame = ratings()
    result = matching_accuracy(frame[frame["expert"] == "expert 1"], threshold=5, **NAMES)
    p = result.estimate
    assert result.std_error == pytest.approx(np.sqrt(p * (1 - p) / 29))
    assert result.df == pytest.approx(29)


def test_the_interval_covers_with_three_raters():
    """200 simulated studies; the share that holds the truth is not far below 0.95."""
    truth = stats.norm.cdf(0.3 / np.sqrt(1 + 0.25 + 1))
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(200):
        y = 0.3 + rng.normal(size=(60, 1)) + 0.5 * rng.normal(size=3) + rng.normal(size=(60, 3))
        result = matching_accuracy((y > 0).astype(float), threshold=1)
        held += result.conf_low <= truth <= result.conf_high
    assert held / 200 > 0.88


@pytest.mark.parametrize(
    ("options", "message"),
    [({"threshold": np.nan}, "finite"), ({"threshold": 5, "conf_level": 2}, "between")],
)
def test_bad_matching_options_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        matching_accuracy(ratings(), **options, **NAMES)


# Blinding -----------------------------------------------------------------------------------------


def guesses(right=0.5, unsure=0.0, n=60, k=3, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        truth = ("Baseline", "Week 12")[i % 2]
        other = ("Week 12", "Baseline")[i % 2]
        for j in range(k):
            answer = "?" if rng.random() < unsure else truth if rng.random() < right else other
            rows.append((f"clip {i}", f"expert {j}", truth, answer))
    return pd.DataFrame(rows, columns=["clip", "expert", "truth", "guess"])


COLUMNS = {"truth": "truth", "guess": "guess", "targets": "clip", "raters": "expert"}


def indexed(frame, **options):
    rows = blinding_check(frame, **COLUMNS, unsure="?", n_resamples=199, **options).table()
    return rows.set_index(["index", "condition"])


def test_bangs_index_is_right_minus_wrong_over_all():
    frame = guesses(right=0.6, unsure=0.3)
    rows = indexed(frame)
    for condition, part in frame.groupby("truth"):
        right = (part["guess"] == part["truth"]).sum()
        unsure = (part["guess"] == "?").sum()
        want = (right - (len(part) - right - unsure)) / len(part)
        assert rows.loc[("Bang", condition), "estimate"] == pytest.approx(want, abs=1e-12)
    assert rows.loc[("correct guesses", "all"), "estimate"] == (frame["guess"] == frame["truth"]).mean()


def test_james_index_of_the_published_shape():
    """Two by two without 'don't know': (1 + (p_o − p_e)/p_e)/2 of wrong guesses."""
    frame = guesses(right=0.7)
    rows = indexed(frame)
    wrong = (frame["guess"] != frame["truth"]).mean()
    share = frame["guess"].eq("Baseline").mean()
    chance = 0.5 * (1 - share) + 0.5 * share
    assert rows.loc[("James", "all"), "estimate"] == pytest.approx(
        (1 + (wrong - chance) / chance) / 2, abs=1e-12
    )


@pytest.mark.parametrize(
    ("right", "unsure", "bang", "james"), [(1.0, 0.0, 1.0, 0.0), (0.0, 0.0, -1.0, 1.0), (0.5, 1.0, 0.0, 1.0)]
)
def test_extremes(right, unsure, bang, james):
    rows = indexed(guesses(right=right, unsure=unsure))
    assert rows.loc[("Bang", "all"), "estimate"] == bang
    assert rows.loc[("James", "all"), "estimate"] == james
    assert rows.loc[("Bang", "all"), ["conf_low", "conf_high"]].notna().all()


def test_conclusions_follow_the_interval():
    rows = indexed(guesses(right=0.9))
    assert "better than chance" in rows.loc[("Bang", "all"), "conclusion"]
    assert "could tell" in rows.loc[("James", "all"), "conclusion"]
    rows = indexed(guesses(right=0.5, seed=3))
    assert "no sign" in rows.loc[("Bang", "all"), "conclusion"]


def test_three_conditions_have_a_random_guess_at_zero():
    rng = np.random.default_rng(1)
    truth = rng.permutation(np.repeat(["a", "b", "c"], 200))
    frame = pd.DataFrame(
        {"clip": range(600), "expert": "x", "truth": truth, "guess": rng.choice(["a", "b", "c"], 600)}
    )
    row = indexed(frame).loc[("Bang", "all")]
    assert row["conf_low"] < 0.0 < row["conf_high"]


def test_the_same_guess_in_two_domains_counts_once_and_two_guesses_are_refused():
    frame = guesses()
    twice = pd.concat([frame.assign(domain="rhythm"), frame.assign(domain="emotion")])
    assert blinding_check(twice, **COLUMNS, n_resamples=9).n_guesses == len(frame)
    other = frame.iloc[[0]].assign(guess="Baseline" if frame["guess"][0] != "Baseline" else "Week 12")
    with pytest.raises(FindingsError, match="two different guesses"):
        blinding_check(pd.concat([frame, other]), **COLUMNS)


def test_bad_guesses_are_refused():
    frame = guesses()
    with pytest.raises(UsageError, match="Did you mean 'guess'"):
        blinding_check(frame, **{**COLUMNS, "guess": "gues"})
    with pytest.raises(UsageError, match="at least two true conditions"):
        blinding_check(frame[frame["truth"] == "Baseline"], **COLUMNS)
    with pytest.raises(UsageError, match="no guess"):
        blinding_check(frame.assign(guess=None), **COLUMNS)
