"""Points and blendshapes: against the vendor's runtime, and what any reading of a face must do."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from emostats.inference.crops import Crop, box_of, crop_of_face, crop_of_points, cut, to_picture
from emostats.inference.faces import Face
from emostats.inference.frames import BLENDSHAPES, LEFT_EYE_OUTER, RIGHT_EYE_OUTER, SUBSET, FrameStatus
from emostats.inference.landmarks import FaceReader, Limits
from emostats.inference.pose import FLATTENED, eye_distance, plane_angle, roll, yaw

REFERENCE = Path(__file__).resolve().parents[2] / "reference" / "face_landmarks" / "mediapipe.json"
VENDOR = json.loads(REFERENCE.read_text())


@pytest.mark.parametrize("name", sorted(VENDOR))
def test_points_and_blendshapes_are_those_of_the_vendors_runtime(name: str, make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    found = reader.still(make.picture(name.removesuffix(".jpg")))
    assert found.points is not None and found.blendshapes is not None
    points, shapes = np.array(VENDOR[name]["points"]), np.array(VENDOR[name]["blendshapes"])
    unit = np.linalg.norm(points[RIGHT_EYE_OUTER] - points[LEFT_EYE_OUTER])
    in_plane = np.linalg.norm((found.points - points)[:, :2], axis=1).mean() / unit
    in_space = np.linalg.norm(found.points - points, axis=1).mean() / unit
    assert in_plane < 0.0065 and in_space < 0.01
    assert np.abs(found.blendshapes - shapes).mean() < 0.02


def test_results_have_the_promised_form(make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    found = reader.still(make.picture("004_smiling"))
    assert found.status is FrameStatus.OK and found.usable and found.n_faces == 1
    assert found.points.shape == (478, 3) and found.points.dtype == np.float32
    assert found.blendshapes.shape == (52,) and found.blendshapes.dtype == np.float32
    assert ((found.blendshapes >= 0) & (found.blendshapes <= 1)).all()
    assert found.box == box_of(found.points) and 0.9 < found.confidence <= 1
    with pytest.raises(ValueError, match="read-only"):
        found.points[0] = 0
    assert len(BLENDSHAPES) == len(set(BLENDSHAPES)) == 52
    assert len(SUBSET) == 146 and (np.diff(SUBSET) > 0).all()


def _distance(a: np.ndarray, b: np.ndarray, unit: float) -> float:
    return float(np.linalg.norm((a - b)[:, :2], axis=1).mean()) / unit


@pytest.mark.parametrize("name", ["002_smiling", "103_neutral"])
def test_shift_and_scale_of_the_picture_carry_over_to_the_points(name: str, make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    image = make.picture(name)
    plain = reader.still(image)
    unit = eye_distance(plain.points)
    padded = np.pad(image, ((30, 50), (70, 10), (0, 0)), mode="edge")
    shifted = reader.still(padded)
    assert _distance(shifted.points - np.array([70, 30, 0]), plain.points, unit) < 0.01
    larger = reader.still(make.scaled(image, 800, 800))
    assert _distance(larger.points / 2, plain.points, unit) < 0.01
    assert eye_distance(larger.points) == pytest.approx(2 * unit, rel=0.01)


def test_a_mirrored_face_has_mirrored_points_and_blendshapes(make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    image = make.picture("118_smiling")
    plain, mirrored = reader.still(image), reader.still(np.ascontiguousarray(image[:, ::-1]))
    unit = eye_distance(plain.points)
    pairs = [(RIGHT_EYE_OUTER, LEFT_EYE_OUTER), (61, 291), (234, 454), (1, 1), (152, 152)]
    for one, other in pairs:
        x, y, _ = mirrored.points[other]
        assert math.dist((400 - x, y), plain.points[one][:2]) / unit < 0.04
    left, right = BLENDSHAPES.index("mouthSmileLeft"), BLENDSHAPES.index("mouthSmileRight")
    assert mirrored.blendshapes[left] == pytest.approx(plain.blendshapes[right], abs=0.15)
    assert yaw(mirrored.points) == pytest.approx(-yaw(plain.points), abs=3)


@pytest.mark.parametrize("angle", [-25, 25])
def test_a_turned_picture_has_turned_points_and_the_same_blendshapes(
    angle: int, make, reader: FaceReader
) -> None:  # type: ignore[no-untyped-def]
    image = make.picture("004_smiling")
    turned = np.asarray(
        Pictures.fromarray(image).rotate(angle, Pictures.Resampling.BICUBIC, fillcolor=(190, 195, 195))
    )
    plain, found = reader.still(image), reader.still(turned)
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    centred = plain.points[:, :2] - 200  # a positive angle turns against the clock
    expected = (
        np.stack([c * centred[:, 0] + s * centred[:, 1], -s * centred[:, 0] + c * centred[:, 1]], 1) + 200
    )
    assert (
        _distance(found.points, np.column_stack([expected, found.points[:, 2]]), eye_distance(plain.points))
        < 0.03
    )
    assert roll(found.points) - roll(plain.points) == pytest.approx(-angle, abs=2)
    assert np.abs(found.blendshapes - plain.blendshapes).mean() < 0.03


def test_the_smile_blendshapes_tell_smiling_from_neutral_stills(make) -> None:  # type: ignore[no-untyped-def]
    """Area under the curve of every third adult: 0.934 with the vendor's runtime (all: 0.944, ours 0.943)."""
    from sklearn.metrics import roc_auc_score

    reader = FaceReader()
    smiles = [BLENDSHAPES.index(name) for name in ("mouthSmileLeft", "mouthSmileRight")]
    with (make.stills / "labels.csv").open() as stream:
        every = list(csv.DictReader(stream))
    adults = sorted({row["subject"] for row in every})[::3]
    rows = [row for row in every if row["subject"] in adults]
    found = [reader.still(make.picture(row["file"].removesuffix(".jpg"))) for row in rows]
    assert {each.status for each in found} == {FrameStatus.OK}
    level = [float(each.blendshapes[smiles].sum()) for each in found]
    assert roc_auc_score([row["expression"] == "smiling" for row in rows], level) == pytest.approx(
        0.934, abs=0.006
    )


def test_a_face_that_cannot_be_judged_keeps_its_points_and_says_why(make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    small = reader.still(make.on_canvas(make.picture("002_neutral"), 80, (300, 100)))
    assert small.status is FrameStatus.TOO_SMALL and small.points is not None and not small.usable
    dark = reader.still((make.picture("002_neutral") * 0.05).astype(np.uint8))
    assert dark.status is FrameStatus.TOO_DARK and dark.points is not None
    nobody = reader.still(np.full((360, 640, 3), 128, np.uint8))
    assert (nobody.status, nobody.points, nobody.blendshapes, nobody.box) == (
        FrameStatus.NO_FACE,
        None,
        None,
        None,
    )
    assert nobody.n_faces == 0 and nobody.track == 0


def test_limits_and_sub_models_can_be_chosen(make) -> None:  # type: ignore[no-untyped-def]
    strict = FaceReader(limits=Limits(yaw=0.0), blendshapes=False)
    found = strict.still(make.picture("002_neutral"))
    assert found.status is FrameStatus.TURNED_AWAY and found.blendshapes is None


def test_yaw_is_the_turn_about_the_vertical(make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    points = np.array(reader.still(make.picture("118_neutral")).points, dtype=float)
    straight = plane_angle(points)
    assert yaw(points) == pytest.approx(straight / FLATTENED)
    for angle in (-60, -30, 20, 70):
        t = math.radians(angle)
        x, z = points[:, 0] - 200, points[:, 2]
        turned = np.stack(
            [x * math.cos(t) - z * math.sin(t), points[:, 1], x * math.sin(t) + z * math.cos(t)], 1
        )
        assert plane_angle(turned) == pytest.approx(straight + angle, abs=2)
        assert yaw(turned) == pytest.approx(np.clip((straight + angle) / FLATTENED, -90, 90), abs=3)
        assert eye_distance(turned) == pytest.approx(eye_distance(points), rel=1e-6)


def test_crops_lead_back_to_where_they_came_from() -> None:
    crop = Crop(120.5, 80.25, 60.0, 40.0, 0.3)
    back = to_picture(np.array([[128, 128, 0], [0, 128, 64]], np.float32), crop, 256)
    np.testing.assert_allclose(back[0], [120.5, 80.25, 0], atol=1e-4)
    np.testing.assert_allclose(
        back[1], [120.5 - 30 * math.cos(0.3), 80.25 - 30 * math.sin(0.3), 15], atol=1e-4
    )


def test_the_middle_of_a_crop_shows_the_middle_of_the_face() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[40:60, 90:110] = 255
    for angle in (0.0, 0.5, -1.2):
        picture = cut(image, Crop(100, 50, 80, 80, angle), 64)
        assert picture.shape == (64, 64, 3) and picture[32, 32].min() > 250 and picture[2, 2].max() == 0


def test_crops_repeat_the_edge_beyond_the_picture() -> None:
    image = np.full((50, 50, 3), 10, np.uint8)
    image[:, 0] = 200
    assert cut(image, Crop(-20, 25, 30, 30, 0.0), 32).min() == 200
    assert cut(image, Crop(70, 25, 30, 30, 0.0), 32).max() == 10


def test_crops_follow_face_and_points() -> None:
    keypoints = np.zeros((6, 2), np.float32)
    keypoints[1] = [10, 10]
    crop = crop_of_face(Face((10, 20, 30, 60), keypoints, 0.9))
    assert (crop.x, crop.y, crop.width, crop.height) == (20, 40, 30, 60) and crop.angle == pytest.approx(
        math.pi / 4
    )
    points = np.zeros((478, 3), np.float32)
    points[LEFT_EYE_OUTER] = [10, 0, 0]
    points[5] = [4, 20, 0]
    assert crop_of_points(points) == Crop(5, 10, 30, 30, 0.0)
