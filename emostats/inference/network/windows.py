"""A long sequence through the network in overlapping windows, in flat memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from emostats.inference.network.landmark_net import LandmarkNet

WINDOW = 32
STRIDE = 8


def window_starts(n_frames: int, window: int = WINDOW, stride: int = STRIDE) -> list[int]:
    """Where the windows begin, so that each frame is in at least one; a short sequence has one window.

    The last window ends at the last frame, even where that is less than a stride from the one before.
    """
    last = max(n_frames - window, 0)
    starts = list(range(0, last + 1, stride))
    return starts if starts[-1] == last else [*starts, last]


def predict(
    net: LandmarkNet,
    points: NDArray[np.float32],
    mask: NDArray[np.bool_] | None = None,
    *,
    window: int = WINDOW,
    stride: int = STRIDE,
    batch: int = 16,
) -> dict[str, NDArray[np.float32]]:
    """Raw outputs of each head for each frame of one sequence, averaged over the windows that hold the frame.

    Parameters
    ----------
    points: (frames, n_points, channels).
    mask: (frames,), true where a frame has a face; by default all whose points are finite. The outputs of the
        other frames are NaN: they are never filled in.
    window, stride: frames.
    batch: windows that go through the network at once.

    Returns head → (frames, k), float32.
    """
    seen = np.asarray(np.isfinite(points).all(axis=(1, 2)) if mask is None else mask, dtype=bool)
    n_frames = len(points)
    sums = {name: np.zeros((n_frames, size)) for name, size in net.sizes.items()}
    count = np.zeros((n_frames, 1))
    was_training = net.training
    net.eval()
    with torch.inference_mode():
        for starts in _batches(window_starts(n_frames, window, stride) if n_frames else [], batch):
            index = [np.arange(start, min(start + window, n_frames)) for start in starts]
            chosen = torch.from_numpy(np.stack([points[rows] for rows in index]).astype(np.float32))
            outputs = net(chosen, torch.from_numpy(np.stack([seen[rows] for rows in index])))
            for place, rows in enumerate(index):
                count[rows] += 1
                for name, output in outputs.items():
                    sums[name][rows] += output[place].numpy()
    net.train(was_training)
    shown = np.where(seen[:, None], np.maximum(count, 1), np.nan)
    return {name: (total / shown).astype(np.float32) for name, total in sums.items()}


def _batches(items: list[int], size: int) -> Iterator[list[int]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
