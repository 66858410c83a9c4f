"""`emostats score` on a disk that is full or read-only: what can be scored keeps its row, with the reason."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from emostats.cli.app import app
from emostats.inference import batch, outputs
from emostats.inference.batch import Scored


def score(*arguments: Any) -> Result:
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(app, ["score", *words, "--min-seconds", "1", "--fps", "5", "-q"])


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("pages", ["--timelines", "--previews"])
def test_pages_that_cannot_be_written_leave_the_scores(
    pages: str, smiling_clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file, where the folder should be")
    done = score(smiling_clip, "--out", tmp_path / "s.csv", pages, tmp_path / "taken")
    (row,) = pd.read_csv(tmp_path / "s.csv").to_dict("records")
    assert (row["STATUS"], row["SMILE_RATE"] > 0) == ("scored", True)
    assert "cannot be written" in row["REASON"]
    assert done.exit_code == 1 and done.output.count("cannot be written") == 1


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_frames_that_cannot_be_written_leave_the_scores(
    suffix: str, smiling_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Scored] = []
    kind = {".csv": outputs._Csv, ".parquet": outputs._Parquet}[suffix]
    monkeypatch.setattr(kind, "append", lambda sink, table: seen.append(table) or full())
    again = tmp_path / "again.mp4"
    again.write_bytes(smiling_clip.read_bytes())
    done = score(smiling_clip, again, "--out", tmp_path / "s.csv", "--frames", tmp_path / f"f{suffix}")
    assert len(pd.read_csv(tmp_path / "s.csv")) == 2 and len(seen) == 1
    assert done.exit_code == 1 and "No space left on device" in done.output
    assert not (tmp_path / f"f{suffix}").exists()


def test_a_place_that_cannot_be_written_is_said_before_a_video_is_read(
    smiling_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "read_frames", lambda *_: pytest.fail("a video was read"))
    (tmp_path / "taken").write_text("a file, where the folder should be")
    done = score(smiling_clip, "--out", tmp_path / "taken" / "s.csv")
    assert done.exit_code == 2 and "cannot be written" in done.output
