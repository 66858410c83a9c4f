"""Reads a video into its table of frames: the expensive step, done once for a video and kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import file_digest, sha256
from pathlib import Path

import pandas as pd

from emostats.inference import models, smile_model
from emostats.inference.choice import Choice
from emostats.inference.clip_model import ClipModel
from emostats.inference.frames import FrameResult
from emostats.inference.landmarks import FaceReader, Limits
from emostats.inference.scores.table import frame_table
from emostats.inference.video import read_video

VERSION = 2
"""Raised when the table of frames changes for the same video and models: kept tables are then read anew."""

Progress = Callable[[float], None]
"""Takes the seconds of video that have been read."""


@dataclass(frozen=True)
class Reading:
    """How a video is read: `fps` at most (None: every frame), whose face, which limits, which models.

    `smile_weights` is the SHA-256 of the weights of the neutral/smile head, "" without. `model` are weights
    that `emostats train` wrote (see `clip_model`), "" without, `model_sha256` their hash.
    """

    fps: float | None = None
    choose: Choice = "largest"
    limits: Limits = field(default_factory=Limits)
    smile_weights: str = ""
    model: str = ""
    model_sha256: str = ""

    def key(self, video_sha256: str) -> str:
        """Name under which the table is kept: the same only for the same video, models and settings."""
        settings = asdict(self)
        settings.pop("model")  # wherever the file stands, it is known by its hash
        what = {"version": VERSION, "video": video_sha256, "models": models.fingerprint(), **settings}
        return sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def read_frames(video: Path, reading: Reading, progress: Progress | None = None) -> pd.DataFrame:
    """The table of frames of a video, with the column SMILE_MODEL if there is a smile model, and a column for
    each class of `reading.model`.

    Raises
    ------
    VideoError: the video cannot be read to its end.
    """
    head = smile_model.SmileHead() if reading.smile_weights else None
    reader = _reader(reading.limits, head is not None and head.takes_appearance)
    results = reader.video(read_video(video, fps=reading.fps), choose=reading.choose)
    model = ClipModel(reading.model) if reading.model else None
    heads: list[smile_model.SmileHead | ClipModel] = [each for each in (head, model) if each is not None]
    table = frame_table(_watched(results, heads, progress))
    table = table if head is None else table.assign(SMILE_MODEL=head.finish())
    return table if model is None else table.assign(**model.finish())


def _watched(
    results: Iterator[FrameResult],
    heads: Sequence[smile_model.SmileHead | ClipModel],
    progress: Progress | None,
) -> Iterator[FrameResult]:
    for result in results:
        for head in heads:
            head.add(result)
        if progress is not None and result.index % 25 == 0:
            progress(result.time)
        yield result


@lru_cache(maxsize=1)
def _reader(limits: Limits, appearance: bool) -> FaceReader:
    """The models of this process, loaded once."""
    return FaceReader(limits=limits, appearance=appearance)


def video_sha256(video: Path) -> str:
    """SHA-256 of the file, in hexadecimal."""
    with video.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()
