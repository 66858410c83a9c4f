"""What the picture shows beside the points: invariances, known pictures, and the head that listens to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pictures

from emostats.errors import UsageError
from emostats.inference.appearance import CELLS, DIRECTIONS, N_APPEARANCE, SIDE, appearance, small_picture
from emostats.inference.evaluation.scorers import NetworkScorer
from emostats.inference.frames import FrameResult, FrameStatus
from emostats.inference.graph import face_graph
from emostats.inference.landmarks import FaceReader
from emostats.inference.network import LandmarkNet, NetworkConfig
from emostats.inference.smile_model import SmileHead
from emostats.inference.training import start_from
from emostats.inference.weights import load

EYE_CORNERS = {33: (140.0, 150.0), 133: (160.0, 150.0), 362: (240.0, 150.0), 263: (260.0, 150.0)}
"""Centres of the eyes at (150, 150) and (250, 150)."""


def _points() -> np.ndarray:
    points = np.zeros((478, 3), np.float32)
    for number, place in EYE_CORNERS.items():
        points[number, :2] = place
    return points


def _blocks(values: np.ndarray, cell: int) -> np.ndarray:
    """The numbers of one size of cell, (blocks, 4 cells, directions)."""
    sizes = [(SIDE // each - 1) ** 2 * 4 * DIRECTIONS for each in CELLS]
    first = sum(sizes[: CELLS.index(cell)])
    return values[first : first + sizes[CELLS.index(cell)]].reshape(-1, 4, DIRECTIONS)


def _turned(image: np.ndarray, points: np.ndarray, degrees: float, zoom: float) -> tuple[np.ndarray, ...]:
    """Picture and points turned about the middle of the picture and enlarged."""
    height, width = image.shape[:2]
    angle, middle = np.deg2rad(degrees), np.array([width / 2, height / 2])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    back = turn.T / zoom
    shift = middle - back @ middle
    matrix = (*back[0], shift[0], *back[1], shift[1])
    other = Pictures.fromarray(image).transform(
        (width, height), Pictures.Transform.AFFINE, matrix, Pictures.Resampling.BICUBIC
    )
    moved = points.copy()
    moved[:, :2] = (points[:, :2] - middle) @ (turn * zoom).T + middle
    return np.asarray(other), moved.astype(np.float32)


@pytest.fixture(scope="module")
def face(make: Any, reader: FaceReader) -> tuple[np.ndarray, np.ndarray]:
    image = make.picture("118_smiling")
    return image, reader.still(image).points


def test_a_picture_that_brightens_downwards_has_one_direction() -> None:
    rows = np.repeat(np.linspace(40, 200, 400)[:, None], 400, axis=1)
    values = appearance(np.repeat(rows[..., None], 3, axis=2).astype(np.uint8), _points())
    assert values.shape == (N_APPEARANCE,) and values.dtype == np.float32
    for cell in CELLS:
        inner = _blocks(values, cell)
        assert np.allclose(inner[..., DIRECTIONS // 4] ** 2, 0.25, atol=0.1)
        others = np.delete(inner, DIRECTIONS // 4, axis=-1)
        assert (others**2).sum(axis=(1, 2)).max() < 0.05


def test_a_picture_that_brightens_to_the_right_is_averaged_with_its_mirror_image() -> None:
    columns = np.repeat(np.linspace(40, 200, 400)[None], 400, axis=0)
    values = appearance(np.repeat(columns[..., None], 3, axis=2).astype(np.uint8), _points())
    inner = _blocks(values, 8)
    right, left = (inner[..., each] ** 2 for each in (0, DIRECTIONS // 2))
    assert np.allclose(right, left, atol=0.1)
    assert np.allclose((right + left).sum(axis=1), 1.0, atol=0.05)


def test_a_picture_without_edges_has_no_direction() -> None:
    assert not appearance(np.full((300, 400, 3), 90, np.uint8), _points()).any()


def test_the_small_picture_is_upright_with_the_eyes_in_place() -> None:
    image = np.zeros((400, 400, 3), np.uint8)
    image[145:156, 145:156] = image[145:156, 245:256] = 255
    small = small_picture(*_turned(image, _points(), 20.0, 1.2)).astype(float)
    assert small.shape == (SIDE, SIDE)
    rows, columns = np.nonzero(small > 128)
    assert rows.mean() + 0.5 == pytest.approx(24, abs=0.7)
    assert sorted({round(columns[columns < 48].mean() + 0.5), round(columns[columns > 48].mean() + 0.5)}) == [
        28,
        68,
    ]


def test_a_mirrored_face_looks_the_same(face: tuple[np.ndarray, np.ndarray]) -> None:
    image, points = face
    mirrored = points.copy()
    mirrored[[33, 133, 362, 263]] = points[[263, 362, 133, 33]]
    mirrored[:, 0] = image.shape[1] - mirrored[:, 0]
    other = appearance(np.ascontiguousarray(image[:, ::-1]), mirrored)
    np.testing.assert_allclose(other, appearance(image, points), atol=0.02)


@pytest.mark.parametrize("change", ["light", "place", "tilt"])
def test_light_place_and_tilt_matter_little(face: tuple[np.ndarray, np.ndarray], change: str) -> None:
    image, points = face
    values = appearance(image, points)
    if change == "light":
        other = appearance((image * 0.6).astype(np.uint8), points)
    elif change == "place":
        other = appearance(np.pad(image, ((30, 0), (50, 0), (0, 0))), points + np.float32([50, 30, 0]))
    else:
        other = appearance(*_turned(image, points, 15.0, 1.1))
    assert np.corrcoef(values, other)[0, 1] > {"light": 0.99, "place": 0.999, "tilt": 0.9}[change]


def test_points_beyond_the_picture_give_numbers() -> None:
    image = np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    for shift in (-2000.0, 2000.0):
        assert np.isfinite(appearance(image, _points() + np.float32(shift))).all()


def test_the_reader_describes_the_picture_when_asked(
    face: tuple[np.ndarray, np.ndarray], reader: FaceReader
) -> None:
    image, points = face
    assert reader.still(image).appearance is None
    found = FaceReader(blendshapes=False, appearance=True).still(image)
    np.testing.assert_array_equal(found.appearance, appearance(image, points))
    assert not found.appearance.flags.writeable


def _net(appearance: int = 5) -> LandmarkNet:
    torch.manual_seed(0)
    return LandmarkNet(face_graph(), {"expression": 2}, config=NetworkConfig(appearance=appearance)).eval()


def _filled(net: LandmarkNet) -> tuple[torch.Tensor, ...]:
    n = net.config.appearance
    parts = (torch.randn(n), torch.rand(n) + 0.5, torch.randn(2, n), torch.randn(2))
    net.appearance["expression"].fill(*parts)
    return parts


def test_the_head_adds_a_linear_model_and_a_new_one_nothing() -> None:
    net, points, mask = _net(), torch.randn(2, 3, 146, 3), torch.ones(2, 3, dtype=torch.bool)
    seen = torch.randn(2, 3, 5)
    alone = net(points, mask)["expression"]
    assert torch.equal(net(points, mask, seen)["expression"], alone)
    centre, spread, weight, bias = _filled(net)
    expected = alone + (seen - centre) / spread @ weight.T + bias
    torch.testing.assert_close(net(points, mask, seen)["expression"], expected)
    assert torch.equal(net(points, mask)["expression"], alone)


def test_what_is_seen_in_masked_frames_reaches_no_output() -> None:
    net, points = _net(), torch.randn(1, 3, 146, 3)
    _filled(net)
    mask = torch.tensor([[True, False, True]])
    seen = torch.randn(1, 3, 5)
    first = net(points, mask, seen)["expression"]
    seen[0, 1] = float("nan")
    assert torch.equal(net(points, mask, seen)["expression"], first)


def test_a_network_says_when_it_takes_no_appearance_or_another_one() -> None:
    points, mask = torch.randn(1, 2, 146, 3), torch.ones(1, 2, dtype=torch.bool)
    with pytest.raises(UsageError, match=r"appearance of shape \(1, 2, 0\).*0: none"):
        _net(0)(points, mask, torch.zeros(1, 2, 0))
    with pytest.raises(UsageError, match=r"\(1, 2, 5\).*found \(1, 2, 4\)"):
        _net()(points, mask, torch.zeros(1, 2, 4))


def test_a_network_with_appearance_starts_from_one_without() -> None:
    source, own = _net(0), _net()
    parts = _filled(own)
    with torch.no_grad():
        source.lift.bias.add_(1.0)
    start_from(own, source)
    assert torch.equal(own.lift.bias, source.lift.bias)
    assert torch.equal(own.appearance["expression"].linear.weight, parts[2])


def test_scores_of_frames_and_stills_hear_the_appearance(face: tuple[np.ndarray, np.ndarray]) -> None:
    image, points = face
    net = _net(N_APPEARANCE)
    bias = torch.tensor([0.0, 30.0])
    zeros = torch.zeros(N_APPEARANCE)
    weight = torch.zeros(2, N_APPEARANCE)
    net.appearance["expression"].fill(zeros, zeros + 1, weight, bias)
    head = SmileHead(net, ("neutral", "smiling"))
    assert head.takes_appearance
    head.add(FrameResult(0, 0.0, FrameStatus.OK, points=points, appearance=appearance(image, points)))
    head.add(FrameResult(1, 0.1, FrameStatus.NO_FACE))
    with pytest.raises(ValueError, match="appearance=True"):
        head.add(FrameResult(2, 0.2, FrameStatus.OK, points=points))
    found = head.finish()
    assert found[0] > 0.999 and np.isnan(found[1])
    _, shown = load("neutral-smile")
    assert NetworkScorer(net, shown)(image)[1] > 0.999
    net.appearance["expression"].fill(zeros, zeros + 1, weight, -bias)
    assert NetworkScorer(net, shown)(image)[1] < 0.001
