"""Scores of a recording: the log-odds that the expression is present, for each frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from emostats.inference.network import STRIDE, LandmarkNet, predict
from emostats.inference.sequences.examples import WINDOW
from emostats.inference.sequences.recording import Recording

SMOOTHING = 5
"""Frames over which scores are averaged, about 0.3 s: expressions last longer than that."""


def frame_scores(
    nets: Sequence[LandmarkNet],
    recording: Recording,
    channels: npt.NDArray[np.float32],
    head: str,
    *,
    window: int = WINDOW,
    stride: int = STRIDE,
    smoothing: int = SMOOTHING,
) -> npt.NDArray[np.float64]:
    """Log-odds a frame of the two-class head `head`, shape (frames,), averaged over overlapping windows, over
    networks and then over `smoothing` frames; NaN in frames without a face. Nothing crosses a gap in time.
    """
    scores = np.full(len(channels), np.nan)
    for stretch in recording.stretches():
        outputs = [predict(net, channels[stretch], window=window, stride=stride)[head] for net in nets]
        mean = np.stack(outputs).astype(np.float64).mean(axis=0)
        scores[stretch] = smooth(mean[:, 1] - mean[:, 0], smoothing)
    return scores


def smooth(values: npt.NDArray[np.float64], frames: int) -> npt.NDArray[np.float64]:
    """Centred moving average over `frames` (odd) values, fewer at the ends; NaN is left out and stays."""
    known = np.isfinite(values)
    kernel = np.ones(max(frames, 1))
    total = _centred(np.where(known, values, 0.0), kernel)
    count = _centred(known.astype(float), kernel)
    return np.where(known, total / np.maximum(count, 1.0), np.nan)


def _centred(values: npt.NDArray[np.float64], kernel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    half = len(kernel) // 2
    return np.convolve(np.pad(values, half), kernel, mode="valid")
