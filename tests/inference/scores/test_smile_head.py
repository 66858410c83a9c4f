"""The trained head in the scores: where its weights and torch are, and only there."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

from emostats.inference import weights
from emostats.inference.frames import FrameResult, FrameStatus
from emostats.inference.graph import face_graph, normalise
from emostats.inference.network import LandmarkNet
from emostats.inference.reading import Reading, read_frames
from emostats.inference.scores import Gates, score_session
from emostats.inference.smile_model import CHUNK, SmileHead, weights_sha256


@pytest.fixture(scope="module")
def net() -> LandmarkNet:
    torch.manual_seed(0)
    return LandmarkNet(face_graph(), {"expression": 2}).eval()


def test_each_usable_frame_has_the_probability_of_its_own_face(net: LandmarkNet) -> None:
    rng = np.random.default_rng(0)
    faces = rng.normal(200, 40, (CHUNK + 10, 478, 3)).astype(np.float32)
    status = [FrameStatus.NO_FACE if index % 7 == 3 else FrameStatus.OK for index in range(len(faces))]
    head = SmileHead(net, ("neutral", "smiling"))
    for index, (points, each) in enumerate(zip(faces, status, strict=True)):
        head.add(FrameResult(index, 0.0, each, points=points if each is FrameStatus.OK else None))
    found = head.finish()
    assert np.isnan(found).tolist() == [each is not FrameStatus.OK for each in status]
    with torch.inference_mode():
        points = torch.from_numpy(normalise(faces))[:, None]
        logits = net(points, torch.ones(points.shape[:2], dtype=torch.bool))["expression"][:, 0]
        expected = torch.softmax(logits, dim=-1)[:, 1].numpy()
    seen = ~np.isnan(found)
    np.testing.assert_allclose(found[seen], expected[seen], atol=1e-5)
    reverse = SmileHead(net, ("smiling", "neutral"))
    reverse.add(FrameResult(0, 0.0, FrameStatus.OK, points=faces[0]))
    assert reverse.finish()[0] == pytest.approx(1 - found[0], abs=1e-5)


def test_the_number_of_threads_is_left_as_it_was(net: LandmarkNet) -> None:
    before = torch.get_num_threads()
    head = SmileHead(net, ("neutral", "smiling"))
    head.add(FrameResult(0, 0.0, FrameStatus.OK, points=np.ones((478, 3), np.float32).cumsum(0)))
    head.finish()
    assert torch.get_num_threads() == before


def test_without_torch_or_weights_there_is_no_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert weights_sha256() == ""
    monkeypatch.undo()
    monkeypatch.setattr(weights, "names", lambda: ())
    assert weights_sha256() == ""


def test_the_shipped_head_sees_the_smile_of_a_clip(smiling_clip: Path) -> None:
    digest = weights_sha256()
    assert len(digest) == 64 and Reading(smile_weights=digest).key("v") != Reading().key("v")
    table = read_frames(smiling_clip, Reading(smile_weights=digest, fps=12))
    level = table["SMILE_MODEL"].to_numpy()
    assert level[:3].max() < 0.3 and level[len(level) // 2] > 0.7
    scores = score_session(table, gates=Gates(seconds=1)).scores
    assert scores["SMILE_MODEL"] == pytest.approx(level.mean(), abs=0.05)
