"""The frames of a session as a table, one row a frame, gathered while the video is read."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.inference.frames import BLENDSHAPES, FrameResult
from emostats.inference.pose import eye_distance, roll, yaw
from emostats.inference.scores.movement import Movement

NUMBERS = ("TIME", "CONFIDENCE", "X0", "Y0", "X1", "Y1", "EYES", "YAW", "ROLL", "MOVEMENT", *BLENDSHAPES)
COUNTS = ("FRAME", "N_FACES", "TRACK")
COLUMNS = ("FRAME", "TIME", "STATUS", "N_FACES", "TRACK", *NUMBERS[1:])
"""Frame, seconds, status, faces in the picture, track, score of the mesh model, box (pixels), distance of the
outer corners of the eyes (pixels), turn sideways and in the picture (degrees), movement (eye distances a
second), and the 52 blendshapes (0–1). No picture and no point of the face."""
LONGEST_FRAME = 1.0
"""Seconds for which one frame may stand: a picture that froze for longer is no evidence."""


def frame_table(results: Iterable[FrameResult]) -> pd.DataFrame:
    """The table with `COLUMNS`; a few hundred bytes a frame are kept."""
    movement = Movement()
    rows, statuses = [], []
    for result in results:
        rows.append(_numbers(result, movement(result)))
        statuses.append(result.status.value)
    values = np.array(rows, dtype=np.float64).reshape(len(rows), len(COUNTS) + len(NUMBERS))
    table = pd.DataFrame(values, columns=[*COUNTS, *NUMBERS])
    table = table.astype(dict.fromkeys(COUNTS, np.int64))
    table["STATUS"] = np.array(statuses, dtype=object)
    return table[list(COLUMNS)]


def _numbers(result: FrameResult, moved: float) -> NDArray[np.float32]:
    nothing = float("nan")
    points, box = result.points, result.box or (nothing,) * 4
    pose = (nothing,) * 3 if points is None else (eye_distance(points), yaw(points), roll(points))
    shapes = np.full(len(BLENDSHAPES), nothing) if result.blendshapes is None else result.blendshapes
    counts = (result.index, result.n_faces, result.track)
    return np.array([*counts, result.time, result.confidence, *box, *pose, moved, *shapes])


def durations(time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds for which each frame stands: until the next one; the last as long as is usual; at most one."""
    if time.size < 2:
        return np.full(time.size, 0.04)
    steps = np.diff(time)
    usual = float(np.median(steps))
    return np.asarray(np.clip(np.append(steps, usual), 0.0, LONGEST_FRAME))
