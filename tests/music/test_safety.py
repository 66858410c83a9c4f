"""Rules one by one, and the second check that shares no code with them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.errors import UsageError
from emostats.music.belief import Prior, new_child
from emostats.music.policy import PolicySettings
from emostats.music.safety import (
    RULES,
    History,
    Limits,
    allowed,
    barred,
    prepare,
    read_limits,
    unmatched,
    watch,
)
from emostats.music.safety_check import Played, violations
from emostats.music.session import Session, Setup
from emostats.music.simulation.scenario import draw_library

HERE = np.array([0.0, 0.0, 0.6])


def barred_by(
    library: Any, limits: Limits, history: History | None = None, **at: Any
) -> dict[str, list[int]]:
    history = history or History.of(library)
    found = barred(
        library,
        prepare(library, limits),
        limits,
        history,
        state=at.get("state", HERE),
        time=at.get("time", 1000.0),
    )
    return {rule: list(np.flatnonzero(flags)) for rule, flags in found.items() if flags.any()}


def after(library: Any, row: int, level: float = -23.0, ended: float = 990.0) -> History:
    history = History.of(library)
    history.note(row, level, ended)
    return history


def test_rules_about_child_and_track(make_library: Any) -> None:
    tags = (frozenset({"voice"}), frozenset({"percussion"}), *(frozenset(),) * 3)
    library = make_library(contraindications=tags, tempo=np.array([100.0, 100, 30, 200, 100]))
    limits = Limits(avoid=frozenset({"percussion"}), never=frozenset({"e"}), max_step=3.0)
    assert barred_by(library, limits) == {"contraindication": [1, 4], "tempo": [2, 3]}


def test_level_is_turned_up_within_bounds_and_never_above(make_library: Any) -> None:
    library = make_library(loudness=np.array([-40.0, -60.0, -23.0, -10.0, 0.0]))
    fixed = prepare(library, Limits())
    np.testing.assert_allclose(fixed.levels, [-34.0, -54.0, -23.0, -23.0, -23.0])
    assert list(np.flatnonzero(fixed.barred["level"])) == [1]


def test_no_abrupt_change(make_library: Any) -> None:
    library = make_library(
        tempo=np.array([100.0, 139.0, 141.0, 72.0, 71.0]), energy=np.array([0.5, 0.95, 0.5, 0.1, 1.0])
    )
    found = barred_by(
        library, Limits(max_step=3.0, rest_seconds=0.0, max_energy_step=0.45), after(library, 0)
    )
    assert found == {"abrupt tempo": [2, 4], "abrupt energy": [4]}


def test_levels_do_not_jump(make_library: Any) -> None:
    library = make_library(loudness=np.array([-23.0, -35.0, -36.0, -23.0, -23.0]))
    found = barred_by(library, Limits(max_step=3.0, rest_seconds=0.0), after(library, 0))
    assert found == {"abrupt level": [2]}  # −35 is turned up to −29, which is 6 dB below; −36 to −30


def test_rest_and_veto(five: Any) -> None:
    history = after(five, 2, ended=500.0)
    history.vetoed[4] = True
    wide = Limits(max_step=3.0, rest_seconds=600.0)
    assert barred_by(five, wide, history) == {"rest": [2], "veto": [4]}
    assert barred_by(five, wide, history, time=1100.0) == {"veto": [4]}


def test_step_is_bounded(five: Any) -> None:
    assert barred_by(five, Limits(max_step=0.35)) == {"step": [0, 4]}


def test_cool_down_takes_calm_tracks_however_far(five: Any) -> None:
    limits, history = Limits(calm_arousal=0.1), History.of(five)
    excited = np.array([0.0, 0.9, 0.5])
    watch(history, limits, excited, 1000.0)
    assert history.cool_until == 1120.0
    assert barred_by(five, limits, history, state=excited) == {"cool-down": [3, 4]}
    assert "cool-down" not in barred_by(five, limits, history, state=excited, time=1120.0)
    watch(history, limits, HERE, 1050.0)
    assert history.cool_until == 1120.0


def test_every_rule_has_words() -> None:
    assert all(RULES.values()) and len(RULES) == 10
    assert not allowed({"veto": np.array([True, False]), "rest": np.array([False, True])}, 2).any()


@pytest.mark.parametrize(
    ("session", "rule"),
    [
        ([Played(0, 0, 60, -23.0, (0, 0), vetoed=frozenset({0}))], "veto"),
        ([Played(1, 0, 60, -23.0, (0, 0))], "contraindication"),
        ([Played(2, 0, 60, -23.0, (0, 0))], "tempo"),
        ([Played(0, 0, 60, -17.0, (0, 0))], "level"),
        ([Played(0, 0, 60, -23.0, (0.9, 0.6))], "step"),
        ([Played(0, 0, 60, -23.0, (0, -0.5)), Played(3, 60, 120, -23.0, (0, 0))], "abrupt tempo"),
        ([Played(0, 0, 60, -23.0, (0, -0.5)), Played(4, 60, 120, -30.0, (0, 0))], "abrupt level"),
        ([Played(0, 0, 60, -23.0, (0, -0.5)), Played(0, 60, 120, -23.0, (0, -0.5))], "rest"),
        ([Played(-1, 0, 60, np.nan, (0, 0.9)), Played(4, 60, 120, -23.0, (0, 0.4))], "cool-down"),
        ([Played(4, 0, 60, -23.0, (0, 0.4), cooling=True)], "cool-down"),
    ],
)
def test_the_second_check_finds_each_violation(make_library: Any, session: list, rule: str) -> None:
    library = make_library(
        contraindications=(frozenset(), frozenset({"voice"}), *(frozenset(),) * 3),
        tempo=np.array([100.0, 100, 300, 145, 100]),
    )
    found = violations(library, Limits(avoid=frozenset({"voice"})), session)
    assert [item.rule for item in found] == [rule]


def test_silence_breaks_no_rule(five: Any) -> None:
    assert violations(five, Limits(), [Played(-1, 0, 60, np.nan, (0, 1.0))] * 3) == []


@given(seed=st.integers(0, 10_000), step=st.floats(0.2, 1.0), vetoes=st.lists(st.integers(1, 8), max_size=3))
@settings(max_examples=15)
def test_whatever_is_seen_no_rule_is_broken(seed: int, step: float, vetoes: list[int]) -> None:
    """Random walks of a face, random vetoes, random limits: the second check finds nothing."""
    rng = np.random.default_rng(seed)
    library, _ = draw_library(40, rng)
    limits = Limits(max_step=step, avoid=frozenset({"percussion"}), distress=0.6, rest_seconds=200.0)
    log: list[dict] = []
    session = Session(
        library,
        Setup(limits=limits, seed=seed, belief=new_child(Prior()), policy=PolicySettings(floor=0.5)),
        lambda type, **content: log.append({"type": type, **content}),
    )
    face = rng.uniform(-1, 1, 3)
    pieces = []
    for second in range(1, 500):
        face = np.clip(face + rng.normal(0, 0.1, 3), -1, 1)
        session.observe(float(second), list(np.where(rng.random(3) < 0.2, np.nan, face)))
        if second % 50 == 0:
            choice = session.choose(float(second))
            if second // 50 in vetoes:
                choice = session.veto(float(second), distress=bool(rng.random() < 0.5))
            state = (float(session.state.mean[0]), float(session.state.mean[1]))
            cooling = second < session.history.cool_until
            barred_rows = frozenset(int(row) for row in np.flatnonzero(session.history.vetoed))
            pieces.append(Played(choice.row, second, second + 50, choice.level, state, barred_rows, cooling))
    assert violations(library, limits, pieces) == []


@pytest.mark.parametrize(
    "bad",
    [{"min_tempo": 200.0}, {"level": -10.0}, {"max_tempo_ratio": 0.9}, {"max_step": 0.0}, {"level": np.nan}],
)
def test_limits_that_contradict_each_other(bad: dict) -> None:
    with pytest.raises(UsageError):
        Limits(**bad)


def test_the_page_names_every_limit_with_its_default() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "music.md").read_text(encoding="utf-8")
    for item in fields(Limits):
        assert f"`{item.name}" in text, item.name
        if isinstance(item.default, float):
            number = f"{item.default:g}".replace("-", "−")
            assert f"`{item.name}` ({number}" in text, (item.name, number)


def test_tags_bar_whatever_their_case(make_library: Any) -> None:
    """Libraries hold tags in lower case; limits made in Python must bar all the same."""
    tags = (frozenset({"voice"}), *(frozenset(),) * 4)
    limits = Limits(avoid=frozenset({" Voice "}), max_step=3.0)
    assert barred_by(make_library(contraindications=tags), limits) == {"contraindication": [0]}


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"cool_seconds": -1.0}, "not be negative.*cool_seconds"),
        ({"rest_seconds": -600.0}, "not be negative.*rest_seconds"),
        ({"max_boost": -3.0}, "not be negative.*max_boost"),
        ({"avoid": "voice"}, "avoid is a set of texts"),
        ({"never": frozenset({3})}, "never is a set of texts"),
    ],
)
def test_limits_that_would_switch_a_rule_off_are_refused(bad: dict, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Limits(**bad)


def test_limits_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "limits.toml"
    path.write_text('max_tempo = 80\navoid = ["Voice"]\nnever = ["b"]\n', encoding="utf-8")
    limits = read_limits(path, ["PERCUSSION "])
    assert limits.max_tempo == 80.0 and limits.never == {"b"}
    assert limits.avoid == {"voice", "percussion"} and read_limits() == Limits()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("max_tmpo = 80", "Did you mean 'max_tempo'"),
        ("level = true", "level must be a number; found True"),
        ("avoid = [1]", r"avoid must be a list of texts; found \[1\]"),
        ("min_tempo = 200", r"limits\.toml: Limits contradict each other"),
        ("rest_seconds = nan", r"limits\.toml: Limits must be numbers"),
        ("level =", "is no TOML file.*A line is, for example"),
    ],
)
def test_limit_files_that_cannot_be_used(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "limits.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=says):
        read_limits(tmp_path / "limits.toml")


def test_names_that_bar_nothing_are_said(make_library: Any) -> None:
    """A misspelt contraindication would let the child hear what it must not."""
    library = make_library(contraindications=(frozenset({"percussion"}), *(frozenset(),) * 4))
    limits = Limits(avoid=frozenset({"percusion", "percussion"}), never=frozenset({"a", "zz"}))
    found = {finding.rule: finding for finding in unmatched(limits, library)}
    assert set(found) == {"avoid-unknown", "never-unknown"}
    assert "'percusion'" in found["avoid-unknown"].message
    assert "Did you mean 'percussion'" in found["avoid-unknown"].action
    assert "'zz'" in found["never-unknown"].message
    assert "No track states" in next(unmatched(Limits(avoid=frozenset({"x"})), make_library())).action
