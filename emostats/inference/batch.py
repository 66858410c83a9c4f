"""Scores many videos: several processes, kept tables, and one that fails stops no other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from emostats._version import __version__
from emostats.errors import EmostatsError
from emostats.inference import models
from emostats.inference.cache import FrameCache
from emostats.inference.choice import Choice
from emostats.inference.clip_model import PREFIX
from emostats.inference.errors import OutputError, VideoError
from emostats.inference.reading import Reading, read_frames, video_sha256
from emostats.inference.scores.session import QUALITY, SCORES, Gates, SessionScores, score_session
from emostats.inference.sessions import Session

IDS = ("USUBJID", "SESSION", "AVISIT", "DATE")
RECORD = ("STATUS", "REASON", "VIDEO", "VIDEO_SHA256", "MODELS_SHA256", "SMILE_SHA256", "EMOSTATS")
COLUMNS = (*IDS, *SCORES, *QUALITY, *RECORD)
"""Columns of the table of scores, one row a session."""


@dataclass(frozen=True)
class Plan:
    """How sessions are scored; `cache` is the folder where tables of frames are kept, or None."""

    reading: Reading = field(default_factory=Reading)
    gates: Gates = field(default_factory=Gates)
    own_neutral: bool = True
    cache: Path | None = None


@dataclass(frozen=True)
class Scored:
    """A session and what it gave.

    `status` is ``"scored"``, ``"too_little"`` (its quality is known, its scores are blank) or ``"failed"``
    (the video could not be read); `reason` says why in the last two. `frames` is the full table of frames;
    `kept` says that it was read before; `choose` is the rule or box that picked the face. `unwritten` says
    what of the session could not be written (its kept frames, a page), and why. `model_sha256` is the hash of
    the trained weights that scored it, "" without.
    """

    session: Session
    status: str
    reason: str = ""
    video_sha256: str = ""
    smile_sha256: str = ""
    result: SessionScores | None = None
    frames: pd.DataFrame | None = None
    kept: bool = False
    choose: Choice = "largest"
    unwritten: tuple[str, ...] = ()
    model_sha256: str = ""

    @property
    def name(self) -> str:
        """A name for files about this session: child, visit and session, with plain letters only."""
        session = self.session
        text = "-".join(part for part in (session.child, session.visit, session.session) if part)
        return re.sub(r"[^\w.-]+", "_", text).strip("._") or "session"

    def row(self) -> dict[str, object]:
        """The session's row of the table of scores, with `COLUMNS`."""
        session, result = self.session, self.result
        ids = (session.child, session.session, session.visit, session.date)
        numbers = {**result.quality, **result.scores} if result is not None else {}
        trained = {"MODEL_SHA256": self.model_sha256} if self.model_sha256 else {}
        return {
            **dict(zip(IDS, ids, strict=True)),
            **{name: numbers.get(name, float("nan")) for name in (*SCORES, *QUALITY)},
            "STATUS": self.status,
            "REASON": " ".join([self.reason, *self.unwritten]).strip(),
            "VIDEO": session.video.name,
            "VIDEO_SHA256": self.video_sha256,
            "MODELS_SHA256": models.fingerprint(),
            "SMILE_SHA256": self.smile_sha256,
            "EMOSTATS": __version__,
            **{name: value for name, value in numbers.items() if name.startswith(PREFIX)},
            **trained,
        }


def score_videos(sessions: Sequence[Session], plan: Plan | None = None, *, jobs: int = 1) -> Iterator[Scored]:
    """Scores each session, in order, as it is done.

    With `jobs` above 1, joblib spreads the sessions over so many processes; under
    ``joblib.parallel_config(backend="dask")`` over the machines of a cluster, which must see the same files.
    """
    plan = plan or Plan()
    if jobs == 1:
        yield from (score_video(session, plan) for session in sessions)
        return
    from joblib import Parallel, delayed

    parallel = Parallel(n_jobs=jobs, return_as="generator", batch_size=1, pre_dispatch="2*n_jobs")
    yield from parallel(delayed(score_video)(session, plan) for session in sessions)


def score_video(session: Session, plan: Plan, progress: Callable[[float], None] | None = None) -> Scored:
    """Scores one session. A video that cannot be read gives a row with the reason, not an error; frames that
    cannot be kept (disk full) are said in `Scored.unwritten`.

    Raises
    ------
    UsageError: a package of the extra is missing, or there are no such weights.
    """
    reading = plan.reading if session.choose is None else replace(plan.reading, choose=session.choose)
    blank = Scored(
        session,
        "failed",
        smile_sha256=reading.smile_weights,
        choose=reading.choose,
        model_sha256=reading.model_sha256,
    )
    try:
        digest = _digest(session.video)
        frames, kept, unwritten = _frames(session.video, digest, reading, plan, progress)
    except VideoError as error:
        return replace(blank, reason=str(error))
    except EmostatsError:
        raise
    except Exception as error:  # whatever a broken file brings about: the other videos are scored
        reason = f"{session.video}: reading failed unexpectedly ({type(error).__name__}: {error})."
        return replace(blank, reason=reason)
    result = score_session(frames, stimuli=session.stimuli, gates=plan.gates, own_neutral=plan.own_neutral)
    return replace(
        blank,
        status="too_little" if result.reason else "scored",
        reason=result.reason,
        video_sha256=digest,
        result=result,
        frames=frames,
        kept=kept,
        unwritten=unwritten,
    )


def _digest(video: Path) -> str:
    try:
        return video_sha256(video)
    except FileNotFoundError:
        raise VideoError(
            "file-missing", f"{video}: expected a video file, found none. Check the path."
        ) from None
    except OSError as error:
        raise VideoError("unreadable", f"{video}: the video cannot be read ({error.strerror}).") from None


def _frames(
    video: Path, digest: str, reading: Reading, plan: Plan, progress: Callable[[float], None] | None
) -> tuple[pd.DataFrame, bool, tuple[str, ...]]:
    """The table of frames, whether it was kept from before, and why it cannot be kept."""
    cache = FrameCache(plan.cache) if plan.cache is not None else None
    key = reading.key(digest)
    table = cache.get(key) if cache else None
    if table is not None:
        return table, True, ()
    table = read_frames(video, reading, progress)
    try:
        if cache:
            cache.put(key, table)
    except OutputError as error:
        return table, False, (f"Its frames are not kept for a second call: {error}",)
    return table, False, ()


def summary(scored: Sequence[Scored]) -> pd.DataFrame:
    """The table of scores, one row a session, with `COLUMNS` and those of trained weights, if any."""
    rows = [each.row() for each in scored]
    more = dict.fromkeys(name for row in rows for name in row if name not in COLUMNS)
    return pd.DataFrame(rows, columns=[*COLUMNS, *more])


def unwritten_of(scored: Sequence[Scored]) -> list[str]:
    """One line for each thing that could not be written about a session."""
    return [f"{each.session.video}: {what}" for each in scored for what in each.unwritten]


def failures(scored: Sequence[Scored]) -> list[str]:
    """One line for each session without scores."""
    return [
        each.reason if each.status == "failed" else f"{each.session.video}: {each.reason}."
        for each in scored
        if each.status != "scored"
    ]
