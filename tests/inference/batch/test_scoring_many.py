"""Many videos: rows for all, kept frames, several processes, full disks, no network, nothing but numbers."""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emostats.errors import UsageError
from emostats.inference import batch, reading
from emostats.inference.batch import COLUMNS, Plan, failures, score_video, score_videos, summary
from emostats.inference.cache import FrameCache
from emostats.inference.errors import OutputError
from emostats.inference.files import complete
from emostats.inference.landmarks import Limits
from emostats.inference.outputs import frame_writer, write_scores
from emostats.inference.reading import Reading
from emostats.inference.scores import Gates
from emostats.inference.sessions import Session

QUICK = Gates(seconds=1)


@pytest.fixture
def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "read_frames", lambda *a, **k: pytest.fail("the video was read again"))


def test_every_session_has_its_row_and_one_failure_stops_no_other(smiling_clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(smiling_clip.read_bytes()[:1000])
    sessions = [
        Session(broken, "1", "007", "BASELINE"),
        Session(tmp_path / "gone.mp4", "2", "007", "WEEK4"),
        Session(smiling_clip, "3", "007", "WEEK8", "2025-01-02"),
    ]
    done = list(score_videos(sessions, Plan(gates=QUICK)))
    table = summary(done)
    assert tuple(table.columns) == COLUMNS and table["SESSION"].tolist() == ["1", "2", "3"]
    assert table["STATUS"].tolist() == ["failed", "failed", "scored"]
    assert table["VALENCE"].notna().tolist() == [False, False, True]
    assert "cannot be opened" in table["REASON"][0] and "found none" in table["REASON"][1]
    row = table.iloc[2]
    assert (row["USUBJID"], row["AVISIT"], row["DATE"], row["VIDEO"]) == (
        "007",
        "WEEK8",
        "2025-01-02",
        "smile.mp4",
    )
    assert len(row["VIDEO_SHA256"]) == len(row["MODELS_SHA256"]) == 64
    assert [line.split(":")[0] for line in failures(done)] == [str(broken), str(tmp_path / "gone.mp4")]


def test_whatever_goes_wrong_in_one_video_stays_there(
    smiling_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strange(*_: object) -> None:
        raise ZeroDivisionError("a frame of no width")

    monkeypatch.setattr(batch, "read_frames", strange)
    found = score_video(Session(smiling_clip, "s"), Plan())
    assert (
        found.status == "failed" and "unexpectedly (ZeroDivisionError: a frame of no width)" in found.reason
    )


def test_too_little_keeps_the_quality_and_says_why(smiling_clip: Path) -> None:
    found = score_video(Session(smiling_clip, "s"), Plan())
    assert found.status == "too_little" and "2.0 s usable" in found.reason
    row = found.row()
    assert row["USABLE"] == 1.0 and np.isnan(row["VALENCE"]) and "2.0 s usable" in failures([found])[0]


def test_nobody_in_the_picture(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    empty = make.write_video(tmp_path / "empty.mp4", [np.full((120, 160, 3), 90, np.uint8)] * 20)
    found = score_video(Session(empty, "s"), Plan(gates=Gates(seconds=0)))
    assert found.status == "too_little" and found.reason == "no usable frame: no face for 100% of the time"


def test_frames_are_kept_and_used_again(
    smiling_clip: Path, tmp_path: Path, no_reading: None, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    plan, session = Plan(gates=QUICK, cache=tmp_path / "kept"), Session(smiling_clip, "s")
    monkeypatch.setattr(batch, "read_frames", reading.read_frames)
    first = score_video(session, plan)
    monkeypatch.setattr(batch, "read_frames", lambda *a, **k: pytest.fail("the video was read again"))
    again = score_video(session, plan)
    assert (first.kept, again.kept) == (False, True)
    pd.testing.assert_frame_equal(first.frames, again.frames, check_dtype=False)
    assert first.result.scores == pytest.approx(again.result.scores, nan_ok=True)
    other = score_video(replace(session, stimuli=(0.5,)), replace(plan, gates=Gates(seconds=1.5)))
    assert other.kept  # scores are made anew from kept frames


def test_the_name_of_kept_frames_depends_on_all_that_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {
        Reading().key("a"), Reading().key("b"), Reading(fps=10).key("a"), Reading(choose="central").key("a"),
        Reading(choose=(1, 2, 3, 4)).key("a"), Reading(limits=Limits(yaw=30)).key("a"),
        Reading(smile_weights="x").key("a"),
    }  # fmt: skip
    monkeypatch.setattr(reading.models, "fingerprint", lambda: "other models")
    keys.add(Reading().key("a"))
    monkeypatch.setattr(reading, "VERSION", 99)
    keys.add(Reading().key("a"))
    assert len(keys) == 9


def test_a_cut_off_table_is_not_used(tmp_path: Path) -> None:
    cache = FrameCache(tmp_path)
    assert cache.get("k") is None
    table = pd.DataFrame({"FRAME": [0, 1], "STATUS": ["ok", "no_face"], "TIME": [0.0, np.nan]})
    cache.put("k", table)
    pd.testing.assert_frame_equal(cache.get("k"), table, check_dtype=False)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-40])
    assert cache.get("k") is None


def test_two_processes_give_the_scores_of_one(smiling_clip: Path, tmp_path: Path) -> None:
    sessions = [Session(smiling_clip, "1"), Session(tmp_path / "gone.mp4", "2"), Session(smiling_clip, "3")]
    alone = summary(list(score_videos(sessions[:2], Plan(gates=QUICK))))
    both = summary(list(score_videos(sessions, Plan(gates=QUICK), jobs=2)))
    pd.testing.assert_frame_equal(both.iloc[:2], alone)
    assert both["SESSION"].tolist() == ["1", "2", "3"]


def test_an_interrupted_batch_goes_on_where_it_ended(
    smiling_clip: Path, make, tmp_path: Path, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    other = make.write_video(tmp_path / "o.mp4", [np.full((48, 64, 3), 50, np.uint8)] * 5)
    plan = Plan(gates=QUICK, cache=tmp_path / "kept")
    running = score_videos([Session(other, "1"), Session(smiling_clip, "2")], plan)
    next(running)
    running.close()
    read = []
    monkeypatch.setattr(
        batch, "read_frames", lambda video, *a: read.append(video) or reading.read_frames(video, *a)
    )
    done = list(score_videos([Session(other, "1"), Session(smiling_clip, "2")], plan))
    assert [each.kept for each in done] == [True, False] and read == [smiling_clip]


def test_scoring_needs_no_network_and_leaves_only_numbers(
    smiling_clip: Path, tmp_path: Path, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(socket, "socket", lambda *a, **k: pytest.fail("reached for the network"))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: pytest.fail("looked up a host"))
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    found = score_video(Session(smiling_clip, "s"), Plan(gates=QUICK, cache=tmp_path / "kept"))
    write_scores(summary([found]), tmp_path / "scores.csv")
    (kept,) = (tmp_path / "kept").iterdir()
    with np.load(kept, allow_pickle=False) as arrays:
        assert {arrays[name].ndim for name in arrays.files} == {
            1
        }  # one number a frame: no picture, no points
        assert set(arrays.files) == set(found.frames.columns)
    written = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {".npz", ".csv"} and not list(home.rglob("*"))


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_one_message_and_leaves_no_half_file(
    smiling_clip: Path, tmp_path: Path, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    found = score_video(Session(smiling_clip, "s"), Plan(gates=QUICK))
    target = tmp_path / "scores.csv"
    target.write_text("before")
    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(
        OutputError, match=r"scores.csv: cannot be written \(No space left on device\). Make room"
    ):
        write_scores(summary([found]), target)
    with pytest.raises(OutputError, match="No space left"), frame_writer(tmp_path / "frames.csv") as keep:
        keep(found)
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"] and target.read_text() == "before"
    assert OutputError("x").exit_code == 2


def test_a_session_whose_frames_cannot_be_kept_is_scored_and_says_so(
    smiling_clip: Path, tmp_path: Path, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(np, "savez_compressed", full)
    found = score_video(Session(smiling_clip, "s"), Plan(gates=QUICK, cache=tmp_path / "kept"))
    row = found.row()
    assert row["STATUS"] == "scored" and row["SMILE_RATE"] > 0
    assert "not kept" in row["REASON"] and "No space left on device" in row["REASON"]
    assert failures([found]) == [] and len(batch.unwritten_of([found])) == 1
    assert not list((tmp_path / "kept").iterdir())


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_frames_of_several_sessions_are_stacked(
    suffix: str, smiling_clip: Path, make, tmp_path: Path
) -> None:  # type: ignore[no-untyped-def]
    nobody = make.write_video(tmp_path / "nobody.mp4", [np.full((48, 64, 3), 50, np.uint8)] * 5)
    target = tmp_path / f"frames{suffix}"
    with frame_writer(target) as keep:
        for number, video in enumerate((nobody, smiling_clip, tmp_path / "gone.mp4")):
            keep(score_video(Session(video, str(number), "007", "WEEK4"), Plan(gates=QUICK)))
    table = (
        pd.read_parquet(target)
        if suffix == ".parquet"
        else pd.read_csv(target, dtype={"USUBJID": str, "SESSION": str})
    )
    assert list(table.columns[:4]) == ["USUBJID", "SESSION", "AVISIT", "VIDEO"]
    assert table.groupby("SESSION").size().to_dict() == {"0": 5, "1": 50}
    assert set(table["USUBJID"]) == {"007"} and table["EXPRESSION"][:5].isna().all()
    assert table["VALENCE"][5:].notna().all() and {"mouthSmileLeft", "YAW", "STATUS"} <= set(table.columns)


def test_frames_go_to_csv_or_parquet_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"found '.xlsx'"), frame_writer(tmp_path / "f.xlsx"):
        pass


def test_nothing_appears_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), complete(tmp_path / "deep" / "x.txt") as path:
        path.write_text("half")
        raise RuntimeError
    assert not list((tmp_path / "deep").iterdir())


def test_names_for_files_have_plain_letters() -> None:
    found = batch.Scored(Session(Path("v.mp4"), "sess/1 ä", "0 7", "Week 4"), "scored")
    assert found.name == "0_7-Week_4-sess_1_ä"
    assert batch.Scored(Session(Path("v.mp4"), "../.."), "scored").name == "session"
