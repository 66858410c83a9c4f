"""The models that are compared: each takes training rows and says the log-odds of a smile for test rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from folds import Rows
from numpy.typing import NDArray
from stills import Stills

from emostats.inference.frames import BLENDSHAPES
from emostats.inference.graph import face_graph
from emostats.inference.network import LandmarkNet
from emostats.inference.training import (
    Augmentation,
    Examples,
    TrainConfig,
    one_label_a_window,
    start_from,
    train,
)

HEAD = "expression"
Features = NDArray[np.float64]
Model = Callable[[Rows, Rows, int], NDArray[np.float64]]

FINE_TUNING = TrainConfig(
    epochs=24,
    batch_size=16,
    learning_rate=2e-3,
    pretrained_rate=0.15,
    freeze=("graph", "temporal"),
    unfreeze_at=8,
    validation_share=0.0,
    weight_decay=0.05,
    augmentation=Augmentation(mirror=0.5, rotate=2.0, jitter=0.004, drop=0.02),
)
"""First the head alone, then all of it, the pretrained parts at a seventh of the rate."""

FROM_SCRATCH = replace(FINE_TUNING, learning_rate=1e-3, pretrained_rate=1.0, freeze=(), unfreeze_at=None)
"""The same epochs and augmentation; every part learns from the start."""

PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3)
"""Inverse strengths of the ridge penalty, times a tenth of the number of features."""


@dataclass(frozen=True)
class Logistic:
    """Ridge logistic regression on standardised features with a floor under their spread.

    The log-odds are the mean over `penalties`: none is chosen, so nothing is fitted to the folds, and the
    scale of the scores is the same in all of them.
    """

    features: Features
    labels: NDArray[np.int64]
    floor: float = 0.02
    penalties: tuple[float, ...] = PENALTIES

    def __call__(self, train_rows: Rows, test_rows: Rows, seed: int) -> NDArray[np.float64]:
        return np.mean([self._fit(train_rows, test_rows, penalty) for penalty in self.penalties], axis=0)

    def _fit(self, train_rows: Rows, test_rows: Rows, penalty: float) -> NDArray[np.float64]:
        from sklearn.linear_model import LogisticRegression

        centre = self.features[train_rows].mean(axis=0)
        spread = np.maximum(self.features[train_rows].std(axis=0), self.floor)
        scaled = (self.features - centre) / spread
        model = LogisticRegression(C=penalty / scaled.shape[1] * 10, max_iter=2000)
        model.fit(scaled[train_rows], self.labels[train_rows])
        return np.asarray(model.decision_function(scaled[test_rows]))


@dataclass(frozen=True)
class Plain:
    """Logistic regression on standardised blendshapes as anybody would do it: scikit-learn's defaults."""

    features: Features
    labels: NDArray[np.int64]

    def __call__(self, train_rows: Rows, test_rows: Rows, seed: int) -> NDArray[np.float64]:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        model.fit(self.features[train_rows], self.labels[train_rows])
        return np.asarray(model.decision_function(self.features[test_rows]))


@dataclass(frozen=True)
class Network:
    """The landmark network with a neutral/smile head, trained on the training rows, averaged over seeds."""

    views: NDArray[np.float32]
    labels: NDArray[np.int64]
    subjects: NDArray[Any]
    encoder: LandmarkNet | None
    config: TrainConfig
    n_seeds: int = 1

    def __call__(self, train_rows: Rows, test_rows: Rows, seed: int) -> NDArray[np.float64]:
        odds = [self._one(train_rows, test_rows, seed * 100 + k) for k in range(self.n_seeds)]
        return np.mean(odds, axis=0)

    def _one(self, train_rows: Rows, test_rows: Rows, seed: int) -> NDArray[np.float64]:
        net = fitted(self.views, self.labels, self.subjects, train_rows, self.encoder, self.config, seed)
        return log_odds(net, self.views[test_rows])


def fitted(
    views: NDArray[np.float32],
    labels: NDArray[np.int64],
    subjects: NDArray[Any],
    rows: Rows,
    encoder: LandmarkNet | None,
    config: TrainConfig,
    seed: int,
) -> LandmarkNet:
    """A network trained on the mean look of each still of `rows`, from `encoder` or from scratch."""
    points = views[rows].mean(axis=1)[:, None]
    torch.manual_seed(seed)
    net = LandmarkNet(face_graph(), {HEAD: 2}, config=encoder.config if encoder else None)
    net.standardise_by(torch.from_numpy(points))
    if encoder is not None:
        start_from(net, encoder)
    examples = Examples(points, {HEAD: one_label_a_window(labels[rows], 1)}, subjects[rows])
    return train(net, examples, replace(config, seed=seed)).net


def log_odds(net: LandmarkNet, views: NDArray[np.float32]) -> NDArray[np.float64]:
    """Log-odds of a smile of stills (n, looks, 146, 3): of their mean look and its mirror image, averaged."""
    return _through(net, views, lambda encoded: net.heads[HEAD](encoded) @ torch.tensor([-1.0, 1.0]))


def embedding(net: LandmarkNet, views: NDArray[np.float32]) -> Features:
    """What the encoder makes of stills, (n, width), averaged over the mean look and its mirror image."""
    return _through(net, views, lambda encoded: encoded)


def _through(net: LandmarkNet, views: NDArray[np.float32], last: Callable[[torch.Tensor], Any]) -> Any:
    from emostats.inference.graph.views import mirrored

    mean = views.mean(axis=1)
    found = []
    with torch.inference_mode():
        for faces in (mean, mirrored(mean)):
            points = torch.from_numpy(faces)[:, None]
            mask = torch.ones(points.shape[:2], dtype=torch.bool)
            found.append(last(net.eval().encode(points, mask))[:, 0].numpy().astype(float))
    return (found[0] + found[1]) / 2


def smile_share(stills: Stills) -> Features:
    """Mean of the two raw smile activations, (n,)."""
    columns = [BLENDSHAPES.index("mouthSmileLeft"), BLENDSHAPES.index("mouthSmileRight")]
    return stills.blendshapes[:, columns].mean(axis=1).astype(float)
