"""The turn of a head: heads turned in space by a known angle, drawn and read; cameras on their side."""

from __future__ import annotations

import math
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest

from emostats.inference.frames import FrameStatus
from emostats.inference.landmarks import FaceReader
from emostats.inference.pose import plane_angle, yaw

SCRIPT = Path(__file__).resolve().parents[3] / "docs" / "scripts" / "turned_heads.py"


@pytest.mark.parametrize(
    ("angle", "status"),
    [
        (-65, FrameStatus.TURNED_AWAY),
        (-30, FrameStatus.OK),
        (30, FrameStatus.OK),
        (65, FrameStatus.TURNED_AWAY),
    ],
)
def test_a_turned_head_is_read_as_turned_by_that_much(angle: int, status, make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    image = make.picture("104_smiling")
    points = np.array(reader.still(image).points)
    drawn = run_path(str(SCRIPT))["turned"](image, points, angle - plane_angle(points))
    found = reader.still(drawn)
    assert found.status is status
    assert yaw(found.points) == pytest.approx(angle, rel=0.25)


@pytest.mark.parametrize("degrees", [89, 91, 120, 180, -91, -170])
def test_a_camera_on_its_side_turns_nobody_away(degrees: int, make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    points = np.array(reader.still(make.picture("118_neutral")).points, dtype=float)
    t = math.radians(degrees)
    turn = np.array([[math.cos(t), math.sin(t), 0], [-math.sin(t), math.cos(t), 0], [0, 0, 1]])
    assert yaw(points @ turn) == pytest.approx(yaw(points), abs=1e-3)


def test_a_face_that_looks_away_from_the_camera_is_turned_by_ninety_degrees(make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    points = np.array(reader.still(make.picture("118_neutral")).points, dtype=float)
    t = math.radians(140)
    x, z = points[:, 0] - 200, points[:, 2]
    turned = np.stack([x * math.cos(t) - z * math.sin(t), points[:, 1], x * math.sin(t) + z * math.cos(t)], 1)
    assert yaw(turned) == 90.0
