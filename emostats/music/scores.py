"""Reads the scores of a session, frame by frame: valence, arousal, engagement.

Two forms of a CSV (or Parquet) table are read, one row a frame:

- scores: columns TIME (seconds), VALENCE and AROUSAL (−1 to 1), ENGAGEMENT (0 to 1, optional);
- frames, as ``emostats score --frames`` writes them: TIME, STATUS, MOVEMENT, YAW and blendshapes, from which
  the rules in `from_frames` make scores.

SESSION and USUBJID are optional; a file with several sessions needs the one to use named. Frames without a
score stay, as NaN: the filter lets its uncertainty grow over them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import Finding, FindingsError, Severity, UsageError, did_you_mean
from emostats.music.files import expecting

Array = NDArray[np.float64]

GAP_SECONDS = 60.0
"""A gap at least this long is reported."""
LIMITS = {"VALENCE": (-1.0, 1.0), "AROUSAL": (-1.0, 1.0), "ENGAGEMENT": (0.0, 1.0)}

SMILE = ("mouthSmileLeft", "mouthSmileRight")
FROWN = ("browDownLeft", "browDownRight")
FRAME_LIMITS = {**dict.fromkeys((*SMILE, *FROWN), (0.0, 1.0)), "MOVEMENT": (0.0, 1e6), "YAW": (-180.0, 180.0)}
MOVEMENT_MIDDLE = 0.15
"""Facial movement, in eye distances a second, that counts as arousal 0 by the rule of `from_frames`."""


@dataclass(frozen=True)
class Scores:
    """The scores of one session.

    time: (n,), seconds from the first frame, increasing. values: (n, 3) valence, arousal, engagement; NaN
    where a frame has none. session, child: as in the file, '' where it has none. findings: what to know.
    """

    time: Array
    values: Array
    session: str = ""
    child: str = ""
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.time)


def read_scores(path: str | Path, session: str | None = None) -> Scores:
    """The scores of a session.

    Parameters
    ----------
    session: which one, where the file holds several.

    Raises
    ------
    UsageError: no such file, no table; several sessions and none named; no such session; several children.
    FindingsError: a column is missing; a time is not a number, stands still or goes backwards; a score out
        of range.
    """
    path = Path(path)
    table = _one_session(_table(path), path.name, session)
    if table.empty:
        raise UsageError(f"{path.name} has no frame.")
    _check_child(path.name, table)
    is_frames = "VALENCE" not in table.columns and SMILE[0] in table.columns
    _check_columns(path.name, table, is_frames)
    time = _time(path.name, table)
    numbers = _numbers(path.name, table, FRAME_LIMITS if is_frames else LIMITS)
    values = from_frames(numbers.assign(STATUS=table["STATUS"])) if is_frames else numbers.to_numpy(float)
    return Scores(
        time - time[0],
        values,
        _only(table, "SESSION"),
        _only(table, "USUBJID"),
        tuple(_notes(path.name, time, values)),
    )


def _table(path: Path) -> pd.DataFrame:
    with expecting(path, "scores of a session (CSV or Parquet, one row a frame)"):
        table = _read(path)
    names = {name: name.strip() for name in table.columns}
    upper = {name: plain.upper() for name, plain in names.items()}
    known = {"TIME", "VALENCE", "AROUSAL", "ENGAGEMENT", "SESSION", "USUBJID", "STATUS", "MOVEMENT", "YAW"}
    return table.rename(
        columns={name: upper[name] if upper[name] in known else names[name] for name in names}
    )


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        sep = _delimiter(path)
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig", sep=sep)
    except ImportError:
        raise UsageError('Parquet needs pyarrow: pip install "emostats[parquet]", or give a CSV.') from None
    except (OSError, UnicodeDecodeError):
        raise
    except Exception as error:
        if path.stat().st_size == 0:
            raise UsageError(f"{path.name} is empty: expected columns TIME, VALENCE, AROUSAL.") from None
        raise UsageError(
            f"{path.name} cannot be read as a table of scores ({error}). Expected a CSV or Parquet file with "
            "columns TIME, VALENCE, AROUSAL, one row a frame."
        ) from None


def _delimiter(path: Path) -> str:
    """The most frequent of comma, semicolon and tab in the header."""
    with path.open(encoding="utf-8-sig") as stream:
        header = stream.readline()
    return max((",", ";", "\t"), key=header.count)


def _one_session(table: pd.DataFrame, name: str, session: str | None) -> pd.DataFrame:
    if "SESSION" not in table.columns:
        if session is not None:
            raise UsageError(f"{name} has no column SESSION, so no session '{session}' can be picked.")
        return table
    found = list(dict.fromkeys(table["SESSION"].astype(str)))
    if session is None and len(found) > 1:
        raise UsageError(
            f"{name} holds {len(found)} sessions ({', '.join(found[:5])}{' …' if len(found) > 5 else ''}); a "
            "filter follows one. Name it: --session."
        )
    if session is not None and session not in found:
        raise UsageError(f"{name} has no session '{session}'. {did_you_mean(session, found)}")
    return table if session is None else table[table["SESSION"].astype(str) == session]


def _check_child(name: str, table: pd.DataFrame) -> None:
    found = [] if "USUBJID" not in table.columns else list(dict.fromkeys(table["USUBJID"].astype(str)))
    if len(found) > 1:
        raise UsageError(
            f"{name} holds frames of {len(found)} children ({', '.join(found[:5])}) in one session; a filter "
            "follows one. Give each child's session its name in a column SESSION, or a file of its own."
        )


def _check_columns(name: str, table: pd.DataFrame, is_frames: bool) -> None:
    wanted = ("TIME", "STATUS", "MOVEMENT", *SMILE, *FROWN) if is_frames else ("TIME", "VALENCE", "AROUSAL")
    missing = [column for column in wanted if column not in table.columns]
    if missing:
        raise FindingsError(
            [
                Finding(
                    "column-missing",
                    f"The scores have no column '{column}'.",
                    did_you_mean(column, map(str, table.columns)),
                    file=name,
                    cell="row 1",
                )
                for column in missing
            ],
            f"{name} is no table of frame scores.",
        )


def _time(name: str, table: pd.DataFrame) -> Array:
    time = pd.to_numeric(table["TIME"], errors="coerce").to_numpy(float)
    findings = [
        Finding(
            "time-invalid",
            f"TIME '{table['TIME'].iloc[row]}' is no number of seconds.",
            file=name,
            cell=f"row {int(table.index[int(row)]) + 2}",
        )
        for row in np.flatnonzero(~np.isfinite(time))
    ]
    back = np.flatnonzero(np.diff(time) < 0) + 1
    if back.size > 2 and not findings:
        first = int(table.index[int(back[0])]) + 2
        what = f"TIME goes backwards {back.size} times, first in row {first}: two interleaved sessions?"
        todo = "Add a column SESSION and name the one to use, or give each session a file."
        interleaved = Finding("sessions-interleaved", what, todo, file=name)
        raise FindingsError([interleaved], f"{name} does not look like one session.")
    still = np.flatnonzero(np.diff(time) == 0) + 1
    if still.size and not findings:
        findings.append(_standing(name, table, time, still))
    findings += [
        Finding(
            "clock-backwards",
            f"TIME goes back from {time[row - 1]:g} s to {time[row]:g} s.",
            "Sort the frames, or correct the clock; no frame was dropped.",
            file=name,
            cell=f"row {int(table.index[int(row)]) + 2}",
        )
        for row in back
    ]
    if findings:
        raise FindingsError(findings, f"The times of {name} cannot be used.")
    return time


def _standing(name: str, table: pd.DataFrame, time: Array, still: NDArray[np.intp]) -> Finding:
    """Two frames at one time: the second could not be told from another session's."""
    first = int(table.index[int(still[0])]) + 2
    what = f"TIME stands still {still.size} times, first at {time[still[0]]:g} s: two sessions in one file?"
    todo = "Name the session in a column SESSION, or give the times with more decimals; no frame was dropped."
    return Finding("clock-stands", what, todo, file=name, cell=f"row {first}")


def _numbers(name: str, table: pd.DataFrame, limits: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """The columns named in `limits` as numbers, NaN where a cell is blank or the column is missing.

    Raises
    ------
    FindingsError: a cell is no number within its limits; all of them are listed.
    """
    numbers, findings = pd.DataFrame(index=table.index, columns=list(limits), dtype=float), []
    for column in [column for column in limits if column in table.columns]:
        low, high = limits[column]
        text = table[column].astype(str).str.strip()
        blank = table[column].isna() | text.str.casefold().isin(_MISSING)
        numbers[column] = pd.to_numeric(text.mask(blank), errors="coerce").astype(float)
        wrong = ~blank & ~((numbers[column] >= low) & (numbers[column] <= high))
        findings += [
            Finding(
                "score-invalid",
                f"{column} '{text.iloc[row]}' is no number in {low:g} to {high:g}.",
                "Correct it, or leave the cell blank for a frame without a score.",
                file=name,
                cell=f"row {int(table.index[int(row)]) + 2}",
            )
            for row in np.flatnonzero(wrong)
        ]
    if findings:
        raise FindingsError(findings, f"{name} has scores that cannot be used.")
    return numbers


_MISSING = ("", "na", "nan", "n/a", "null", "none", ".")


def from_frames(table: pd.DataFrame) -> Array:
    """Scores by rule from a table of frames, (n, 3); NaN where a frame's STATUS is not ``ok``.

    Valence: smile minus frown, the mean activation of mouthSmile less that of browDown (zygomaticus and
    corrugator, Larsen, Norris & Cacioppo 2003, Psychophysiology 40:776). Arousal: facial movement m as
    (m − c)/(m + c) with c = `MOVEMENT_MIDDLE`. Engagement: the face turned to the camera, cos²(yaw). The last
    two are conventions of emostats, not validated; a study with scores of its own should give these.
    """
    numbers = table.apply(pd.to_numeric, errors="coerce")
    usable = (table["STATUS"].astype(str) == "ok").to_numpy()
    smile = numbers[list(SMILE)].to_numpy(float).mean(axis=1)
    frown = numbers[list(FROWN)].to_numpy(float).mean(axis=1)
    moved = np.maximum(numbers["MOVEMENT"].to_numpy(float), 0.0)
    yaw = numbers["YAW"].to_numpy(float) if "YAW" in numbers else np.full(len(table), np.nan)
    return np.where(usable[:, None], by_rule(smile, frown, moved, yaw), np.nan)


def by_rule(smile: Array, frown: Array, movement: Array, yaw: Array) -> Array:
    """The rule of `from_frames`; activations in 0–1, eye distances a second, degrees."""
    arousal = (movement - MOVEMENT_MIDDLE) / (movement + MOVEMENT_MIDDLE)
    return np.stack([smile - frown, arousal, np.cos(np.radians(yaw)) ** 2], axis=-1)


def _only(table: pd.DataFrame, column: str) -> str:
    return str(table[column].iloc[0]) if column in table.columns else ""


def _notes(name: str, time: Array, values: Array) -> list[Finding]:
    notes = []
    for row in np.flatnonzero(np.diff(time) >= GAP_SECONDS):
        what = f"No frame from {time[row]:g} s to {time[row + 1]:g} s: the state is uncertain after that."
        notes.append(Finding("gap", what, severity=Severity.WARNING, file=name))
    scored = np.isfinite(values[:, :2]).all(axis=1)
    if not scored.any():
        text = "No frame has a score: the state stays unknown, and only matching music is chosen."
        notes.append(Finding("no-score", text, severity=Severity.WARNING, file=name))
    elif scored.mean() < 0.5:
        text = f"Only {scored.mean():.0%} of the frames have a score."
        notes.append(Finding("few-scores", text, severity=Severity.WARNING, file=name))
    return notes
