"""The trained neutral/smile head over the landmark graph, where its weights and torch are installed.

It adds one score, SMILE_MODEL (mean probability of a smile); every other score is a rule and needs no torch.
The head was trained on posed smiles of adults; its model card travels with the weights.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.inference.frames import FrameResult

NAME, HEAD, SMILING = "neutral-smile", "expression", "smiling"
"""The shipped weights, their head, and the class whose probability is given."""
CHUNK = 64
"""Frames that go through the network at once."""


def weights_sha256() -> str:
    """SHA-256 of the weights, "" if there are none or torch is not installed."""
    from emostats.inference.weights import card, names

    if NAME not in names() or importlib.util.find_spec("torch") is None:
        return ""
    return str(card(NAME).weights.sha256)


class SmileHead:
    """Gives each usable frame its probability of a smile; holds at most `CHUNK` faces at a time.

    Raises
    ------
    UsageError: there are no such weights, or torch is missing. ModelFileError: the file was changed.
    """

    def __init__(self, net: Any = None, classes: tuple[str, ...] = ()) -> None:
        if net is None:
            from emostats.inference.weights import load

            net, card = load(NAME)
            classes = tuple(card.classes)
        self._net, self._class = net, classes.index(SMILING)
        self._waiting: list[tuple[int, NDArray[np.float32]]] = []
        self._values: list[float] = []

    def add(self, result: FrameResult) -> None:
        """Takes the next frame."""
        if result.usable and result.points is not None:
            self._waiting.append((len(self._values), result.points))
        self._values.append(float("nan"))
        if len(self._waiting) == CHUNK:
            self._run()

    def finish(self) -> NDArray[np.float64]:
        """Probability of each frame that was added; NaN where it is not usable."""
        self._run()
        return np.array(self._values, dtype=float)

    def _run(self) -> None:
        if not self._waiting:
            return
        from emostats.inference.graph import normalise

        places, points = zip(*self._waiting, strict=True)
        for place, value in zip(places, self._probabilities(normalise(np.stack(points))), strict=True):
            self._values[place] = float(value)
        self._waiting.clear()

    def _probabilities(self, faces: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of each face (n, 146, 3), as a sequence of one frame: the head was trained on stills."""
        import torch

        with _one_thread(torch), torch.inference_mode():
            points = torch.from_numpy(faces)[:, None]
            logits = self._net(points, torch.ones(points.shape[:2], dtype=torch.bool))[HEAD][:, 0]
            return np.asarray(torch.softmax(logits.double(), dim=-1)[:, self._class])


@contextmanager
def _one_thread(torch: Any) -> Iterator[None]:
    """One thread for a network so small; more of them wait for each other on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
