"""The frame of the face, the graph of 146 points, and the looks at a still."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from emostats.errors import UsageError
from emostats.inference.frames import SUBSET, FrameResult, FrameStatus
from emostats.inference.graph import face_graph, mean_face, normalise, own_reference, relative_to
from emostats.inference.graph.face import FILE, describe
from emostats.inference.graph.normalise import aligned
from emostats.inference.graph.views import face_views, looks, mirrored


def _mesh(seed: int = 0) -> np.ndarray[Any, Any]:
    points = np.random.default_rng(seed).normal(scale=30, size=(478, 3))
    points[[33, 133, 362, 263], 0] += [-90, -40, 40, 90]
    return points


@given(
    angle=st.floats(-np.pi, np.pi),
    size=st.floats(0.2, 5.0),
    shift=st.tuples(st.floats(-500, 500), st.floats(-500, 500), st.floats(-100, 100)),
)
@settings(max_examples=40, deadline=None)
def test_place_size_and_tilt_of_a_face_do_not_matter(
    angle: float, size: float, shift: tuple[float, float, float]
) -> None:
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    moved = size * _mesh() @ turn.T + shift
    assert normalise(moved) == pytest.approx(normalise(_mesh()), abs=2e-4)


def test_the_eyes_lie_half_a_unit_from_the_origin() -> None:
    faces = np.stack([_mesh(1), _mesh(2)])[None]
    found = normalise(faces)
    assert found.shape == (1, 2, 146, 3) and found.dtype == np.float32
    order = list(SUBSET)
    right = found[..., [order.index(33)], :] + found[..., [order.index(133)], :] if 133 in order else None
    left = found[..., [order.index(263)], :] + found[..., [order.index(362)], :]
    assert right is not None
    assert right[..., 0, :2] / 2 == pytest.approx(np.broadcast_to([-0.5, 0], (1, 2, 2)), abs=1e-5)
    assert left[..., 0, :2] / 2 == pytest.approx(np.broadcast_to([0.5, 0], (1, 2, 2)), abs=1e-5)


def test_frames_without_a_face_stay_without_one() -> None:
    faces = np.stack([_mesh(1), np.full((478, 3), np.nan)])
    found = normalise(faces)
    assert np.isfinite(found[0]).all() and np.isnan(found[1]).all()


def test_another_number_of_points_is_named() -> None:
    with pytest.raises(UsageError, match=r"\(…, 478, 3\), found \(468, 3\)"):
        normalise(np.zeros((468, 3)))


def test_the_graph_is_one_piece_and_its_own_mirror_image() -> None:
    graph = face_graph()
    assert (graph.n_points, len(graph.edges)) == (146, 399)
    edges = set(graph.edges)
    assert {tuple(sorted((graph.mirror[i], graph.mirror[j]))) for i, j in edges} == edges
    reached, fresh = {0}, {0}
    while fresh:
        fresh = {b for i, j in edges for a, b in ((i, j), (j, i)) if a in fresh} - reached
        reached |= fresh
    assert len(reached) == 146


def test_mirror_partners_are_the_known_ones() -> None:
    order, graph = list(SUBSET), face_graph()
    for right, left in ((33, 263), (61, 291), (105, 334), (159, 386), (468, 473), (10, 10), (152, 152)):
        assert graph.mirror[order.index(right)] == order.index(left)


def test_the_mean_face_is_in_its_own_frame_and_symmetric() -> None:
    mean = mean_face()
    assert mirrored(mean) == pytest.approx(mean, abs=2e-5)
    order = list(SUBSET)
    assert mean[[order.index(33), order.index(133)]].mean(axis=0)[:2] == pytest.approx([-0.5, 0], abs=0.01)
    mean[:] = 0
    assert mean_face().any()


def test_the_recipe_gives_the_stored_graph_from_its_mean() -> None:
    again = describe(mean_face()[None])
    assert tuple(map(tuple, again["edges"])) == face_graph().edges
    assert tuple(again["mirror"]) == face_graph().mirror
    assert FILE.stat().st_size < 20_000


def test_taking_out_the_own_face_leaves_the_movement() -> None:
    rng = np.random.default_rng(0)
    own, movement = rng.normal(size=(2, 146, 3)).astype(np.float32)
    mean = mean_face()
    assert relative_to(own + movement, own, mean) - mean == pytest.approx(movement, abs=1e-5)
    frames = np.stack([own, own, own + movement, np.full_like(own, np.nan)])
    assert own_reference(frames) == pytest.approx(own)
    with pytest.raises(UsageError, match="there is none"):
        own_reference(frames[3:])


class _Painted:
    """Finds three marked pixels of a picture and makes a mesh of them."""

    def still(self, image: np.ndarray[Any, Any]) -> FrameResult:
        if image.max() == 0:
            return FrameResult(0, 0.0, FrameStatus.NO_FACE)
        red, green, blue = (
            np.argwhere(image[..., c] > 100).mean(axis=0)[::-1]
            if (image[..., c] > 100).any()
            else np.zeros(2)
            for c in range(3)
        )
        right, left = sorted((red, green), key=lambda place: place[0])
        points = np.zeros((478, 3), np.float32)
        points[:, :2] = blue
        points[[33, 133], :2], points[[362, 263], :2] = right, left
        return FrameResult(0, 0.0, FrameStatus.OK, points=points)


def _marks() -> np.ndarray[Any, Any]:
    image = np.zeros((120, 120, 3), np.uint8)
    for channel, (x, y) in enumerate(((40, 50), (80, 50), (70, 90))):
        image[y - 2 : y + 3, x - 2 : x + 3, channel] = 255
    return image


def test_every_look_shows_the_same_face() -> None:
    image = _marks()
    views = face_views(_Painted(), image)
    assert views.shape == (10, 146, 3)
    nose = list(SUBSET).index(1)
    expected = [(70 - 60) / 40, (90 - 50) / 40]
    assert views[:, nose, :2] == pytest.approx(np.tile(expected, (10, 1)), abs=0.05)
    assert np.array_equal(image, _marks())
    assert len({picture.tobytes() for picture in looks(image)}) == 10


def test_a_look_without_a_face_is_nan() -> None:
    assert np.isnan(face_views(_Painted(), np.zeros((50, 50, 3), np.uint8))).all()


def test_alignment_of_points_in_another_layout() -> None:
    square = np.array([[0, 0, 0], [2, 0, 0], [1, 1, 4.0]])
    found = aligned(square, square[0], square[1])
    assert found == pytest.approx(np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.5, 2]]))


def test_the_stills_that_travel_are_readable() -> None:
    folder = Path(__file__).parents[3] / "analyses" / "faces_london" / "data"
    with Image.open(folder / "002_neutral.jpg") as picture:
        assert picture.size == (400, 400)
