"""Detectors: anchors, decoding, merging, and which faces are found in the end."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emostats.errors import UsageError
from emostats.inference import faces
from emostats.inference.choice import pick
from emostats.inference.faces import FULL_RANGE, SHORT_RANGE, TILE, Face, FaceFinder

corner = st.floats(0, 100, allow_nan=False, width=32)
boxes = st.tuples(corner, corner, st.floats(1, 50, width=32), st.floats(1, 50, width=32)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


def face(x0: float, y0: float, x1: float, y1: float, score: float = 0.9) -> Face:
    return Face((x0, y0, x1, y1), np.zeros((6, 2), np.float32), score)


def test_anchors_are_those_of_the_published_detectors() -> None:
    short, full = faces.anchors(128, SHORT_RANGE.layers), faces.anchors(192, FULL_RANGE.layers)
    assert (len(short), len(full)) == (896, 2304)
    np.testing.assert_allclose(short[[0, 1, 2, 511, 512, 517, 518, 895]] * 128, [
        [4, 4], [4, 4], [12, 4], [124, 124], [8, 8], [8, 8], [24, 8], [120, 120],
    ])  # fmt: skip
    np.testing.assert_allclose(full[[0, 1, 48, -1]] * 192, [[2, 2], [6, 2], [2, 6], [190, 190]])


def test_boxes_are_decoded_relative_to_their_anchor() -> None:
    raw = np.zeros((2, 16), np.float32)
    raw[1, :6] = [3, -2, 20, 10, 1, 1]  # centre shifted, width and height, first point
    logits = np.array([-200.0, 200.0], np.float32)
    centres = np.array([[0.5, 0.5], [0.25, 0.75]], np.float32)
    box, points, scores = faces.decode(raw, logits, centres, 128, 0.5)
    np.testing.assert_allclose(box, [[25, 89, 45, 99]])
    np.testing.assert_allclose(points[0, 0], [33, 97])
    np.testing.assert_allclose(scores, [1.0])


def test_overlapping_boxes_become_their_mean_weighted_by_score() -> None:
    several = np.array([[0, 0, 10, 10], [2, 0, 12, 10], [50, 50, 60, 60]], np.float32)
    points = np.repeat(several[:, None, :2], 6, axis=1)
    found = faces.merge(several, points, np.array([0.6, 0.2, 0.9], np.float32))
    assert [each.score for each in found] == pytest.approx([0.9, 0.6])
    assert found[1].box == pytest.approx((0.5, 0, 10.5, 10))
    np.testing.assert_allclose(found[1].keypoints, [[0.5, 0]] * 6, atol=1e-6)


@given(boxes, boxes)
def test_overlap_is_symmetric_and_a_share(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    a, b = np.array(one, np.float32), np.array(other, np.float32)
    there, back = faces.overlap(a, b[None])[0], faces.overlap(b, a[None])[0]
    assert 0 <= there <= 1 + 1e-6 and there == pytest.approx(back, abs=1e-5)
    assert faces.overlap(a, a[None])[0] == pytest.approx(1, abs=1e-5)


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_tiles_cover_the_picture_and_overlap(height: int, width: int) -> None:
    found = list(faces.tiles(height, width))
    for length, starts in ((width, sorted({x for x, _ in found})), (height, sorted({y for _, y in found}))):
        assert starts[0] == 0 and starts[-1] + TILE >= length
        assert all(0 < after - before <= 0.75 * TILE + 1 for before, after in pairwise(starts))
        assert starts[-1] + TILE <= max(length, TILE)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


def test_a_large_face_is_found_once_by_every_stage(make, finder: FaceFinder) -> None:  # type: ignore[no-untyped-def]
    image = make.on_canvas(make.picture("002_neutral"), 300, (150, 40))
    for faces_found in (finder.quick(image), finder.both(image), finder.tiled(image)):
        assert len(faces_found) == 1
        x, y = faces_found[0].centre
        assert 270 < x < 330 and 160 < y < 240
        right, left = faces_found[0].keypoints[:2]
        assert right[0] < x < left[0]  # the child's right eye is on the left of the picture


def test_small_faces_need_the_later_stages(make, finder: FaceFinder) -> None:  # type: ignore[no-untyped-def]
    image = make.on_canvas(make.picture("002_neutral"), 140, (900, 300), size=(1280, 720))
    assert not finder.quick(image)
    assert [len(found) for found in finder.stages(image)] == [0, 1, 1]
    tiny = make.on_canvas(make.picture("002_neutral"), 75, (900, 300), size=(1280, 720))
    (found,) = finder.tiled(tiny)
    assert 920 < found.centre[0] < 955 and 315 < found.centre[1] < 350


def test_later_stages_are_not_computed_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, make, finder
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(finder, "tiled", lambda image: pytest.fail("not asked for"))
    stages = finder.stages(make.picture("002_neutral"))
    assert len(next(stages)) == 1


def test_nothing_is_found_where_there_is_nobody(finder: FaceFinder) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (360, 640, 3)).astype(np.uint8)
    for image in (noise, np.zeros((360, 640, 3), np.uint8), np.full((40, 40, 3), 200, np.uint8)):
        assert not any(finder.stages(image))


def test_two_faces_are_two(make, finder: FaceFinder) -> None:  # type: ignore[no-untyped-def]
    image = make.on_canvas(make.picture("002_neutral"), 300, (20, 40))
    image[100:260, 420:580] = make.scaled(make.picture("004_neutral"), 160, 160)
    assert len(finder.both(image)) == 2


@pytest.mark.parametrize(
    ("choose", "expected"),
    [
        ("largest", 0),
        ("smallest", 2),
        ("central", 1),
        ((55.0, 0.0, 100.0, 100.0), 2),
        ((0.0, 90.0, 5.0, 99.0), None),
    ],
)
def test_rules_pick_one_face(choose, expected: int | None) -> None:  # type: ignore[no-untyped-def]
    three = [face(0, 0, 30, 30), face(40, 40, 60, 62), face(80, 70, 90, 80)]
    picked = pick(three, choose, (100, 100, 3))
    assert picked is (None if expected is None else three[expected])


def test_no_faces_and_unknown_rules() -> None:
    assert pick([], "largest", (10, 10, 3)) is None
    with pytest.raises(UsageError, match=r"no rule 'bigest'.*'largest'"):
        pick([face(0, 0, 1, 1)], "bigest", (10, 10, 3))
