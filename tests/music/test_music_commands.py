"""emostats music on the command line: results, one message for bad input, exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from emostats.cli.app import app
from emostats.cli.music_sources import opened
from emostats.cli.music_terminal import keyboard, picture, view
from emostats.errors import UsageError
from emostats.music.library import bundled_library, read_library
from emostats.music.live import Latency, Reading, rehearsed, run_live
from emostats.music.record import Recorder, read_log
from emostats.music.replay import replay
from emostats.music.scores import read_scores
from emostats.music.session import Session, Setup
from emostats.music.walk import walk

SCORES = str(bundled_library().parent / "scores.csv")


def music(*arguments: Any, code: int = 0) -> Any:
    result = CliRunner().invoke(app, ["music", *map(str, arguments)])
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def as_json(*arguments: Any, code: int = 0) -> Any:
    return json.loads(music(*arguments, "--json", code=code).stdout)


def test_recommend_lists_tracks_and_says_why() -> None:
    found = as_json("recommend", "--scores", SCORES, "-n", 3)
    assert (
        len(found["tracks"]) == 3 and found["tracks"][0]["probability"] >= found["tracks"][2]["probability"]
    )
    assert "The face reads as" in found["reason"]
    text = music("recommend", "--scores", SCORES)
    assert "Next tracks" in text.stdout and "bundled library" in text.stderr


def test_recommend_obeys_limits(tmp_path: Path) -> None:
    (tmp_path / "limits.toml").write_text('max_tempo = 80\nnever = ["syn22"]\n', encoding="utf-8")
    library, _ = read_library(bundled_library())
    free = as_json("recommend", "--scores", SCORES, "-n", 30)["tracks"]
    held = as_json(
        "recommend",
        "--scores",
        SCORES,
        "-n",
        30,
        "--limits",
        tmp_path / "limits.toml",
        "--avoid",
        "Percussion",
    )
    names = {track["track"] for track in held["tracks"]}
    assert names and names != {track["track"] for track in free}
    assert all(library.tempo[library.index[name]] <= 80 and name != "syn22" for name in names)


def test_recommend_after_a_piece_leads_on() -> None:
    found = as_json("recommend", "--scores", SCORES, "-n", 30, "--last", "syn15")
    assert "The next step" in found["reason"] and "does not lead yet" not in found["reason"]
    assert "syn15" not in {track["track"] for track in found["tracks"]}
    assert "Did you mean 'syn15'" in music("recommend", "--scores", SCORES, "--last", "sin15", code=2).stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("max_tmpo = 80", "Did you mean 'max_tempo'"),
        ("avoid = 3", "list of texts"),
        ("level = 'loud'", "must be a number"),
        ("level =", "no TOML"),
    ],
)
def test_bad_limits(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "limits.toml").write_text(text, encoding="utf-8")
    assert says in music("recommend", "--scores", SCORES, "--limits", tmp_path / "limits.toml", code=2).stderr


@pytest.mark.parametrize(
    ("name", "text", "code", "says"),
    [
        ("library", "", 1, "empty"),
        ("library", "track,title\na,b\n", 1, "no column 'valence'"),
        ("scores", "TIME,VALENCE,AROUSAL\n" + "0,0,0\n9,0,0\n" * 5, 1, "interleaved"),
        ("scores", "TIME,VALENCE,AROUSAL\n0,0,0\n5,0,0\n4,0,0\n", 1, "goes back"),
        ("scores", "TIME,VALENCE,AROUSAL\n", 2, "no frame"),
        ("scores", "", 2, "is empty: expected columns TIME"),
        ("scores", "hello\nworld\n", 1, "no column 'TIME'. There are: 'hello'"),
        ("scores", "TIME;VALENCE;AROUSAL\n0;0,5;0,1\n", 1, "VALENCE '0,5' is no number"),
        ("scores", "SESSION,TIME,VALENCE,AROUSAL\nA,0,0,0\nB,1,0,0\n", 2, "--session"),
    ],
)
def test_one_message_for_bad_input(name: str, text: str, code: int, says: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.csv"
    path.write_text(text, encoding="utf-8")
    files = {"library": bundled_library(), "scores": SCORES, name: path}
    result = music("recommend", "--scores", files["scores"], "--library", files["library"], code=code)
    assert says in result.stderr and "Traceback" not in result.stderr


def test_gaps_and_nan_are_said_and_music_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("TIME,VALENCE,AROUSAL\n0,0.2,0.1\n1,,\n300,,\n301,,\n", encoding="utf-8")
    result = music("recommend", "--scores", path)
    assert "No frame from 1 s to 300 s" in result.stderr and "Only 25%" in result.stderr


def test_walk_log_replay_and_timeline(tmp_path: Path) -> None:
    log, page = tmp_path / "s.jsonl", tmp_path / "pages" / "s.html"
    first = as_json("replay", SCORES, "--log", log, "--timeline", page, "--seed", 5)
    again = as_json("replay", log)
    assert first["same"] and again["same"] and first["choices"] == again["choices"]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    text = music("replay", log).stdout
    assert "the same 7 choices" in text and "Safety rules broken: none" in text
    changed = log.read_text(encoding="utf-8").replace('"seed":5', '"seed":6')
    (tmp_path / "c.jsonl").write_text(changed, encoding="utf-8")
    assert "line 1: changed" in music("replay", tmp_path / "c.jsonl", code=2).stderr


def test_stepping_waits_for_enter() -> None:
    result = CliRunner().invoke(app, ["music", "replay", SCORES, "--step"], input="\n" * 20)
    assert result.exit_code == 0 and result.stdout.count("expected progress") == 7


def test_earlier_logs_teach_and_judge_other_policies(tmp_path: Path) -> None:
    library, _ = read_library(bundled_library())
    scores = read_scores(SCORES)
    for seed in (1, 2, 3):
        played = [Reading(t, tuple(v), 0.0) for t, v in zip(scores.time, scores.values, strict=True)]  # type: ignore[arg-type]
        recorder = Recorder(tmp_path / f"s{seed}.jsonl")
        run_live(Session(library, Setup(child="DEMO", seed=seed), recorder), played)
        recorder.close()
    taught = as_json("recommend", "--scores", SCORES, "--learn-from", tmp_path, "--child", "DEMO")
    assert taught["tracks"] != as_json("recommend", "--scores", SCORES)["tracks"]
    found = as_json("off-policy", tmp_path, "--policy", "linucb")
    assert (
        found["n_units"] == 3
        and found["kind"] == "session"
        and {row["estimator"] for row in found["rows"]} == {"IPS", "SNIPS", "DR"}
    )
    assert "Progress a piece under 'iso'" in music("off-policy", tmp_path).stdout
    (tmp_path / "none").mkdir()
    assert "no session log" in music("off-policy", tmp_path / "none", code=2).stderr


def test_simulate_compares_and_says_simulated() -> None:
    arguments = ("simulate", "--sessions", 40, "--policy", "iso", "--policy", "random", "--tracks", 40, "-q")
    found = as_json(*arguments)
    rows = {row["policy"]: row for row in found["rows"]}
    assert found["simulated"] and rows["random"]["seconds"] > rows["iso"]["seconds"]
    assert rows["iso"]["violations"] == 0 and rows["iso"]["sessions"] == 40
    assert "no policy 'isoo'" in music("simulate", "--policy", "isoo", code=2).stderr
    assert "no kind of simulated child" in music("simulate", "--kind", "x", "--policy", "iso", code=2).stderr


@pytest.mark.xdist_group("librosa")  # as in test_audio_scan.py
def test_library_check_and_scan(tmp_path: Path) -> None:
    assert as_json("library", "check", bundled_library())["tracks"] == 24
    lines = bundled_library().read_text(encoding="utf-8").splitlines()
    (tmp_path / "l.csv").write_text("\n".join([*lines[:4], lines[4].replace(",75,", ",,")]), encoding="utf-8")
    result = music("library", "check", tmp_path / "l.csv", code=1)
    assert "tempo: is blank" in result.stderr and "3 tracks can be played" in result.stdout
    (tmp_path / "a.ogg").write_bytes((bundled_library().parent / "syn01.ogg").read_bytes())
    found = as_json("library", "scan", tmp_path, "-o", tmp_path / "new.csv", "-q")
    assert found["tracks"] == 1 and "valence" in found["to_rate"]
    assert "exists already" in music("library", "scan", tmp_path, "-o", tmp_path / "new.csv", code=2).stderr


def test_ratings_make_and_read(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    clips = "\n".join(["CLIP,USUBJID", *(f"c{i},{i // 2:03d}" for i in range(12))])
    (tmp_path / "clips.csv").write_text(clips + "\n", encoding="utf-8")
    raters = [part for name in "ABCD" for part in ("-r", name)]
    made = as_json("ratings", "make", tmp_path / "clips.csv", *raters, "-o", tmp_path / "r", "--seed", 3)
    assert made["balanced"] and made["per_rater"] == dict.fromkeys("ABCD", 9)
    for path in (tmp_path / "r").glob("*.xlsx"):
        book = load_workbook(path)
        for number, row in enumerate(book.active.iter_rows(min_row=7)):
            row[1].value, row[2].value = 4 + number % 4, 5 + number % 3
        book.save(path)
    (tmp_path / "children.csv").write_text(
        "USUBJID,SEX\n" + "\n".join(f"{i:03d},{'MF'[i % 2]}" for i in range(6)), encoding="utf-8"
    )
    found = as_json(
        "ratings",
        "read",
        tmp_path / "r",
        "-o",
        tmp_path / "t.csv",
        "--subgroups",
        tmp_path / "children.csv",
        "--by",
        "SEX",
    )
    assert len(found["rows"]) == 12 and "[ratings.domains]" in found["study"]
    with (tmp_path / "t.csv").open(encoding="utf-8") as stream:
        assert len(list(csv.DictReader(stream))) == 36
    text = music("ratings", "read", tmp_path / "r", "-o", tmp_path / "u.csv").stdout
    assert "matching accuracy" in text and "[sources.ratings]" in text
    misspelt = ("--subgroups", tmp_path / "children.csv", "--by", "SEXX")
    result = music("ratings", "read", tmp_path / "r", "-o", tmp_path / "v.csv", *misspelt, code=2)
    assert "Did you mean" in result.stderr
    assert not (tmp_path / "v.csv").exists()


def test_demo_runs_a_replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import emostats.inference.setup as ready

    def missing() -> None:
        raise UsageError("not installed")

    monkeypatch.setattr(ready, "check_ready", missing)  # the clip has a test of its own
    result = CliRunner().invoke(app, ["demo", "--music", "-o", str(tmp_path), "--json"])
    found = json.loads(result.stdout)
    assert result.exit_code == 0 and found["clip"] is None
    assert found["session"]["same"] and found["session"]["n_choices"] == 8
    assert found["session"]["violations"] == 0
    assert "Simulated scores and synthesized pieces" in (tmp_path / "session.html").read_text(
        encoding="utf-8"
    )
    assert CliRunner().invoke(app, ["demo", "--music", "-o", str(tmp_path)]).exit_code == 0


def test_live_over_a_video_file(tmp_path: Path) -> None:
    """The clip of stills: choice, veto, accept, stop by the therapist's keys; log, replay, latency."""
    from emostats.inference.demo import CLIP

    log = tmp_path / "live.jsonl"
    found = as_json(
        "live",
        CLIP,
        "--fast",
        "--fps",
        4,
        "--rehearse",
        "11v 12a 13s",
        "--log",
        log,
        "--timeline",
        tmp_path / "l.html",
    )
    assert found["replays"] and found["violations"] == 0 and found["choices"] == 2
    assert found["latency"]["frames"] > 30 and found["latency"]["median_ms"] > 0
    kinds = [record["type"] for record in read_log(log)]
    assert "veto" in kinds and "accept" in kinds and kinds[-1] == "stop"
    assert read_log(log)[-1]["why"] == "stopped by the therapist"
    assert (tmp_path / "l.html").exists()


def test_live_without_a_source() -> None:
    assert "camera" in music("live", "camera:99", code=2).stderr.lower()
    assert "expected a video file, found none" in music("live", "nowhere.mp4", "--fast", code=1).stderr


@pytest.mark.parametrize(
    ("text", "says"), [("10", "no key '0'"), ("x v", "no second and key"), ("10z", "no key 'z'")]
)
def test_keys_that_make_no_sense(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        rehearsed(text)


def readings(seconds: int) -> list[Reading]:
    return [Reading(float(t), (0.1, 0.2, 0.6), 0.0) for t in range(1, seconds)]


def test_loop_obeys_every_key_and_always_stops() -> None:
    library, _ = read_library(bundled_library())
    recorder, shown = Recorder(), []
    session = Session(library, Setup(seed=2), recorder)
    keys = rehearsed("5v 20a 30d 50v 80q")
    latency = run_live(
        session, readings(100), keys=keys, show=lambda *now: shown.append(now), piece_seconds=30.0
    )
    kinds = [record["type"] for record in recorder.records if record["type"] != "observe"]
    assert kinds.count("veto") == 2 and kinds.count("accept") == 1  # at 5 s nothing was on offer yet
    assert session.stopped and recorder.records[-1]["why"] == "stopped by the therapist"
    assert len(shown) == 79 and len(latency.frames) == 80 and latency.summary()["frames"] == 80
    assert replay(recorder.records, library).same
    assert Latency().summary() == {"frames": 0}


def test_loop_that_breaks_leaves_a_whole_log() -> None:
    library, _ = read_library(bundled_library())
    recorder = Recorder()

    def broken() -> Any:
        yield from readings(20)
        raise RuntimeError("camera gone")

    with pytest.raises(RuntimeError, match="camera gone"):
        run_live(Session(library, Setup(), recorder), broken())
    assert recorder.records[-1]["type"] == "stop" and recorder.records[-1]["why"] == "interrupted"
    assert replay(recorder.records, library).same


def test_view_shows_state_piece_and_latency(capsys: pytest.CaptureFixture[str]) -> None:
    library, _ = read_library(bundled_library())
    session = Session(library, Setup(seed=2))
    latency = Latency([0.012], [0.001])
    with keyboard() as keys, view(quiet=False) as seen:
        assert list(keys(1.0)) == []
        for reading in readings(20):
            session.observe(reading.time, reading.scores)
        session.choose(20.0)
        seen.show(session, readings(20)[-1], latency)
    assert "The face reads as" in capsys.readouterr().err
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(picture(session, latency))
    text = console.export_text()
    assert "Valence" in text and "12 ms of 150 ms" in text and "s stop" in text


def test_what_the_therapist_must_know_is_said_even_when_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    library, _ = read_library(bundled_library())
    session = Session(library, Setup(seed=2))
    session.choose(1.0)
    with view(quiet=True) as seen:
        seen.show(session, Reading(1.0, (0.0, 0.0, 0.5), 0.0), Latency())
        assert capsys.readouterr().err == ""
        seen.tell("No frame for 10 s")
    assert "No frame for 10 s" in capsys.readouterr().err
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(picture(session, Latency(), "No frame for 10 s"))
    assert "Attention" in console.export_text()


def test_nothing_of_the_room_needs_torch_or_librosa_until_asked() -> None:
    import subprocess
    import sys

    code = (
        "import emostats.cli.app, emostats.music.session, emostats.music.walk, emostats.music.scan, sys;"
        "print(sorted({'torch', 'librosa', 'av', 'soundfile', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_states_stay_finite_whatever_comes() -> None:
    library, _ = read_library(bundled_library())
    session = Session(library, Setup())
    for time, scores in (
        (1.0, [np.nan] * 3),
        (2.0, [np.inf, 0.1, 0.2]),
        (np.nan, [0, 0, 0]),
        (1.5, [0, 0, 0]),
    ):
        session.observe(time, scores)
    assert session.late == 2 and np.isfinite(session.state.mean).all()


@pytest.fixture
def odd(tmp_path: Path) -> dict[str, Path]:
    """Files that are not what any command expects."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(bytes(range(128, 256)) * 8)
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    return {name: tmp_path / name for name in ("missing", "folder", "binary", "empty", "file")}


READS = {
    "scores": ("recommend", "--scores", "{}"),
    "library": ("recommend", "--scores", SCORES, "--library", "{}"),
    "limits": ("recommend", "--scores", SCORES, "--limits", "{}"),
    "learn": ("recommend", "--scores", SCORES, "--learn-from", "{}"),
    "log": ("replay", "{}"),
    "logs": ("off-policy", "{}"),
    "check": ("library", "check", "{}"),
    "clips": ("ratings", "make", "{}", "-r", "A", "-r", "B", "--per-clip", "2", "-o", "{}-out"),
    "sheets": ("ratings", "read", "{}", "-o", "{}-out.csv"),
    "audio": ("library", "scan", "{}", "-o", "{}-out.csv"),
}


@pytest.mark.parametrize("what", sorted(READS))
def test_every_file_argument_says_what_was_expected_and_found(what: str, odd: dict[str, Path]) -> None:
    for name in ("missing", "folder", "binary"):
        arguments = [part.format(odd[name]) for part in READS[what]]
        result = CliRunner().invoke(app, ["music", *arguments])
        said = " ".join(result.stderr.split())
        assert result.exit_code in (1, 2), (name, said)
        assert str(odd[name].name) in said and said.rstrip().endswith("."), (name, said)
        assert any(word in said for word in ("expected", "holds no", "is no folder", "no audio")), (
            name,
            said,
        )
        assert "Errno" not in said and "Traceback" not in said and "codec" not in said, (name, said)
        assert not list(odd[name].parent.glob("*-out*"))


@pytest.mark.parametrize("place", ["file/x", "none/x", "folder"])
def test_outputs_that_cannot_be_written_are_said(place: str, odd: dict[str, Path]) -> None:
    target = odd["file"].parent / place
    result = music("replay", SCORES, "--log", target, code=2)
    assert str(target) in result.stderr and result.stderr.strip().endswith(".")
    assert any(advice in result.stderr for advice in ("Name", "Make it", "Give"))
    page = target.with_suffix(".html") if place != "folder" else odd["folder"]
    if place != "none/x":
        assert "timeline" in music("replay", SCORES, "--timeline", page, code=2).stderr


def test_no_right_to_write_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    def refuse(*arguments: Any, **settings: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UsageError, match=r"the log cannot be written: it may not be read or written\. Ask"):
        Recorder(tmp_path / "s.jsonl")


def test_demo_and_logs_of_logs_say_what_is_wrong(odd: dict[str, Path]) -> None:
    result = CliRunner().invoke(app, ["demo", "--music", "-o", str(odd["file"])])
    assert result.exit_code == 2 and "is a file; the demo needs a folder" in result.stderr
    result = CliRunner().invoke(app, ["demo", "--music", "-o", str(odd["file"] / "x")])
    assert result.exit_code == 2 and "is a file and no folder. Give another place." in result.stderr
    again = odd["missing"].with_suffix(".jsonl")
    assert "--log is for scores" in music("replay", again, "--log", again, code=2).stderr


def test_a_page_never_takes_the_place_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "s.jsonl"
    music("replay", SCORES, "--log", log)
    before = log.read_bytes()
    assert "ends in .html" in music("replay", log, "--timeline", log, code=2).stderr
    assert log.read_bytes() == before


def test_misspelt_contraindications_are_said() -> None:
    said = music("recommend", "--scores", SCORES, "--avoid", "percusion").stderr
    assert "'percusion', so it bars nothing. Did you mean 'percussion'?" in said


def test_a_video_s_name_does_not_stand_in_the_log(tmp_path: Path) -> None:
    """Files are named after children more often than they should be."""
    from emostats.inference.demo import CLIP

    named = tmp_path / "Anna Example.mp4"
    named.write_bytes(CLIP.read_bytes())
    log, page = tmp_path / "s.jsonl", tmp_path / "s.html"
    as_json("live", named, "--fast", "--fps", 2, "--log", log, "--timeline", page, "--session", "S7")
    assert "Anna" not in log.read_text(encoding="utf-8") + page.read_text(encoding="utf-8")
    assert read_log(log)[0]["session"] == "S7" and "Music session S7" in page.read_text(encoding="utf-8")


def test_a_source_that_is_none_leaves_no_log(tmp_path: Path) -> None:
    music("live", "nowhere.mp4", "--log", tmp_path / "s.jsonl", code=1)
    assert not (tmp_path / "s.jsonl").exists()


@pytest.mark.parametrize("seconds", [0.5, float("nan"), float("inf")])
def test_walk_refuses_pieces_without_a_length(seconds: float) -> None:
    library, _ = read_library(bundled_library())
    with pytest.raises(UsageError, match="at least 1 second"):
        walk(read_scores(SCORES), library, Setup(), piece_seconds=seconds)


@pytest.mark.parametrize("fps", [0.0, float("nan"), float("inf")])
def test_live_refuses_rates_that_are_none(fps: float) -> None:
    with pytest.raises(UsageError, match="number of frames a second"):
        opened("camera:0", fps)


def test_simulate_names_a_wrong_policy_before_it_runs_the_right_ones() -> None:
    result = music("simulate", "--sessions", 9000, "--policy", "thompson", "--policy", "isoo", code=2)
    assert "no policy 'isoo'" in result.stderr and "thompson …" not in result.stderr
