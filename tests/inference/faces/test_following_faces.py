"""Faces followed through a video: gaps, two people, boxes, and what is counted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from emostats.inference.frames import FrameStatus, VideoFrame
from emostats.inference.landmarks import FaceReader
from emostats.inference.search import Searcher


def frames(images, fps: float = 10.0) -> Iterator[VideoFrame]:  # type: ignore[no-untyped-def]
    return (VideoFrame(index, index / fps, image) for index, image in enumerate(images))


def two_people(make, sides: tuple[int, int]) -> np.ndarray:  # type: ignore[no-untyped-def]
    image = make.on_canvas(make.picture("118_neutral"), sides[0], (10, 0))
    image[0 : sides[1], 340 : 340 + sides[1]] = make.scaled(make.picture("004_neutral"), *2 * [sides[1]])[
        :360, :300
    ]
    return image


def test_a_face_is_followed_without_searching_again(make, reader: FaceReader, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    searches = []
    search = Searcher.search
    monkeypatch.setattr(Searcher, "search", lambda *a, **k: searches.append(1) or search(*a, **k))
    face = make.picture("118_neutral")
    moving = [make.on_canvas(face, 300, (100 + 4 * step, 20 + step)) for step in range(15)]
    found = list(reader.video(frames(moving)))
    assert [each.status for each in found] == [FrameStatus.OK] * 15
    assert len(searches) == 1 and {each.track for each in found} == {1}
    nose = np.array([each.points[1, 0] for each in found])
    np.testing.assert_allclose(np.diff(nose), 4, atol=1.5)
    assert [each.index for each in found] == list(range(15)) and found[3].time == 0.3


def test_a_lost_face_is_marked_and_found_again_as_a_new_track(make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    here = make.on_canvas(make.picture("118_neutral"), 300, (150, 20))
    empty = np.full_like(here, 190)
    found = list(reader.video(frames([here] * 3 + [empty] * 3 + [here] * 3)))
    assert [each.status.value for each in found] == ["ok"] * 3 + ["no_face"] * 3 + ["ok"] * 3
    assert [each.track for each in found] == [1] * 3 + [0] * 3 + [2] * 3
    assert [each.n_faces for each in found] == [1] * 3 + [0] * 3 + [1] * 3
    assert all(each.points is None and each.blendshapes is None for each in found[3:6])


def test_following_gives_the_points_of_a_still(make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    image = make.on_canvas(make.picture("004_smiling"), 300, (150, 20))
    still, *_, last = [reader.still(image), *reader.video(frames([image] * 5))]
    assert np.abs(last.points - still.points)[:, :2].mean() < 1.0
    assert np.abs(last.blendshapes - still.blendshapes).mean() < 0.03


@pytest.mark.parametrize(
    ("choose", "side"),
    [
        ("largest", "left"),
        ("smallest", "right"),
        ((340.0, 0.0, 640.0, 360.0), "right"),
        ((0.0, 0.0, 300.0, 360.0), "left"),
    ],
)
def test_of_two_faces_the_chosen_one_is_read(choose, side: str, make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    found = list(reader.video(frames([two_people(make, (320, 240))] * 3), choose=choose))
    centres = [(each.box[0] + each.box[2]) / 2 for each in found]
    assert all((x < 320) == (side == "left") for x in centres)
    assert found[0].n_faces >= 1 and reader.still(two_people(make, (320, 240)), choose="central").n_faces == 2


def test_nobody_in_the_box_means_no_face_but_counted(make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    image = two_people(make, (320, 240))
    (found,) = reader.video(frames([image]), choose=(600.0, 300.0, 640.0, 360.0))
    assert found.status is FrameStatus.NO_FACE and found.n_faces == 2


def test_another_face_must_win_twice_before_it_is_followed(make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    alone = make.on_canvas(make.picture("118_neutral"), 220, (10, 60))
    visitor = np.array(alone)
    visitor[0:360, 300:640] = make.scaled(make.picture("004_neutral"), 360, 360)[:, 10:350]
    images = [alone] * 5 + [visitor] * 25
    found = list(reader.video(frames(images, fps=10), choose="largest"))
    side = ["left" if each.box[2] < 320 else "right" for each in found]
    switch = side.index("right")
    assert 15 < switch <= 21 and set(side[switch:]) == {"right"}  # two counts, one second apart
    assert found[switch].track == found[0].track + 1
    assert found[switch].n_faces == 2


def test_a_short_visit_does_not_take_over(make, reader: FaceReader) -> None:  # type: ignore[no-untyped-def]
    alone = make.on_canvas(make.picture("118_neutral"), 220, (10, 60))
    visitor = np.array(alone)
    visitor[0:360, 300:640] = make.scaled(make.picture("004_neutral"), 360, 360)[:, 10:350]
    found = list(reader.video(frames([alone] * 8 + [visitor] * 5 + [alone] * 12)))
    assert {each.track for each in found} == {1} and all(each.box[2] < 320 for each in found)


def test_tiles_are_searched_once_a_second_at_most(
    reader: FaceReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emostats.inference.faces import FaceFinder

    calls = []
    monkeypatch.setattr(FaceFinder, "tiled", lambda self, image: calls.append(1) or [])
    empty = np.full((360, 640, 3), 190, np.uint8)
    assert len(list(reader.video(frames([empty] * 25, fps=10)))) == 25
    assert len(calls) == 3
