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
from emostats.music.record import Recorder, canonical, digest, read_log, read_logs
from emostats.music.replay import check, played, replay, states_of
from emostats.music.rounds import rounds_of
from emostats.music.safety import Limits
from emostats.music.scores import read_scores
from emostats.music.session import Session, Setup
from emostats.music.state import FilterSettings, observe, unknown
from emostats.music.timeline import path_of_states, timeline, write_timeline
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


def _again(records: list[dict[str, Any]], change: Any) -> list[dict[str, Any]]:
    """The records with a change, and a chain of hashes that is right again."""
    forged, previous = [], ""
    for record in records:
        changed = {**record, **change(record), "previous": previous}
        changed.pop("hash")
        previous = changed["hash"] = digest(changed)
        forged.append(changed)
    return forged


@pytest.mark.parametrize(
    ("key", "value", "says"), [("propensity", 0.5, "another propensity"), ("level", -30.0, "another level")]
)
def test_what_off_policy_estimates_rest_on_is_compared_too(
    records: list, library: Library, key: str, value: float, says: str
) -> None:
    forged = _again(
        records, lambda record: {key: value} if record.get("decision") == 4 and key in record else {}
    )
    assert replay(forged, library).different == (f"decision 4: {says}",)


def test_a_log_of_another_version_is_said(records: list, library: Library) -> None:
    later = _again(records, lambda record: {"emostats": "9.9"} if record["n"] == 0 else {})
    assert replay(later, library).same and replay(later, library).remarks == ()
    other = _again(later, lambda record: {"seed": 77} if record["n"] == 0 else {})
    found = replay(other, library)
    assert not found.same and "written by emostats 9.9" in found.remarks[0]
    for change in ({"policy": {"method": "thompson", "boldness": 3}}, {"limits": 3}, {"belief": {}}):
        odd = _again(later, lambda record, change=change: change if record["n"] == 0 else {})
        with pytest.raises(UsageError, match=r"header is not one that .* written by emostats 9\.9"):
            replay(odd, library)


def test_a_log_whose_end_is_gone_is_said(records: list, library: Library) -> None:
    found = replay(records[:-1], library)
    assert found.same and "does not end with a stop" in found.remarks[0]
    assert replay(records, library).remarks == ()


def test_any_changed_byte_is_found_in_its_line(records: list, tmp_path: Path) -> None:
    whole = ("\n".join(canonical(record) for record in records) + "\n").encode()
    path = tmp_path / "log.jsonl"
    rng = np.random.default_rng(1)
    for place in rng.integers(0, len(whole) - 1, 60):
        changed = bytearray(whole)
        changed[place] = ord("7") if changed[place] != ord("7") else ord("}")
        path.write_bytes(bytes(changed))
        line = whole[:place].count(b"\n") + 1
        with pytest.raises(UsageError) as caught:
            read_log(path)
        text = str(caught.value)
        assert f"line {line}:" in text or (line == 1 and "first line is damaged" in text), (place, text)


@pytest.mark.parametrize("line", ["7", "[1, 2]", '{"n": NaN}', '{"n": "\\ud800"}', "null", ""])
def test_lines_that_are_json_and_no_record(records: list, line: str, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(f"{canonical(records[0])}\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 2: damaged"):
        read_log(path)


@pytest.mark.parametrize("odd", ["\u2028", "\x85", "\u2029", "\x0b", "\r"])
def test_a_line_end_of_another_kind_in_a_name_does_not_break_a_log(
    library: Library, odd: str, tmp_path: Path
) -> None:
    recorder = Recorder(tmp_path / "log.jsonl")
    session = Session(library, Setup(session=f"S{odd}1"), recorder)
    session.stop(1.0, why=f"a{odd}b")
    recorder.close()
    assert read_log(tmp_path / "log.jsonl") == recorder.records


def test_a_session_counts_once_however_it_is_named(records: list, tmp_path: Path) -> None:
    text = "\n".join(canonical(record) for record in records) + "\n"
    (tmp_path / "s.jsonl").write_text(text, encoding="utf-8")
    assert len(read_logs([tmp_path, tmp_path / "s.jsonl"])) == 1
    (tmp_path / "copy.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"copy\.jsonl and s\.jsonl hold the same session"):
        read_logs([tmp_path])


def test_logs_of_one_name_in_two_folders_are_told_apart(library: Library, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / str(number)).mkdir()
        recorder = Recorder(tmp_path / str(number) / "s.jsonl")
        Session(library, Setup(seed=number), recorder).stop(1.0)
        recorder.close()
    assert len({name for name, _ in read_logs([tmp_path / "1", tmp_path / "2"])}) == 2


def _excited(library: Library, sink: Any = None) -> Session:
    """Arousal is at its highest from 15 to 45 s, and back at the middle when the next choice is due."""
    session = Session(library, Setup(seed=1, filter=FilterSettings(half_life=60.0)), sink)
    for second in range(1, 71):
        arousal = 1.0 if 15 <= second < 45 else -0.4
        session.observe(float(second), [0.0, arousal, 0.5])
        if second in (10, 70):
            session.choose(float(second))
    return session


def test_distress_between_two_choices_begins_a_cool_down(library: Library) -> None:
    recorder = Recorder()
    session = _excited(library, recorder)
    high = [state for state in states_of(recorder.records) if state.mean[1] >= Limits().distress]
    assert high and session.state.mean[1] < 0.6 < Limits().distress
    choice = [record for record in recorder.records if record["type"] == "choice"][-1]
    assert choice["cool_until"] == pytest.approx(high[-1].time + 120.0)
    assert choice["track"] is None or library.arousal[library.index[choice["track"]]] <= 0.1


def test_second_check_knows_of_distress_between_two_choices(library: Library) -> None:
    recorder = Recorder()
    _excited(library, recorder).stop(130.0)
    records = recorder.records
    assert check(records, library) == []
    loud = next(name for name in library.track if library.arousal[library.index[name]] > 0.3)
    last = max(record["n"] for record in records if record["type"] == "choice")
    swapped = [{**record, "track": loud} if record["n"] == last else record for record in records]
    assert "cool-down" in {item.rule for item in check(swapped, library)}


def test_a_pause_is_silence_for_the_rules_and_their_check(library: Library) -> None:
    recorder = Recorder()
    session = Session(library, Setup(seed=1), recorder)
    for second in range(1, 200):
        session.observe(float(second), [-0.5 + 0.005 * second, 0.5 - 0.005 * second, 0.5])
        if second in (10, 100):
            session.choose(float(second))
        if second == 50:
            session.pause(50.0, why="no frame for 10 s")
    session.stop(200.0)
    records = recorder.records
    choice = [record for record in records if record["type"] == "choice"][1]
    assert "abrupt tempo" not in choice["barred"] and "abrupt level" in choice["barred"]
    found = replay(records, library)
    assert found.same and not found.violations
    assert [piece.row < 0 for piece in played(records, library)] == [False, True, False]
    page = timeline(records, library, found)
    assert "Music paused" in page and "No frame for 10 s" in page


def test_page_speaks_to_a_reader(records: list, library: Library) -> None:
    page = timeline(records, library, replay(records, library))
    assert "Thompson sampling" in page and "chosen by what earlier" not in page
    for machine in ("thompson,", "seed 3</dd>", "digest"):
        assert machine not in page
    cut = timeline(records[:-1], library, replay(records[:-1], library))
    assert "not recorded" in cut and "does not end with a stop" in cut


def test_pages_are_for_their_owner_and_only_pages_are_replaced(tmp_path: Path) -> None:
    page = tmp_path / "sub" / "s.html"
    write_timeline("one", page)
    page.chmod(0o644)
    write_timeline("two", page)
    assert page.read_text(encoding="utf-8") == "two" and stat.S_IMODE(page.stat().st_mode) == 0o600
    (tmp_path / "s.jsonl").write_text("precious", encoding="utf-8")
    with pytest.raises(UsageError, match=r"ends in \.html"):
        write_timeline("x", tmp_path / "s.jsonl")
    assert (tmp_path / "s.jsonl").read_text(encoding="utf-8") == "precious"


def test_two_choices_at_one_time_draw_one_box(library: Library) -> None:
    recorder = Recorder()
    session = Session(library, Setup(), recorder)
    for second in range(1, 30):
        session.observe(float(second), [0.1, 0.1, 0.5])
    session.choose(29.0)
    session.veto(29.0)
    session.stop(90.0)
    assert timeline(recorder.records, library).count("<rect") == 1


def test_belief_of_a_session_is_the_dense_posterior_of_what_its_log_says(
    records: list, library: Library
) -> None:
    """Every outcome of the log as one row of a linear model, written out from the records, and the normal
    posterior of all coefficients at once (Gauss–Markov with a prior, no sums of evidence)."""
    choices = {record["decision"]: record for record in records if record["type"] == "choice"}
    heard, rows = dict.fromkeys(library.track, 0), ([], [], [])
    for record in (record for record in records if record["type"] in ("outcome", "veto")):
        name = choices[record["decision"]]["track"]
        if record["type"] == "outcome":
            before, after = choices[record["decision"]], record
            k = library.index[name]
            x, y = np.array(before["state"]), np.array(after["state"])
            gap = np.array([library.valence[k], library.arousal[k]]) - x[:2]
            far, eager = gap @ gap, min(max(y[2], 0.0), 1.0) - 0.65
            z = [np.log2(library.tempo[k] / 100) / 0.5, library.mode[k], (library.energy[k] - 0.5) / 0.25]
            z.append(np.log2(library.brightness[k] / 2000.0))
            spread = np.square(after["sd"]) + np.square([*before["sd"][:2], 0.0])
            noise = np.square([0.10, 0.10, 0.15]) + spread
            for axis in (0, 1):
                psi = [1.0, x[axis], gap[axis], gap[axis] * far, *z, gap[axis] * eager]
                rows[axis].append((psi, y[axis] - x[axis], noise[axis]))
            rows[2].append(([1.0, 0, 0, 0, *z, np.log(1 + heard[name])], y[2], noise[2]))
        heard[name] += 1
    belief, start = run(library, lambda type, **content: None).belief, Setup().belief
    for axis, data in enumerate(rows):
        H, moved, noise = (np.array(part, dtype=float) for part in zip(*data, strict=True))
        P, m = start.covariance[axis], start.mean[axis]
        gain = P @ H.T @ np.linalg.inv(H @ P @ H.T + np.diag(noise))
        np.testing.assert_allclose(belief.mean[axis], m + gain @ (moved - H @ m), atol=1e-9)
        np.testing.assert_allclose(belief.covariance[axis], P - gain @ H @ P, atol=1e-9)
