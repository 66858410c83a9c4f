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

from emostats.inference.frames import Floats, FrameResult

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

    Where `takes_appearance` is true, the frames must have it (``FaceReader(appearance=True)``).

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
        self.takes_appearance = bool(net.config.appearance)
        self._waiting: list[tuple[int, tuple[Floats, ...]]] = []
        self._values: list[float] = []

    def add(self, result: FrameResult) -> None:
        """Takes the next frame."""
        if result.usable and result.points is not None:
            self._waiting.append((len(self._values), (result.points, *self._seen(result))))
        self._values.append(float("nan"))
        if len(self._waiting) == CHUNK:
            self._run()

    def _seen(self, result: FrameResult) -> tuple[Floats, ...]:
        if not self.takes_appearance:
            return ()
        if result.appearance is None:
            raise ValueError("this head takes the appearance of faces; read them with appearance=True")
        return (result.appearance,)

    def finish(self) -> NDArray[np.float64]:
        """Probability of each frame that was added; NaN where it is not usable."""
        self._run()
        return np.array(self._values, dtype=float)

    def _run(self) -> None:
        if not self._waiting:
            return
        places, faces = zip(*self._waiting, strict=True)
        points, *seen = (np.stack(each) for each in zip(*faces, strict=True))
        for place, value in zip(places, self._probabilities(points, *seen), strict=True):
            self._values[place] = float(value)
        self._waiting.clear()

    def _probabilities(self, points: Floats, *seen: Floats) -> NDArray[np.float64]:
        """Of each face (n, 478, 3) and its appearance, as a sequence of one frame: the head was trained on
        stills."""
        import torch

        from emostats.inference.graph import normalise

        with _one_thread(torch), torch.inference_mode():
            faces = torch.from_numpy(normalise(points))[:, None]
            shown = torch.ones(faces.shape[:2], dtype=torch.bool)
            more = [torch.from_numpy(each)[:, None] for each in seen]
            logits = self._net(faces, shown, *more)[HEAD][:, 0]
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
