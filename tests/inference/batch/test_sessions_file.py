"""The list of sessions: what it may hold, and what is said about rows that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from emostats.errors import FindingsError, UsageError
from emostats.inference.sessions import Session, parse_box, read_sessions, read_stimuli, sessions_of


def write(folder: Path, text: str, name: str = "sessions.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_videos_alone_are_sessions_named_like_them() -> None:
    (found,) = sessions_of([Path("rec/007-2.mp4")])
    assert (found.session, found.child, found.choose, found.stimuli) == ("007-2", "", None, ())


def test_videos_of_one_name_are_told_apart() -> None:
    def names(*videos: str) -> list[str]:
        return [each.session for each in sessions_of([Path(video) for video in videos])]

    assert names("a/x.mp4", "b/y.mp4") == ["x", "y"] and names("a/x.mp4", "a/x.mov") == ["x.mp4", "x.mov"]
    assert names("a/x.mp4", "b/x.mp4") == [str(Path("a/x.mp4")), str(Path("b/x.mp4"))] and names() == []


def test_a_video_that_is_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"a/x.mp4 is named twice"):
        sessions_of([Path("a/x.mp4"), Path("y.mp4"), Path("a/x.mp4")])


@pytest.mark.parametrize("text", ["video,child\n", "video,child\n,\n\n ; \n"])
def test_a_list_without_a_session_is_refused(text: str, tmp_path: Path) -> None:
    """Else an empty table of scores would take the place of the one that is there."""
    with pytest.raises(UsageError, match="lists no session"):
        read_sessions(write(tmp_path, text))


def test_one_video_may_show_two_children(tmp_path: Path) -> None:
    path = write(tmp_path, "video,child,box\nx.mp4,1,0 0 9 9\nx.mp4,2,10 0 19 9\n")
    for videos in ((), (tmp_path / "x.mp4",), (Path("x.mp4"),)):
        assert [each.child for each in read_sessions(path, videos)] == ["1", "2"]


def test_every_column_is_read(tmp_path: Path) -> None:
    write(tmp_path, "time,label\n12.5,song\n3,start\n", "music.csv")
    text = (
        "video,child,session,visit,date,box,choose,stimuli\n"
        "a/x.mp4,007,s1,WEEK4,2025-03-01,10 20 110.5 220,,music.csv\n\n"
        "y.mp4,008,,,,,smallest,\n"
    )
    first, second = read_sessions(write(tmp_path, text))
    assert first == Session(
        tmp_path / "a/x.mp4", "s1", "007", "WEEK4", "2025-03-01", (10, 20, 110.5, 220), (3.0, 12.5)
    )
    assert second == Session(tmp_path / "y.mp4", "y", "008", choose="smallest")


@pytest.mark.parametrize(
    "text",
    ["\ufeffVIDEO,USUBJID,SESSION,AVISIT\nx.mp4,007,s,V\n", "video;child;session;visit\nx.mp4;007;s;V\n"],
)
def test_names_of_the_standard_byte_order_mark_and_semicolons(text: str, tmp_path: Path) -> None:
    (found,) = read_sessions(write(tmp_path, text))
    assert (found.child, found.session, found.visit) == ("007", "s", "V")


def test_only_the_videos_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "video,child\nx.mp4,1\ny.mp4,2\n")
    (found,) = read_sessions(path, [Path("elsewhere/y.mp4")])
    assert found.child == "2" and found.video == Path("elsewhere/y.mp4")
    with pytest.raises(FindingsError, match=r"expected a row for the video 'z.mp4'.*Did you mean '[xy].mp4'"):
        read_sessions(path, [Path("z.mp4")])


def test_all_faults_are_said_at_once_with_their_cells(tmp_path: Path) -> None:
    text = (
        "video,child,box,choose,stimuli\n"
        ",1,,,\n"
        "x.mp4,,,,\n"
        "y.mp4,2,5 5 1 9,,\n"
        "z.mp4,3,,largst,\n"
        "u.mp4,4,,,none.csv\n"
        "v.mp4,5,,,\nv.mp4,5,,,\n"
    )
    with pytest.raises(FindingsError) as caught:
        read_sessions(write(tmp_path, text))
    said = {(finding.rule, finding.cell) for finding in caught.value.findings}
    assert said == {
        ("video-not-usable", "A2"), ("child-not-usable", "B3"), ("box-not-usable", "C4"),
        ("choose-not-usable", "D5"), ("file-unreadable", ""), ("duplicate", ""),
    }  # fmt: skip
    assert "Did you mean 'largest'" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("film,child\n", "expected a column 'video'"),
        ("video,child,vist\n", "no column 'vist'. Did you mean 'visit'"),
        ("", "the columns are: none"),
    ],
)
def test_headings_that_are_wrong(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(FindingsError, match=said):
        read_sessions(write(tmp_path, text))


def test_files_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(FindingsError, match="expected a CSV file"):
        read_sessions(tmp_path / "no.csv")
    path = tmp_path / "latin.csv"
    path.write_bytes("video,child\nMüller.mp4,1\n".encode("latin-1"))
    with pytest.raises(FindingsError, match="UTF-8"):
        read_sessions(path)


@pytest.mark.parametrize("text", ["", "1 2 3", "1 2 3 x", "5 5 1 9", "1 9 5 9", "nan 1 2 3"])
def test_what_is_no_box(text: str) -> None:
    assert parse_box(text) is None


def test_boxes_may_be_written_with_commas() -> None:
    assert parse_box("1, 2, 3.5, 4") == parse_box("1;2;3.5;4") == (1, 2, 3.5, 4)


@pytest.mark.parametrize(
    ("text", "said"), [("t\n1\n", "column 'time'"), ("time\nsoon\n-1\n", "found 'soon'")]
)
def test_stimuli_that_are_no_times(text: str, said: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(FindingsError, match=said):
        read_stimuli(path)
    write(tmp_path, "time\n2\n1\n")
    assert read_stimuli(path) == (1.0, 2.0)
