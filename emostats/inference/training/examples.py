"""What is learned from: windows of landmark frames with their targets and the subject each comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError

UNLABELLED = -1


@dataclass(frozen=True)
class Examples:
    """Windows of equal length, ready for the network.

    Attributes
    ----------
    points: (n, frames, n_points, channels) float32, in the frame of the face; NaN where there is no face.
    targets: head → per-frame targets. Integers (n, frames) are classes from 0, -1 where a frame has no label;
        floats (n, frames, k) are shares (for a ``"binary"`` loss) or values (for ``"squared"``), NaN: no
        label.
    groups: (n,) the subject of each window. Subjects never stand on two sides of a split.
    mask: (n, frames) true where a frame has a face; made from `points` when it is left out.
    dimensions: 3 or 2: the channels are one or more vectors (x, y, z) or (x, y). Mirroring and turning must
        know.

    A still is a window of one frame. Arrays are taken as they are, not copied, and never written to.

    Raises
    ------
    UsageError: lengths that do not agree, channels that are no whole vectors, or nothing at all.
    """

    points: NDArray[np.float32]
    targets: Mapping[str, NDArray[Any]]
    groups: NDArray[Any]
    mask: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    dimensions: int = 3

    def __post_init__(self) -> None:
        points = np.asarray(self.points, dtype=np.float32)
        if points.ndim != 4 or not points.size:
            raise UsageError(
                "Examples need points of shape (windows, frames, points, channels) with at least one window; "
                f"found {points.shape}."
            )
        if self.dimensions not in (2, 3) or points.shape[-1] % self.dimensions:
            raise UsageError(
                f"{points.shape[-1]} channels a point are no whole vectors of {self.dimensions} coordinates; "
                "expected dimensions=2 for (x, y) or 3 for (x, y, z)."
            )
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "groups", np.asarray(self.groups))
        seen = np.isfinite(points).all(axis=(2, 3))
        object.__setattr__(self, "mask", seen & self.mask if self.mask.size else seen)
        lengths = {name: np.shape(target)[:2] for name, target in self.targets.items()}
        wrong = {name: shape for name, shape in lengths.items() if shape != points.shape[:2]}
        if wrong or len(self.groups) != len(points):
            raise UsageError(
                f"{len(points)} windows of {points.shape[1]} frames need targets of that shape "
                f"and one subject a window; found {wrong or len(self.groups)}."
            )

    def __len__(self) -> int:
        return len(self.points)

    def subset(self, rows: NDArray[Any] | Sequence[int]) -> Examples:
        """The windows `rows` (numbers or a boolean selection)."""
        chosen = np.asarray(rows)
        targets = {name: np.asarray(target)[chosen] for name, target in self.targets.items()}
        return replace(
            self,
            points=self.points[chosen],
            targets=targets,
            groups=self.groups[chosen],
            mask=self.mask[chosen],
        )

    def split(self, share: float, seed: int) -> tuple[Examples, Examples]:
        """Two parts by subject, the second with about `share` of the subjects, at least one on either side.

        Raises
        ------
        UsageError: fewer than two subjects.
        """
        subjects = np.unique(self.groups)
        if len(subjects) < 2:
            raise UsageError("A split by subject needs two subjects or more; all windows are of one.")
        held = min(max(round(share * len(subjects)), 1), len(subjects) - 1)
        out = np.isin(self.groups, np.random.default_rng(seed).permutation(subjects)[:held])
        return self.subset(~out), self.subset(out)


def one_label_a_window(labels: NDArray[Any] | Sequence[int], n_frames: int) -> NDArray[np.int64]:
    """Labels of whole windows, (n,), as per-frame targets, (n, n_frames)."""
    return np.repeat(np.asarray(labels, dtype=np.int64)[:, None], n_frames, axis=1)


def cut(
    sequence: NDArray[np.float32],
    frame_targets: Mapping[str, NDArray[Any]],
    subject: str,
    *,
    window: int = 32,
    stride: int = 8,
    dimensions: int = 3,
) -> Examples:
    """Windows of one long sequence, (frames, n_points, channels), with its per-frame targets, for training.

    The last window ends at the last frame. A sequence shorter than a window is filled up with frames
    without a face, which count for nothing.
    """
    from emostats.inference.network.windows import window_starts

    n_frames = len(sequence)
    index = np.array([np.arange(start, start + window) for start in window_starts(n_frames, window, stride)])
    real = index < n_frames
    index = np.minimum(index, n_frames - 1)
    targets = {name: np.asarray(target)[index] for name, target in frame_targets.items()}
    return Examples(np.asarray(sequence)[index], targets, np.full(len(index), subject), real, dimensions)


def joined(parts: Sequence[Examples]) -> Examples:
    """Several sets of windows as one; their heads, frames, points and dimensions must agree."""
    if not parts:
        raise UsageError("There are no examples to join.")
    heads = parts[0].targets.keys()
    return Examples(
        np.concatenate([part.points for part in parts]),
        {name: np.concatenate([part.targets[name] for part in parts]) for name in heads},
        np.concatenate([part.groups for part in parts]),
        np.concatenate([part.mask for part in parts]),
        parts[0].dimensions,
    )
