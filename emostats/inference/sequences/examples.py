"""Training windows of recordings, each as another person might have shown it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError
from emostats.inference.sequences.recording import Recording
from emostats.inference.training import UNLABELLED, Examples, cut, joined

Channels = npt.NDArray[np.float32]
WINDOW = 32
"""Frames the network sees at once: about two seconds of Kinect film."""


@dataclass(frozen=True)
class Variation:
    """How far a copy of a window may differ from what was filmed.

    Attributes
    ----------
    amplitude: standard deviation of the logarithm of the factor on each channel: people move more or less.
    neutral: standard deviation of a shift of all points, each channel, in distances between the eyes: the
        median of a recording is not exactly the neutral face.
    point: the same for each point by itself.
    """

    amplitude: float = 0.3
    neutral: float = 0.03
    point: float = 0.015

    def of(self, points: Channels, rng: np.random.Generator) -> Channels:
        """A varied copy of windows (n, frames, points, channels): one draw a window, for all its frames."""
        n, _, n_points, n_channels = points.shape
        factor = np.exp(rng.normal(0.0, self.amplitude, (n, 1, 1, n_channels)))
        shift = rng.normal(0.0, self.neutral, (n, 1, 1, n_channels))
        own = rng.normal(0.0, self.point, (n, 1, n_points, n_channels))
        return np.asarray(points * factor + shift + own, dtype=np.float32)


def training_windows(
    recordings: Sequence[Recording],
    channels: Sequence[Channels],
    heads: Sequence[str],
    *,
    copies: int = 4,
    window: int = WINDOW,
    variation: Variation | None = None,
    seed: int = 0,
) -> Examples:
    """Windows of several recordings with one two-class head an expression.

    Parameters
    ----------
    recordings: labelled recordings. channels: what the network sees of each, (frames, n_points, channels).
    heads: expressions that are learned; a recording of another expression is an error. The labels of
        a recording go to the head of its expression; for the other heads its frames have no label.
    copies: passes over the recordings; each starts its windows at another frame and varies them anew.
    variation: see `Variation`; None: as filmed.
    seed: of the starts and the variation.

    Windows do not overlap within a copy and never cross a gap in time (`Recording.stretches`).

    Raises
    ------
    UsageError: nothing to learn from, or an expression that is not among the heads.
    """
    unknown = sorted({recording.expression for recording in recordings} - set(heads))
    if unknown or not recordings or copies < 1:
        raise UsageError(
            f"Expected at least one recording of {', '.join(heads)} and one copy; found recordings of "
            f"{', '.join(unknown) or 'nothing'} and {copies} copies."
        )
    rng = np.random.default_rng(seed)
    parts = []
    for _ in range(copies):
        for recording, seen in zip(recordings, channels, strict=True):
            for stretch in recording.stretches():
                first = stretch.start + int(rng.integers(0, window))
                rows = slice(first if stretch.stop - first >= window else stretch.start, stretch.stop)
                parts.append(_windows(recording, seen, rows, heads, window))
    examples = joined(parts)
    if variation is None:
        return examples
    varied = variation.of(examples.points, rng)
    return replace(examples, points=varied)


def _windows(
    recording: Recording, seen: Channels, rows: slice, heads: Sequence[str], window: int
) -> Examples:
    labels = recording.labels[rows]
    silent = np.full(len(labels), UNLABELLED)
    targets = {head: labels if head == recording.expression else silent for head in heads}
    return cut(seen[rows], targets, recording.subject, window=window, stride=window, dimensions=2)
