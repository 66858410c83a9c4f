"""What scores a still: weights with their card, or the raw smile blendshapes, which need no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError, did_you_mean
from emostats.inference.cards import ModelCard
from emostats.inference.evaluation.stills import StillScorer
from emostats.inference.frames import BLENDSHAPES, Box, Floats, Image

SMILE = "neutral-smile"
"""The shipped weights that are evaluated when none are named."""
RULE = "rule"
HEAD = "expression"

_SMILES = (BLENDSHAPES.index("mouthSmileLeft"), BLENDSHAPES.index("mouthSmileRight"))


class CardedScorer(StillScorer, Protocol):
    """A scorer with its model card; None for a rule."""

    @property
    def card(self) -> ModelCard | None: ...


def scorer(model: str | None = None) -> CardedScorer:
    """A scorer by name: shipped weights (default `SMILE`), a ``.safetensors`` file with its card, or
    ``"rule"``.

    Raises
    ------
    UsageError: no such weights, weights without classes, or a package is missing. ModelFileError: the file
        is not that of its card.
    """
    from emostats.inference.weights import names

    wanted = model or SMILE
    if wanted == RULE:
        return SmileRule()
    if wanted in names():
        from emostats.inference.weights import load

        return NetworkScorer(*load(wanted))
    if Path(wanted).suffix == ".safetensors":
        from emostats.inference.weights.files import read

        return NetworkScorer(*read(wanted))
    raise UsageError(f"There are no weights '{wanted}'. {did_you_mean(wanted, (*names(), RULE))}")


class NetworkScorer:
    """A network over landmarks: the mean of ten looks at a still and its mirror image, their logits averaged.

    A network that takes appearance sees that of the still as it is.

    Parameters
    ----------
    net: with a head ``"expression"`` of as many outputs as `card` names classes.
    """

    def __init__(self, net: Any, card: ModelCard) -> None:
        if net.sizes.get(HEAD) != len(card.classes) or len(card.classes) < 2:
            raise UsageError(
                f"The weights '{card.name}' have no head '{HEAD}' for classes that their card names; heads: "
                f"{net.sizes}."
            )
        from emostats.inference.landmarks import FaceReader

        self._reader = FaceReader(blendshapes=False, appearance=bool(net.config.appearance))
        self._net, self.card = net, card
        self.name, self.classes = card.name, tuple(card.classes)

    def __call__(self, image: Image) -> npt.NDArray[np.float64] | None:
        """(K,) probabilities; None where fewer than half of the looks show a face."""
        from emostats.inference.graph.views import face_views, mirrored

        views = face_views(self._reader, image)
        seen = np.isfinite(views).all(axis=(1, 2))
        if 2 * seen.sum() < len(views):
            return None
        mean = views[seen].mean(axis=0)
        return self._probabilities(np.stack([mean, mirrored(mean)]), self._reader.still(image).appearance)

    def _probabilities(
        self, faces: npt.NDArray[np.float32], appearance: Floats | None
    ) -> npt.NDArray[np.float64]:
        import torch

        with torch.inference_mode():
            points = torch.from_numpy(faces.astype(np.float32))[:, None]
            shown = [torch.ones(points.shape[:2], dtype=torch.bool)]
            if appearance is not None:
                shown.append(torch.from_numpy(np.stack([appearance] * len(faces)))[:, None])
            logits = self._net(points, *shown)[HEAD]
        mean = logits[:, 0].numpy().astype(float).mean(axis=0)
        grown = np.exp(mean - mean.max())
        return np.asarray(grown / grown.sum())


class SmileRule:
    """The mean of the two smile blendshapes as the probability of a smile. A rule, trained on nothing."""

    name = "smile blendshapes, a rule"
    classes = ("neutral", "smiling")
    card = None

    def __init__(self) -> None:
        from emostats.inference.landmarks import FaceReader

        self._reader = FaceReader()

    def __call__(self, image: Image) -> npt.NDArray[np.float64] | None:
        """(2,) probabilities; None without a face."""
        found = self._reader.still(image).blendshapes
        if found is None:
            return None
        share = float(np.clip(np.mean([found[index] for index in _SMILES]), 0.0, 1.0))
        return np.array([1.0 - share, share])


def face_finder() -> Callable[[Image], Box | None]:
    """A function that gives the box of the largest face of a picture, or None."""
    from emostats.inference.landmarks import FaceReader

    reader = FaceReader(blendshapes=False)

    def find(image: Image) -> Box | None:
        return reader.still(image).box

    return find


def trained_on(card: ModelCard) -> frozenset[str]:
    """SHA-256 of the items that the card lists as training data."""
    return frozenset(item for data in card.data if "training" in data.use for item in data.sha256)


def seen_in_training(card: ModelCard, files: Iterable[Path]) -> int:
    """How many files were, byte for byte, in the training data that the card lists."""
    known = trained_on(card)
    return sum(sha256(path.read_bytes()).hexdigest() in known for path in files)
