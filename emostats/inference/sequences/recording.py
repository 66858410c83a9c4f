"""A filmed sequence of facial points with a label for each frame, and the stretches of it without a gap."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError

MAX_GAP = 1.0
"""Seconds without a frame after which what follows is a new stretch."""


@dataclass(frozen=True, eq=False)
class Recording:
    """One person's points over time while an expression comes and goes.

    Attributes
    ----------
    subject: who is filmed. expression: what the labels are about.
    times: (n,) seconds, rising.
    points: (n, n_points, 2 or 3) float; NaN where there is no face.
    labels: (n,) 1 where the expression is present, 0 where not, -1 where nobody said.

    Raises
    ------
    UsageError: lengths that differ, times that fall, or no frame at all.
    """

    subject: str
    expression: str
    times: npt.NDArray[np.float64]
    points: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        lengths = {len(self.times), len(self.points), len(self.labels)}
        if lengths == {0} or len(lengths) > 1:
            raise UsageError(
                f"{self.name}: expected as many times, points and labels, at least one of each; found "
                f"{len(self.times)} times, {len(self.points)} rows of points and {len(self.labels)} labels."
            )
        back = np.flatnonzero(np.diff(self.times) < 0)
        if len(back):
            raise UsageError(
                f"{self.name}: times must rise from frame to frame; frame {back[0] + 2} is earlier than the "
                "one before."
            )

    @property
    def name(self) -> str:
        """Subject and expression, as the files are named."""
        return f"{self.subject}_{self.expression}"

    def stretches(self, max_gap: float = MAX_GAP) -> tuple[slice, ...]:
        """Runs of frames with no gap longer than `max_gap` seconds between neighbours, in order."""
        cuts = np.flatnonzero(np.diff(self.times) > max_gap) + 1
        edges = [0, *cuts.tolist(), len(self.times)]
        return tuple(slice(a, b) for a, b in pairwise(edges))

    def episodes(self) -> npt.NDArray[np.int64]:
        """(n,) number of the episode of each frame: one showing of the expression with its surroundings.

        Episodes are cut in the middle between the end of one run of ones and the start of the next. Frames of
        one episode depend on each other; episodes are the units of the limits.
        """
        on = np.flatnonzero(np.diff(np.concatenate([[0], (self.labels == 1).astype(int)])) == 1)
        off = np.flatnonzero(np.diff(np.concatenate([(self.labels == 1).astype(int), [0]])) == -1)
        cuts = (off[:-1] + 1 + on[1:]) // 2
        return np.searchsorted(cuts, np.arange(len(self.labels)), side="right").astype(np.int64)
