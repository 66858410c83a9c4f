"""Which face is the child's: a rule, or a box that someone drew. Nobody is recognised."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from emostats.errors import UsageError, did_you_mean
from emostats.inference.faces import Face
from emostats.inference.frames import Box

Choice = str | Box
"""``"largest"``, ``"central"`` or ``"smallest"``, or a box (x0, y0, x1, y1) in pixels."""


def pick(faces: Sequence[Face], choose: Choice, shape: tuple[int, ...]) -> Face | None:
    """The chosen face, or None. `shape` is that of the picture (height, width, …).

    ``"largest"``: the largest box; ``"central"``: the centre nearest to the picture's; ``"smallest"``: the
    smallest box (a child beside an adult); a box: the largest face whose centre lies in it.

    Raises
    ------
    UsageError: the rule has another name.
    """
    if not isinstance(choose, str):
        faces, choose = [face for face in faces if _inside(face, choose)], "largest"
    if choose not in RULES:
        raise UsageError(f"There is no rule {choose!r} to choose a face. {did_you_mean(choose, RULES)}")
    key = RULES[choose]
    return min(faces, key=lambda face: key(face, shape), default=None)


def _inside(face: Face, box: Box) -> bool:
    x, y = face.centre
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _off_centre(face: Face, shape: tuple[int, ...]) -> float:
    x, y = face.centre
    return math.hypot(x - shape[1] / 2, y - shape[0] / 2)


RULES: dict[str, Callable[[Face, tuple[int, ...]], float]] = {
    "largest": lambda face, shape: -face.size,
    "central": _off_centre,
    "smallest": lambda face, shape: face.size,
}
