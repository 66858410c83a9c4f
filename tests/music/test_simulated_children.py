"""The simulator does what its page says, and the policies keep their order on it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emostats.errors import UsageError
from emostats.music.policy import PolicySettings
from emostats.music.simulation import dynamics
from emostats.music.simulation.children import KINDS, Children, draw_children
from emostats.music.simulation.laws import LAWS
from emostats.music.simulation.run import Plan, simulate
from emostats.music.simulation.scenario import STARTS, draw_library, draw_starts
from emostats.music.simulation.summary import compare

PAGE = Path(__file__).resolve().parents[2] / "docs" / "music-simulator.md"


def still(n: int = 1) -> Children:
    """Children without noise, idiosyncrasy or likes."""
    drawn = draw_children(n, np.random.default_rng(0), "usual")
    zero = {name: 0.0 * getattr(drawn, name) for name in ("noise", "idiosyncrasy", "liking", "home_pull")}
    fixed = {
        "gain": np.ones((n, 2)), "entrainment": np.full(n, 1 / 90), "reach": np.full(n, np.inf),
        "sound_limit": np.full(n, -18.0), "overload": np.full(n, 0.004), "engagement": np.full(n, 0.8),
        "engagement_time": np.full(n, 20.0),
    }  # fmt: skip
    return replace(drawn, **zero, **fixed)


def heard(n: int, perceived: tuple[float, float], over: float = 0.0) -> dynamics.Heard:
    return dynamics.Heard(np.tile(perceived, (n, 1)), np.ones(n), np.full(n, over), np.ones(n, bool))


def test_the_page_is_the_file() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for law in LAWS.values():
        assert f"| {law.name.replace('_', ' ')} | {law.unit} | {law.text} | {law.reason} |" in text
    for kind, what in KINDS.items():
        assert f"| {kind} | {what} |" in text
    for start in STARTS:
        assert f"| {start.name} | {start.state[0]:g}, {start.state[1]:g} (SD {start.sd:g})" in text


@pytest.mark.parametrize("name", sorted(LAWS))
def test_draws_follow_their_law(name: str) -> None:
    law = LAWS[name]
    x = law.draw(np.random.default_rng(1), 20_000)
    if law.kind == "lognormal":
        assert np.median(x) == pytest.approx(law.first, rel=0.03)
        assert np.log(x).std() == pytest.approx(law.second, rel=0.03)
    elif law.kind == "normal":
        assert x.mean() == pytest.approx(law.first, abs=0.04 * max(law.second, 0.1))
        assert x.std() == pytest.approx(law.second, rel=0.03)
    elif law.kind == "beta":
        assert x.mean() == pytest.approx(law.first / (law.first + law.second), rel=0.03)
    else:
        assert x.min() >= law.first and x.max() <= law.second


def test_music_pulls_exponentially_without_noise() -> None:
    """ds/dt = κ (p − s): after 90 steps of 1/90 the gap is (1 − 1/90)⁹⁰ of what it was."""
    children = still()
    state, engagement, rng = np.array([[-0.5, 0.5]]), np.ones(1), np.random.default_rng(0)
    for _ in range(90):
        state, engagement = dynamics.advance(
            children, heard(1, (0.5, -0.5)), state, engagement, children.home, rng
        )
    left = (1 - 1 / 90) ** 90
    np.testing.assert_allclose(state, [[0.5 - left, -0.5 + left]], atol=1e-12)


def test_silence_pulls_home_and_noise_has_its_stated_spread() -> None:
    n = 4000
    children = replace(still(n), home_pull=np.full(n, 1 / 100), noise=np.full(n, 0.02), home=np.zeros((n, 2)))
    quiet = dynamics.Heard(np.zeros((n, 2)), np.zeros(n), np.zeros(n), np.zeros(n, bool))
    state, engagement, rng = np.zeros((n, 2)), np.zeros(n), np.random.default_rng(0)
    for _ in range(600):
        state, engagement = dynamics.advance(children, quiet, state, engagement, children.home, rng)
    stationary = 0.02 / np.sqrt(1 - (1 - 1 / 100) ** 2)  # AR(1)
    assert state.std() == pytest.approx(stationary, rel=0.03)


def test_too_loud_excites_and_displeases() -> None:
    children = still()
    rate = dynamics.drift_of_state(
        children, heard(1, (0.0, 0.0), over=6.0), np.zeros((1, 2)), np.zeros(1), children.home
    )
    np.testing.assert_allclose(rate, [[-0.012, 0.024]])


def test_startle_needs_more_than_one_unit() -> None:
    library, felt = draw_library(20, np.random.default_rng(0))
    world = dynamics.World(library, felt, np.zeros((1, 20)))
    one = np.array([3])
    same = dynamics.jump(
        world, before=one, after=one, levels_before=np.array([-23.0]), levels_after=np.array([-20.0])
    )
    louder = dynamics.jump(
        world, before=one, after=one, levels_before=np.array([-23.0]), levels_after=np.array([-14.0])
    )
    silence = dynamics.jump(
        world,
        before=np.array([-1]),
        after=one,
        levels_before=np.array([np.nan]),
        levels_after=np.array([-20.0]),
    )
    assert (same[0], louder[0], silence[0]) == (0.0, 2.0, 0.0)


def test_the_camera_loses_the_stated_share_of_seconds() -> None:
    n = 400
    children = replace(draw_children(n, np.random.default_rng(2), "usual"), missing=np.full(n, 0.3))
    rng = np.random.default_rng(3)
    camera, lost = dynamics.first_look(children, rng), []
    for _ in range(300):
        camera, scores = dynamics.look(children, camera, np.zeros((n, 2)), np.full(n, 0.5), rng)
        lost.append(np.isnan(scores).all(axis=1).mean())
        assert (np.isnan(scores).all(axis=1) | np.isfinite(scores).all(axis=1)).all()
    assert np.mean(lost) == pytest.approx(0.3, abs=0.02)


def test_kinds_are_hard_as_their_words_say() -> None:
    usual, contrary = (draw_children(500, np.random.default_rng(4), kind) for kind in ("usual", "contrary"))
    np.testing.assert_allclose(contrary.gain[:, 1], -usual.gain[:, 1])
    assert np.isinf(draw_children(3, np.random.default_rng(0), "no iso").reach).all()
    family = draw_children(4000, np.random.default_rng(5))
    assert (family.kind == 0).mean() == pytest.approx(0.6, abs=0.03)
    assert len(np.unique(family.kind)) == len(KINDS)
    with pytest.raises(UsageError, match="Did you mean 'contrary'"):
        draw_children(1, np.random.default_rng(0), "contrry")


def test_starts_and_libraries_are_seeded() -> None:
    state, target, which = draw_starts(100, np.random.default_rng(0))
    assert np.abs(state).max() <= 1 and set(which) == {0, 1, 2}
    assert np.abs(target).max() <= 1
    assert (
        draw_library(30, np.random.default_rng(1))[0].digest
        == draw_library(30, np.random.default_rng(1))[0].digest
    )


SMALL = Plan(libraries=1, clinics=1, children=20, rounds=2, tracks=80)


@pytest.fixture(scope="module")
def results() -> dict:
    settings = {
        "random": PolicySettings(method="random"),
        "iso": PolicySettings(method="iso"),
        "thompson": PolicySettings(),
    }
    return {name: simulate(SMALL, each) for name, each in settings.items()}


def test_policies_keep_their_order_on_a_small_clinic(results: dict) -> None:
    seconds = {name: table["seconds"].mean() for name, table in results.items()}
    assert seconds["thompson"] < 0.8 * seconds["random"]
    assert seconds["iso"] < seconds["random"]


def test_no_rule_is_broken_with_the_rules_and_many_without(results: dict) -> None:
    assert all(table["violations"].sum() == 0 for table in results.values())
    plan = replace(SMALL, guard=False, rounds=1)
    assert simulate(plan, PolicySettings(method="random"))["violations"].sum() > 100


def test_same_seed_same_sessions_and_same_children_for_all(results: dict) -> None:
    again = simulate(SMALL, PolicySettings())
    assert json.loads(again.to_json()) == json.loads(results["thompson"].to_json())
    assert list(results["random"]["kind"]) == list(results["thompson"]["kind"])
    assert list(results["random"]["start"]) == list(results["thompson"]["start"])


def test_comparison_is_a_ratio_of_means_with_limits_around_it(results: dict) -> None:
    table = compare(results, "random").set_index(["policy", "kind"])
    row = table.loc[("thompson", "all")]
    expected = 1 - results["thompson"]["seconds"].mean() / results["random"]["seconds"].mean()
    assert row["shorter"] == pytest.approx(expected)
    assert row["conf_low"] < expected < row["conf_high"]
    assert np.isnan(table.loc[("random", "all")]["conf_low"])
