"""Sessions, their logs, replays and pages."""

from __future__ import annotations

import json
import stat
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emostats.errors import UsageError
from emostats.music.library import bundled_library, read_library
from emostats.music.live import Reading, run_live
from emostats.music.memory import remember
from emostats.music.policy import PolicySettings
from emostats.music.record import Recorder, canonical, digest, read_log
from emostats.music.replay import check, played, replay
from emostats.music.rounds import rounds_of
from emostats.music.scores import read_scores
from emostats.music.session import Session, Setup
from emostats.music.state import FilterSettings, observe, unknown
from emostats.music.timeline import path_of_states, timeline
from emostats.music.tracks import Library
from emostats.music.walk import walk
from emostats.music.words import feeling, reading


@pytest.fixture(scope="module")
def library() -> Library:
    return read_library(bundled_library())[0]


def run(library: Library, sink: Any, *, seed: int = 3, **setup: Any) -> Session:
    """Ten minutes with a late frame, vetoes with and without distress, and an accept."""
    rng = np.random.default_rng(0)
    session = Session(library, Setup(seed=seed, session="s1", child="C1", **setup), sink)
    for second in range(1, 601):
        seen = [-0.4 + 0.001 * second, 0.5 - 0.001 * second, np.nan if second % 3 else 0.6]
        session.observe(float(second), [value + rng.normal() * 0.2 for value in seen])
        if second == 100:
            session.observe(50.0, [0.0, 0.0, 0.0])
        if second % 60 == 10:
            session.choose(float(second))
        if second == 75:
            session.veto(75.0, why="covers the ears")
        if second == 200:
            session.veto(200.5, distress=True)
        if second == 202:
            session.accept(202.0)
    session.stop(600.0, why="end")
    return session


@pytest.fixture(scope="module")
def records(library: Library, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    path = tmp_path_factory.mktemp("log") / "s1.jsonl"
    recorder = Recorder(path)
    run(library, recorder)
    recorder.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert recorder.records == read_log(path)
    return read_log(path)


def test_a_log_replays_to_the_same_choices(records: list, library: Library) -> None:
    found = replay(records, library)
    assert found.same and found.n_choices == 12 and found.violations == ()


def test_every_choice_says_state_candidates_propensity_and_why(records: list) -> None:
    for record in (record for record in records if record["type"] == "choice"):
        assert len(record["state"]) == 3 and record["candidates"]
        assert sum(record["probabilities"]) == pytest.approx(1.0)
        place = record["candidates"].index(record["track"])
        assert record["propensity"] == record["probabilities"][place] > 0
        assert "The face reads as" in record["reason"] and "Barred" in record["reason"]


def test_vetoed_tracks_do_not_come_back(records: list) -> None:
    vetoes = [(record["time"], record["track"]) for record in records if record["type"] == "veto"]
    assert len(vetoes) == 2
    for time, track in vetoes:
        later = [r["track"] for r in records if r["type"] == "choice" and r["time"] >= time and r["n"] > 3]
        after = [r["track"] for r in records if r["type"] == "choice" and r["time"] > time]
        assert track not in after and later


def test_distress_begins_a_cool_down_with_calm_music(records: list, library: Library) -> None:
    cooled = [r for r in records if r["type"] == "choice" and 200.5 <= r["time"] < 320.5]
    assert cooled
    for record in cooled:
        assert record["track"] is None or library.arousal[library.index[record["track"]]] <= 0.1


def test_late_frames_are_kept_and_not_used(records: list) -> None:
    late = [record for record in records if record["type"] == "late"]
    assert [record["time"] for record in late] == [50.0]
    used = [time for record in records if record["type"] == "observe" for time in record["times"]]
    assert used == sorted(used) and len(used) == 600


def test_interrupted_pieces_teach_nothing(records: list) -> None:
    outcomes = {record["decision"] for record in records if record["type"] == "outcome"}
    vetoed = {record["decision"] for record in records if record["type"] == "veto"}
    assert outcomes and not outcomes & vetoed


def test_another_seed_chooses_otherwise(library: Library, records: list) -> None:
    other: list[Any] = []
    run(
        library,
        lambda type, **content: other.append(content.get("track")) if type == "choice" else None,
        seed=4,
    )
    assert other != [record["track"] for record in records if record["type"] == "choice"]


def test_changed_log_is_found_out(records: list, library: Library, tmp_path: Path) -> None:
    lines = [canonical(record) for record in records]
    path = tmp_path / "changed.jsonl"
    path.write_text("\n".join([lines[0], lines[1].replace("0.", "1.", 1), *lines[2:]]), encoding="utf-8")
    with pytest.raises(UsageError, match="line 2: changed after it was written"):
        read_log(path)
    path.write_text("\n".join([*lines[:3], *lines[4:]]), encoding="utf-8")
    with pytest.raises(UsageError, match=r"line 4.*a line above is missing"):
        read_log(path)
    path.write_text("\n".join([*lines[:5], lines[5][:40]]), encoding="utf-8")
    with pytest.raises(UsageError, match=r"line 6: damaged.*5 lines above it are whole"):
        read_log(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("{}\n", "is not a session log"),
        ("x", "first line is damaged"),
        ("[]\n", "not a session log"),
    ],
)
def test_what_is_no_log(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "no.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=says):
        read_log(path)


def test_forged_choice_with_right_hashes_does_not_replay(records: list, library: Library) -> None:
    forged, previous = [], ""
    for record in records:
        changed = {**record, "previous": previous}
        if record["type"] == "choice" and record["decision"] == 4:
            changed["track"] = next(t for t in library.track if t != record["track"])
        changed["hash"] = digest(changed)
        previous = changed["hash"]
        forged.append(changed)
    found = replay(forged, library)
    assert not found.same and "decision 4" in found.different[0]


def test_replay_needs_the_same_library(records: list, five: Library) -> None:
    with pytest.raises(UsageError, match="not the one of the session"):
        replay(records, five)


def test_log_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("precious", encoding="utf-8")
    with pytest.raises(UsageError, match="never overwritten"):
        Recorder(tmp_path / "x.jsonl")
    assert (tmp_path / "x.jsonl").read_text(encoding="utf-8") == "precious"


def test_stop_is_always_possible_and_final(library: Library) -> None:
    session = Session(library, Setup())
    session.stop(float("nan"))
    for act in (session.choose, session.accept, session.veto):
        with pytest.raises(UsageError, match="stopped"):
            act(1.0)


def test_empty_library_and_impossible_target(make_library: Any, library: Library) -> None:
    with pytest.raises(UsageError, match="no tracks"):
        Session(make_library(track=(), title=(), valence=[], arousal=[]), Setup())
    with pytest.raises(UsageError, match="target"):
        Setup(target=(2.0, 0.0))


def test_nan_states_lead_to_matching_music_only(library: Library) -> None:
    session = Session(library, Setup(target=(0.8, 0.4)))
    for second in range(1, 100):
        session.observe(float(second), [np.nan] * 3)
    session.history.n_pieces = 3
    choice = session.choose(99.0)
    np.testing.assert_allclose(choice.waypoint, session.state.mean[:2], atol=1e-6)


def test_learning_moves_the_belief_and_memory_pools_it(library: Library, records: list) -> None:
    memory = remember([("s1", records)], library)
    assert memory.n_sessions == 1 and memory.evidence["C1"].n > 5
    own, stranger = memory.belief("C1"), memory.belief("other")
    assert (
        np.abs(own.mean - Setup().belief.mean).max() > np.abs(stranger.mean - Setup().belief.mean).max() > 0
    )
    session = run(library, lambda type, **content: None)
    np.testing.assert_allclose(session.belief.mean, own.mean, atol=1e-9)


def test_logs_of_another_library_are_left_out_with_a_warning(records: list, five: Library) -> None:
    memory = remember([("s1", records)], five)
    assert memory.n_sessions == 0 and "not the one of the session" in memory.findings[0].message


def test_second_check_sees_what_was_played(records: list, library: Library) -> None:
    pieces = played(records, library)
    assert len(pieces) == 12 and pieces[-1].end == 600.0
    assert all(first.end == second.start for first, second in pairwise(pieces))
    strict = [{**records[0], "limits": {**records[0]["limits"], "max_step": 0.01}}, *records[1:]]
    assert {item.rule for item in check(strict, library)} == {"step"}


def test_walk_over_the_bundled_scores(library: Library) -> None:
    scores = read_scores(bundled_library().parent / "scores.csv")
    recorder = Recorder()
    walk(scores, library, Setup(seed=1), recorder, vetoes={155.0: "no"})
    found = replay(recorder.records, library)
    assert found.same and found.n_choices == 8 and not found.violations


def test_distress_counts_before_the_first_piece(library: Library) -> None:
    recorder = Recorder()
    session = Session(library, Setup(seed=2), recorder)
    seen = [Reading(float(second), (-0.3, 0.7, 0.5), 0.0) for second in range(6)]
    run_live(session, seen, keys=lambda time: ["d"] if time == 2.0 else ["v"] if time == 1.0 else [])
    veto, choice = (next(r for r in recorder.records if r["type"] == kind) for kind in ("veto", "choice"))
    assert veto["time"] == choice["time"] == 2.0 and veto["track"] == "" and choice["cool_until"] == 122.0
    assert choice["track"] is None or library.arousal[library.index[choice["track"]]] <= 0.1
    assert replay(recorder.records, library).same


def test_walks_teach_nothing_and_judge_nothing(library: Library) -> None:
    scores = read_scores(bundled_library().parent / "scores.csv")
    recorder = Recorder()
    walk(scores, library, Setup(seed=1), recorder)
    assert recorder.records[0]["heard"] is False
    memory = remember([("w", recorder.records)], library)
    assert memory.n_sessions == 0 and "never played" in memory.findings[0].message
    with pytest.raises(UsageError, match="w cannot be used: its pieces were never played"):
        rounds_of({"w": recorder.records}, library, PolicySettings())
    page = timeline(recorder.records, library)
    assert "Nobody heard these pieces" in page and "without the piece" in page


def test_words_describe_the_estimate_and_do_not_judge_a_child() -> None:
    settings = FilterSettings()
    nothing = unknown(settings)
    assert reading(nothing) == "No frame has been scored yet, so the state is unknown."
    state = nothing
    for second in range(60):
        state = observe(state, float(second), [-0.25, 0.7, 0.6], settings)
    assert reading(state).startswith("The face reads as slightly unpleasant and excited (valence −0.")
    later = observe(state, 360.0, [np.nan] * 3, settings)
    assert reading(later).startswith("Little is known of the state now (valence −0.")
    assert feeling(np.array([0.1, -0.1])) == "neutral" and feeling(np.array([0.1, -0.5])) == "calm"


def test_page_is_self_contained_and_tells_everything(records: list, library: Library) -> None:
    page = timeline(records, library, replay(records, library), note="Simulated scores.")
    assert page.startswith("<!doctype html>") and '<html lang="en">' in page
    for forbidden in ("http://", "https://", "<script", "src=", "@import", "url("):
        assert forbidden not in page
    assert "Simulated scores" in page and "covers the ears" in page and "cool-down" in page
    assert page.count("<tr>") == 1 + sum(
        record["type"] in ("choice", "veto", "outcome", "accept", "stop") for record in records
    )
    assert "the same 12 choices" in page


def test_page_escapes_what_people_wrote(library: Library) -> None:
    recorder = Recorder()
    session = Session(library, Setup(session="<script>x</script>"), recorder)
    session.observe(1.0, [0.1, 0.1, 0.5])
    session.choose(2.0)
    session.veto(3.0, why="<img src=x onerror=alert(1)>")
    session.stop(4.0)
    page = timeline(recorder.records, library)
    assert "<script>" not in page and "<img" not in page and "&lt;img" in page


def test_uncertainty_widens_over_a_gap_in_the_drawing(library: Library) -> None:
    recorder = Recorder()
    session = Session(library, Setup(), recorder)
    for second in [*range(1, 60), *range(300, 360)]:
        session.observe(float(second), [0.2, 0.2, 0.6])
    session.stop(360.0)
    states = path_of_states(recorder.records)
    before = next(s for s in states if s.time >= 59)
    late = max((s for s in states if s.time < 300), key=lambda s: s.time)
    assert late.sd[0] > 1.5 * before.sd[0]


def test_log_lines_are_json_without_nan(records: list) -> None:
    for record in records:
        json.loads(canonical(record), parse_constant=lambda name: pytest.fail(name))


@pytest.mark.parametrize("method", ["thompson", "linucb", "iso", "random", "popularity"])
def test_every_policy_replays(library: Library, method: str) -> None:
    recorder = Recorder()
    run(library, recorder, policy=PolicySettings(method=method))
    assert replay(recorder.records, library).same
