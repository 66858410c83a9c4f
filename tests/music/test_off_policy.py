"""Off-policy estimates against hand computation, and unbiased where the truth is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from emostats.errors import ModelError, UsageError
from emostats.music.library import bundled_library, read_library
from emostats.music.off_policy import Rounds, off_policy, reward_model
from emostats.music.policy import PolicySettings
from emostats.music.record import Recorder
from emostats.music.rounds import rounds_of
from emostats.music.session import Session, Setup
from emostats.music.simulation.logs import draw_log
from emostats.music.simulation.run import Plan


def by_hand(**changes: Any) -> Rounds:
    parts: dict[str, Any] = {
        "unit": ["a", "a", "b", "b"],
        "reward": np.array([1.0, 0.0, 2.0, 1.0]),
        "propensity": np.array([0.5, 0.25, 0.5, 1.0]),
        "target": np.array([1.0, 0.5, 0.0, 1.0]),
        "logged": np.ones((4, 1)),
        "expected": np.ones((4, 1)),
    }
    return Rounds(**{**parts, **changes})


def test_ips_and_snips_by_hand() -> None:
    # weights 2, 2, 0, 1: IPS (2 + 0 + 0 + 1)/4, SNIPS 3/5
    table = off_policy(by_hand(), n_resamples=99).table().set_index("estimator")["estimate"]
    assert table["IPS"] == pytest.approx(0.75)
    assert table["SNIPS"] == pytest.approx(0.6)


def test_effective_rounds_and_largest_weight_by_hand() -> None:
    found = off_policy(by_hand(), n_resamples=99)
    assert found.effective == pytest.approx(25 / 9) and found.largest_weight == 2.0
    assert (found.n_rounds, found.n_units) == (4, 2)


def test_doubly_robust_by_hand() -> None:
    # q from the other session, ridge 1: for a (2 + 1)/(2 + 1) = 1, for b (1 + 0)/(2 + 1) = 1/3
    rounds = by_hand()
    predicted, mean = reward_model(rounds)
    np.testing.assert_allclose(predicted, [1, 1, 1 / 3, 1 / 3])
    np.testing.assert_allclose(mean, predicted)
    dr = np.mean([1 + 2 * 0, 1 + 2 * -1, 1 / 3 + 0, 1 / 3 + 2 / 3])
    table = off_policy(rounds, n_resamples=99).table().set_index("estimator")["estimate"]
    assert table["DR"] == pytest.approx(dr)


def test_same_policy_gives_the_plain_mean() -> None:
    rng = np.random.default_rng(0)
    reward = rng.normal(size=60)
    rounds = Rounds(
        unit=[str(i // 3) for i in range(60)],
        reward=reward,
        propensity=np.full(60, 0.25),
        target=np.full(60, 0.25),
        logged=np.ones((60, 1)),
        expected=np.ones((60, 1)),
    )
    table = off_policy(rounds, n_resamples=199).table()
    np.testing.assert_allclose(table["estimate"], reward.mean(), atol=1e-12)
    assert (table["conf_low"] < reward.mean()).all() and (table["conf_high"] > reward.mean()).all()


def test_unbiased_and_covering_in_a_bandit_whose_truth_is_known() -> None:
    """Three arms with means 0, 1, 2; logged evenly, judged for a policy with probabilities 0.1, 0.2, 0.7."""
    rng = np.random.default_rng(1)
    pi, means = np.array([0.1, 0.2, 0.7]), np.array([0.0, 1.0, 2.0])
    truth, estimates, covered = float(pi @ means), [], 0
    for number in range(60):
        arm = rng.integers(3, size=240)
        child = np.repeat(rng.normal(0, 0.3, 60), 4)
        rounds = Rounds(
            unit=[str(i // 4) for i in range(240)],
            reward=means[arm] + child + rng.normal(0, 0.5, 240),
            propensity=np.full(240, 1 / 3),
            target=pi[arm],
            logged=np.eye(3)[arm],
            expected=np.tile(pi, (240, 1)),
        )
        table = off_policy(rounds, n_resamples=199, seed=number).table()
        estimates.append(table["estimate"].to_numpy())
        covered += ((table["conf_low"] <= truth) & (truth <= table["conf_high"])).to_numpy()
    errors = np.mean(estimates, axis=0) - truth
    assert (np.abs(errors) < 4 * np.std(estimates, axis=0) / np.sqrt(60)).all()
    assert (covered >= 52).all()
    assert np.std(estimates, axis=0)[2] < np.std(estimates, axis=0)[0]  # the model takes variance away


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"propensity": np.array([0.5, 0.0, 0.5, 1.0])}, "Propensities"),
        ({"reward": np.array([1.0, np.nan, 0.0, 0.0])}, "must be numbers"),
        ({"reward": np.array([1.0])}, "same number"),
        ({"target": np.array([1.5, 0.0, 0.0, 0.0])}, "in 0 to 1"),
        ({"logged": np.full((4, 1), np.nan)}, "must be numbers"),
    ],
)
def test_bad_rounds(changes: dict, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        by_hand(**changes)


def test_logs_that_say_nothing_or_little_about_a_policy() -> None:
    with pytest.raises(ModelError, match="none of the logged choices"):
        off_policy(by_hand(target=np.zeros(4)), n_resamples=99)
    found = off_policy(by_hand(), n_resamples=99)
    assert "as much as 2.8 choices" in found.remarks[0]


def test_one_session_is_not_enough() -> None:
    with pytest.raises(UsageError, match="at least two sessions"):
        off_policy(by_hand(unit=["a"] * 4))


def _log(seed: int, library: Any, floor: float = 0.5) -> list[dict[str, Any]]:
    recorder = Recorder()
    policy = PolicySettings(floor=floor, draws=20)
    session = Session(library, Setup(seed=seed, session=str(seed), policy=policy), recorder)
    rng = np.random.default_rng(seed)
    for second in range(1, 400):
        session.observe(float(second), np.clip(rng.normal([-0.2, 0.3, 0.6], 0.2), [-1, -1, 0], 1))
        if second % 50 == 10:
            session.choose(float(second))
    session.veto(400.0)
    session.stop(401.0)
    return recorder.records


def test_rounds_from_logs_keep_only_whole_pieces_and_their_own_propensities() -> None:
    library, _ = read_library(bundled_library())
    logs = {str(seed): _log(seed, library) for seed in range(3)}
    rounds = rounds_of(logs, library, PolicySettings(method="linucb", floor=0.2))
    choices = [r for records in logs.values() for r in records if r["type"] == "choice"]
    outcomes = [r for records in logs.values() for r in records if r["type"] == "outcome"]
    assert len(rounds.reward) == len(outcomes) < len(choices)
    np.testing.assert_allclose(rounds.reward, [record["progress"] for record in outcomes])
    logged = {record["propensity"] for record in choices}
    assert set(rounds.propensity) <= logged
    assert ((rounds.target >= 0) & (rounds.target <= 1)).all() and rounds.target.max() > 0.5


def test_children_are_resampled_and_not_their_sessions() -> None:
    """Sessions of one child resemble each other: with a child's effect the interval must be as wide as
    children differ, whatever the number of sessions."""
    library, _ = read_library(bundled_library())
    logs = {}
    for number in range(6):
        records = _log(number, library)
        for record in records:
            record["child"] = f"C{number // 2}"
        logs[str(number)] = records
    rounds = rounds_of(logs, library, PolicySettings(method="linucb", floor=0.2))
    assert rounds.kind == "child" and set(rounds.unit) == {"C0", "C1", "C2"}
    found = off_policy(rounds, n_resamples=99)
    assert found.n_units == 3 and "child" in str(found.rows[0]["method"])
    alone = rounds_of({n: logs[n] for n in ("0", "1")}, library, PolicySettings(method="linucb"))
    assert alone.kind == "session" and set(alone.unit) == {"0", "1"}


def test_intervals_of_children_cover_where_intervals_of_sessions_do_not() -> None:
    rng = np.random.default_rng(2)
    covered = {"child": 0, "session": 0}
    for number in range(24):
        child = np.repeat(np.arange(15), 16)
        reward = rng.normal(0, 1, 15)[child] + rng.normal(0, 0.3, 240)
        for kind, unit in (("child", child), ("session", np.arange(240) // 4)):
            rounds = Rounds(
                unit=[str(each) for each in unit], reward=reward, propensity=np.full(240, 0.5),
                target=np.full(240, 0.5), logged=np.zeros((240, 1)), expected=np.zeros((240, 1)), kind=kind,
            )  # fmt: skip
            row = off_policy(rounds, n_resamples=99, seed=number).table().set_index("estimator").loc["IPS"]
            covered[kind] += row["conf_low"] <= 0.0 <= row["conf_high"]
    assert covered["child"] >= 20 and covered["session"] <= 18


def test_estimates_equal_other_definitions_of_them() -> None:
    """IPS as a sum over every action with an indicator, SNIPS as a weighted mean, DR as a plug-in mean plus
    an importance-weighted mean of residuals, written out action by action."""
    rng = np.random.default_rng(4)
    n, k = 40, 3
    mu, pi = (rng.dirichlet(np.ones(k), n) for _ in range(2))
    arm = np.array([rng.choice(k, p=row) for row in mu])
    features = rng.normal(size=(n, k, 2))
    reward = rng.normal(size=n)
    unit = [str(i // 4) for i in range(n)]
    here = np.arange(n)
    rounds = Rounds(
        unit=unit, reward=reward, propensity=mu[here, arm], target=pi[here, arm],
        logged=features[here, arm], expected=np.einsum("nk,nkd->nd", pi, features),
    )  # fmt: skip
    table = off_policy(rounds, n_resamples=99).table().set_index("estimator")["estimate"]
    ips = sum(pi[t, a] * (arm[t] == a) * reward[t] / mu[t, a] for t in range(n) for a in range(k)) / n
    w = pi[here, arm] / mu[here, arm]
    assert table["IPS"] == pytest.approx(ips)
    assert table["SNIPS"] == pytest.approx(np.average(reward, weights=w))
    fold = np.array([int(name) % 5 for name in unit])
    total = 0.0
    for t in range(n):
        others = fold != fold[t]
        X = np.vstack([features[here, arm][others], np.eye(2)])  # a ridge of 1 is two more rows with reward 0
        theta = np.linalg.lstsq(X, np.append(reward[others], [0.0, 0.0]), rcond=None)[0]
        q = features[t] @ theta
        total += sum(pi[t, a] * q[a] + (arm[t] == a) * w[t] * (reward[t] - q[a]) for a in range(k))
    assert table["DR"] == pytest.approx(total / n)


def test_a_log_that_cannot_be_used_is_named(five: Any) -> None:
    library, _ = read_library(bundled_library())
    with pytest.raises(UsageError, match=r"odd\.jsonl: This library \(5 tracks\)"):
        rounds_of({"odd.jsonl": _log(1, library)}, five, PolicySettings())


def test_rounds_of_the_same_policy_have_weights_near_one() -> None:
    """LinUCB is the same function of the situation, so its probabilities come out as they were logged."""
    library, _ = read_library(bundled_library())
    recorder = Recorder()
    policy = PolicySettings(method="linucb", floor=0.3)
    session = Session(library, Setup(seed=1, policy=policy), recorder)
    for second in range(1, 300):
        session.observe(float(second), [-0.3, 0.2, 0.5])
        if second % 50 == 10:
            session.choose(float(second))
    session.stop(300.0)
    rounds = rounds_of({"a": recorder.records}, library, policy)
    np.testing.assert_allclose(rounds.target, rounds.propensity)


def test_choices_that_a_log_could_never_have_made_are_counted() -> None:
    """A log of the deterministic iso policy covers one candidate of many."""
    library, _ = read_library(bundled_library())
    logs = {}
    for name, policy in (("iso", PolicySettings(method="iso")), ("random", PolicySettings(method="random"))):
        recorder = Recorder()
        session = Session(library, Setup(seed=1, policy=policy), recorder)
        for second in range(1, 300):
            session.observe(float(second), [-0.3, 0.2, 0.5])
            if second % 50 == 10:
                session.choose(float(second))
        session.stop(300.0)
        logs[name] = recorder.records
    even = PolicySettings(method="random")
    of_iso = rounds_of({"a": logs["iso"]}, library, even)
    assert of_iso.uncovered is not None
    np.testing.assert_allclose(of_iso.uncovered, 1.0 - of_iso.target)
    np.testing.assert_allclose(rounds_of({"a": logs["random"]}, library, even).uncovered, 0.0, atol=1e-12)
    assert off_policy(by_hand(uncovered=np.array([0.5, 0.0, 0.0, 0.1])), n_resamples=99).uncovered == 0.15


def test_logs_without_outcomes() -> None:
    library, _ = read_library(bundled_library())
    recorder = Recorder()
    Session(library, Setup(), recorder).stop(1.0)
    with pytest.raises(UsageError, match="no piece that was heard to its end"):
        rounds_of({"a": recorder.records}, library, PolicySettings())


def test_simulated_logs_are_what_they_say() -> None:
    """A log drawn and judged with the same even policy: weights 1, and copies earn what the child earned."""
    plan = Plan(clinics=1, children=12, veto_rate=0.0)
    policy = PolicySettings(method="random")
    rounds, copies = draw_log(plan, policy, policy, decisions=3)
    np.testing.assert_allclose(rounds.target, rounds.propensity)
    assert len(copies) == len(rounds.reward) > 30
    assert abs(copies.mean() - rounds.reward.mean()) < 4 * np.sqrt(
        (copies.var() + rounds.reward.var()) / len(copies)
    )
