"""emostats score and emostats demo --video, as they are called."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from emostats.cli.app import app

STILLS = Path(__file__).resolve().parents[2] / "analyses" / "faces_london" / "data"
runner = CliRunner()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of one adult, first neutral, then smiling."""
    from PIL import Image

    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    faces = [
        np.asarray(Image.open(STILLS / f"118_{name}.jpg").convert("RGB").resize((320, 320)))
        for name in ("neutral", "smiling")
    ]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 320
        stream.pix_fmt = "yuv420p"
        for index in range(20):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(faces[index >= 10], format="rgb24")))
        container.mux(stream.encode())
    return path


def test_scores_frames_timelines_and_previews_are_written(clip: Path, tmp_path: Path) -> None:
    sessions = tmp_path / "sessions.csv"
    sessions.write_text(f"video,child,session,visit\n{clip},007,1,BASELINE\n")
    out = tmp_path / "out" / "scores.csv"
    arguments = [
        "score", "--sessions", str(sessions), "--out", str(out), "--frames", str(out.with_name("frames.csv")),
        "--timelines", str(out.parent), "--previews", str(out.parent), "--min-seconds", "1",
    ]  # fmt: skip
    done = runner.invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(out) and "1 session, 1 scored" in done.stderr
    (row,) = pd.read_csv(out, dtype={"USUBJID": str}).to_dict("records")
    assert (row["USUBJID"], row["AVISIT"], row["STATUS"]) == ("007", "BASELINE", "scored")
    assert row["HAPPINESS"] == pytest.approx(0.5, abs=0.1)
    names = {path.name for path in out.parent.iterdir()}
    assert names == {
        "scores.csv", "frames.csv", "007-BASELINE-1.html", "007-BASELINE-1.mp4", ".scores-frames"
    }  # fmt: skip
    assert "1 session (1 read before)" in runner.invoke(app, arguments).stderr


def test_no_picture_is_written_unless_asked_for(clip: Path, tmp_path: Path) -> None:
    done = runner.invoke(
        app, ["score", str(clip), "--out", str(tmp_path / "s.csv"), "--min-seconds", "1", "-q"]
    )
    assert done.exit_code == 0 and done.stderr.count("\n") == 1
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".csv", ".npz"}


def test_a_session_that_fails_gives_exit_code_1_and_keeps_its_row(clip: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"")
    arguments = [
        "score",
        str(broken),
        str(clip),
        "--out",
        str(tmp_path / "s.csv"),
        "--min-seconds",
        "1",
        "--json",
    ]
    done = runner.invoke(app, arguments)
    assert done.exit_code == 1 and "an empty file" in done.stderr
    rows = json.loads(done.stdout)["sessions"]
    assert [row["STATUS"] for row in rows] == ["failed", "scored"] and rows[0]["VALENCE"] is None
    assert len(pd.read_csv(tmp_path / "s.csv")) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "Expected videos to score"),
        (["x.mp4", "--choose", "bigest"], 2, "no rule 'bigest' to choose a face"),
        (["x.mp4", "--frames", "f.xlsx"], 2, "a .csv or .parquet file"),
        (["--sessions", "none.csv"], 1, "expected a CSV file"),
        (["x.mp4", "--out", "deep/s.csv"], 1, "expected a video file, found none"),
    ],
)  # fmt: skip
def test_calls_that_cannot_work(
    arguments: list[str], code: int, said: str, tmp_path: Path, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    done = runner.invoke(app, ["score", *arguments])
    assert done.exit_code == code and said in done.stderr, done.output


def test_a_missing_extra_is_said_once_with_what_to_do(clip: Path, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    def absent(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'")

    monkeypatch.setattr("emostats.inference.errors.import_module", absent)
    done = runner.invoke(app, ["score", str(clip), str(clip), "--out", str(tmp_path / "s.csv")])
    assert done.exit_code == 2
    assert done.stderr.count('pip install "emostats[inference]"') == 1 and not list(tmp_path.iterdir())


def test_the_demo_scores_its_clip_and_writes_a_timeline(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    preview = "emostats.inference.preview.write_preview"  # has tests of its own, and reads the clip once more
    monkeypatch.setattr(preview, lambda scored, path: path.write_bytes(b"video"))
    done = runner.invoke(app, ["demo", "--video", "--output", str(tmp_path), "-q"])
    assert done.exit_code == 0 and done.stdout.strip() == str(tmp_path / "timeline.html")
    assert "no child is shown" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {
        "timeline.html",
        "scores.csv",
        "frames.csv",
        "preview.mp4",
    }
    (row,) = pd.read_csv(tmp_path / "scores.csv").to_dict("records")
    assert row["STATUS"] == "scored" and row["RESPONSES"] == 1
    page = (tmp_path / "timeline.html").read_text()
    assert "made from stills of adults" in page and "Face Research Lab London Set" in page


def test_plain_commands_load_nothing_of_the_extra() -> None:
    code = (
        "import sys, emostats.cli.app\n"
        "heavy = {'av', 'torch', 'ai_edge_litert', 'PIL', 'pandas', 'emostats.inference.batch'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
