"""Made faces, the teacher, and that the encoder learns what the teacher says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emostats.inference.frames import BLENDSHAPES, SUBSET
from emostats.inference.graph import mean_face
from emostats.inference.graph.views import mirrored
from emostats.inference.network import NetworkConfig
from emostats.inference.pretrain import (
    SETTINGS,
    Teacher,
    Variety,
    distil,
    fidelity,
    made_faces,
    mirrored_order,
)
from emostats.inference.pretrain.distil import lessons

SMALL = NetworkConfig(
    graph_widths=(16, 16), width=24, temporal_layers=1, temporal_heads=2, temporal_hidden=24
)
STILL = Variety((0.0, 0.0, 0.0), 0.0, 0.0, 1.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    return Teacher()


def test_the_same_seed_makes_the_same_faces() -> None:
    faces = made_faces(20, 3)
    assert faces.shape == (20, 146, 3) and faces.dtype == np.float32 and np.isfinite(faces).all()
    assert np.array_equal(faces, made_faces(20, 3))
    assert not np.array_equal(faces, made_faces(20, 4))


def test_made_faces_lie_in_the_frame_of_the_face() -> None:
    faces, order = made_faces(50, 0), list(SUBSET)
    right = faces[:, [order.index(33), order.index(133)], :2].mean(axis=1)
    left = faces[:, [order.index(362), order.index(263)], :2].mean(axis=1)
    assert right == pytest.approx(np.tile([-0.5, 0.0], (50, 1)), abs=1e-5)
    assert left == pytest.approx(np.tile([0.5, 0.0], (50, 1)), abs=1e-5)


def test_made_faces_are_faces_and_differ(teacher: Teacher) -> None:
    faces = made_faces(300, 1)
    assert np.median(np.linalg.norm(faces - mean_face(), axis=-1)) < 0.3
    seen = teacher(faces)
    assert ((seen >= 0) & (seen <= 1)).all()
    moving = {name for name, spread in zip(BLENDSHAPES, seen.std(axis=0), strict=True) if spread > 0.05}
    assert {
        "jawOpen",
        "mouthSmileLeft",
        "eyeBlinkRight",
        "browInnerUp",
        "mouthPucker",
        "eyeLookInLeft",
    } <= moving


def test_the_teacher_knows_a_closed_eye_and_an_open_jaw(teacher: Teacher) -> None:
    order = list(SUBSET)
    face, closed, opened = (mean_face() for _ in range(3))
    for upper, lower in ((159, 145), (160, 144), (158, 153), (161, 163), (157, 154)):
        closed[order.index(upper)] = closed[order.index(lower)]
    lips = face[order.index(13), 1]
    below = face[:, 1] > lips + 0.005
    opened[below, 1] += 0.35
    opened[[order.index(point) for point in (14, 87, 317, 178, 402, 88, 318)], 1] += 0.3
    seen = dict(zip(("face", "closed", "opened"), teacher(np.stack([face, closed, opened])), strict=True))
    blink, jaw = BLENDSHAPES.index("eyeBlinkRight"), BLENDSHAPES.index("jawOpen")
    assert seen["closed"][blink] > seen["face"][blink] + 0.2
    assert seen["opened"][jaw] > seen["face"][jaw] + 0.2


def test_the_teachers_answer_does_not_depend_on_size(teacher: Teacher) -> None:
    faces = made_faces(5, 2)
    assert teacher(faces * 2) == pytest.approx(teacher(faces), abs=1e-3)
    assert teacher(faces[:0]).shape == (0, 52)


def test_left_and_right_change_places_in_a_mirror(teacher: Teacher) -> None:
    order = mirrored_order()
    assert [order[i] for i in order] == list(range(52))
    assert order[BLENDSHAPES.index("mouthLeft")] == BLENDSHAPES.index("mouthRight")
    assert order[BLENDSHAPES.index("jawOpen")] == BLENDSHAPES.index("jawOpen")
    faces = made_faces(200, 5)
    there, back = teacher(faces), teacher(mirrored(faces))[:, list(order)]
    blink = BLENDSHAPES.index("eyeBlinkLeft")
    assert np.corrcoef(there[:, blink], back[:, blink])[0, 1] > 0.95
    assert np.corrcoef(there[:, blink], back[:, order[blink]])[0, 1] < 0.95


def test_lessons_hold_the_teachers_answers(teacher: Teacher) -> None:
    examples = lessons(10, 7, frames=4, variety=STILL)
    assert examples.points.shape == (2, 4, 146, 3) and len(np.unique(examples.groups)) == 2
    expected = teacher(examples.points[1])
    assert examples.targets["blendshapes"][1] == pytest.approx(expected)


def test_distillation_makes_the_loss_smaller_and_repeats_itself() -> None:
    """What the full run reaches is tested on the shipped encoder."""
    config = replace(SETTINGS, epochs=3, learning_rate=1e-2, batch_size=8)
    result = distil(200, 0, config=config, network=SMALL)
    assert result.history[-1]["train_loss"] < 0.8 * result.history[0]["train_loss"]
    again = distil(200, 0, config=config, network=SMALL)
    assert result.history[-1]["train_loss"] == again.history[-1]["train_loss"]
    found = fidelity(result.net, made_faces(100, 11))
    assert found["n_faces"] == 100 and 0 < found["mean_absolute_error"] < 0.3
    assert found["n_blendshapes_correlated"] > 30
