"""The models that are compared: each takes training rows and says the log-odds of a smile for test rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from folds import Rows, folds
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
class Linear:
    """Log-odds that are linear in features standardised by `centre` and `spread` (d,); `weight` (d,)."""

    centre: Features
    spread: Features
    weight: Features
    bias: float

    def __call__(self, features: Features) -> Features:
        """Log-odds (n,) of features (n, d)."""
        return np.asarray((features - self.centre) / self.spread @ self.weight + self.bias)

    def times(self, factor: float, more: float = 0.0) -> Linear:
        """These log-odds times `factor`, and `more` added."""
        return replace(self, weight=self.weight * factor, bias=self.bias * factor + more)


def ridge(
    features: Features,
    labels: NDArray[np.int64],
    rows: Rows,
    floor: float = 0.02,
    penalties: tuple[float, ...] = PENALTIES,
) -> Linear:
    """Ridge logistic regression on `rows` of standardised features with a floor under their spread.

    The log-odds are the mean over `penalties`: none is chosen, so nothing is fitted to the folds, and the
    scale of the scores is the same in all of them. It is solved in the space that the rows span, where a
    ridge solution lies.
    """
    from sklearn.linear_model import LogisticRegression

    centre = features[rows].mean(axis=0)
    spread = np.maximum(features[rows].std(axis=0), floor)
    left, size, axes = np.linalg.svd((features[rows] - centre) / spread, full_matrices=False)
    fits = [
        LogisticRegression(C=penalty / features.shape[1] * 10, max_iter=2000).fit(left * size, labels[rows])
        for penalty in penalties
    ]
    weight = np.mean([fit.coef_[0] for fit in fits], axis=0) @ axes
    return Linear(centre, spread, weight, float(np.mean([fit.intercept_[0] for fit in fits])))


def calibrated(features: Features, labels: NDArray[np.int64], subjects: NDArray[Any], rows: Rows) -> Linear:
    """`ridge`, whose log-odds are stretched and shifted so that they fit `rows`, each judged by a model that
    did not see its person (Platt 1999; ten folds inside `rows`).

    Left as it is where that says nothing: too few people, or no relation to the labels.
    """
    from sklearn.linear_model import LogisticRegression

    whole, odds = ridge(features, labels, rows), np.zeros(len(rows))
    for train_rows, test_rows in folds(subjects[rows], 10, seed=0):
        if len(np.unique(labels[rows[train_rows]])) < 2:
            return whole
        odds[test_rows] = ridge(features, labels, rows[train_rows])(features[rows[test_rows]])
    line = LogisticRegression(C=1e3).fit(odds[:, None], labels[rows])
    slope, shift = float(line.coef_[0, 0]), float(line.intercept_[0])
    return whole.times(slope, shift) if slope > 0 else whole


@dataclass(frozen=True)
class Logistic:
    """`ridge` on the training rows."""

    features: Features
    labels: NDArray[np.int64]
    floor: float = 0.02
    penalties: tuple[float, ...] = PENALTIES

    def __call__(self, train_rows: Rows, test_rows: Rows, seed: int) -> NDArray[np.float64]:
        line = ridge(self.features, self.labels, train_rows, self.floor, self.penalties)
        return line(self.features[test_rows])


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
    """The landmark network with a neutral/smile head, trained on the training rows, averaged over seeds.

    `nets` keeps what was trained, for the models that go on from there.
    """

    views: NDArray[np.float32]
    labels: NDArray[np.int64]
    subjects: NDArray[Any]
    encoder: LandmarkNet | None
    config: TrainConfig
    n_seeds: int = 1
    nets: dict[tuple[bytes, int], list[LandmarkNet]] = field(default_factory=dict, init=False, compare=False)

    def __call__(self, train_rows: Rows, test_rows: Rows, seed: int) -> NDArray[np.float64]:
        nets = self.trained(train_rows, seed)
        return np.mean([log_odds(net, self.views[test_rows]) for net in nets], axis=0)

    def trained(self, rows: Rows, seed: int) -> list[LandmarkNet]:
        """One network a seed, trained on `rows`."""
        key = rows.tobytes(), seed
        if key not in self.nets:
            seeds = range(seed * 100, seed * 100 + self.n_seeds)
            self.nets[key] = [self._one(rows, each) for each in seeds]
        return self.nets[key]

    def _one(self, rows: Rows, seed: int) -> LandmarkNet:
        return fitted(self.views, self.labels, self.subjects, rows, self.encoder, self.config, seed)


@dataclass(frozen=True)
class WithAppearance:
    """`network` and, half and half, what the picture shows beside the points (see `with_appearance`)."""

    network: Network
    appearance: NDArray[np.float32]

    def __call__(self, train_rows: Rows, test_rows: Rows, seed: int) -> NDArray[np.float64]:
        source, seen = self.network, self.appearance
        line = calibrated(seen.astype(float), source.labels, source.subjects, train_rows)
        odds = [
            log_odds(
                with_appearance(net, line, source.views[train_rows], seen[train_rows]),
                source.views[test_rows],
                seen[test_rows],
            )
            for net in source.trained(train_rows, seed)
        ]
        return np.mean(odds, axis=0)


def with_appearance(
    net: LandmarkNet, line: Linear, views: NDArray[np.float32], appearance: NDArray[np.float32]
) -> LandmarkNet:
    """A network whose log-odds are the mean of those of `net` and of `line` over the appearance.

    Those of `net`, which are more certain than they should be, are brought to the spread of those of `line`,
    which are calibrated, on the stills of training: `views`, `appearance`.
    """
    share = float(line(appearance.astype(float)).std() / log_odds(net, views).std())
    both = LandmarkNet(net.graph, net.sizes, config=replace(net.config, appearance=appearance.shape[1]))
    both.load_state_dict({**both.state_dict(), **net.state_dict()})
    head = both.heads[HEAD]
    with torch.no_grad():
        head.weight.mul_(share / 2)
        head.bias.mul_(share / 2)
    half = line.times(0.5)
    weight = torch.from_numpy(np.stack([-half.weight / 2, half.weight / 2]))
    bias = torch.tensor([-half.bias / 2, half.bias / 2])
    both.appearance[HEAD].fill(torch.from_numpy(half.centre), torch.from_numpy(half.spread), weight, bias)
    return both.eval()


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


def log_odds(
    net: LandmarkNet, views: NDArray[np.float32], appearance: NDArray[np.float32] | None = None
) -> NDArray[np.float64]:
    """Log-odds of a smile of stills (n, looks, 146, 3): of their mean look and its mirror image, averaged."""
    seen = () if appearance is None else (torch.from_numpy(appearance)[:, None],)
    logits = _through(views, lambda points, mask: net.eval()(points, mask, *seen)[HEAD])
    return logits[:, 1] - logits[:, 0]


def embedding(net: LandmarkNet, views: NDArray[np.float32]) -> Features:
    """What the encoder makes of stills, (n, width), averaged over the mean look and its mirror image."""
    return _through(views, net.eval().encode)


def _through(
    views: NDArray[np.float32], ask: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
) -> Features:
    from emostats.inference.graph.views import mirrored

    mean = views.mean(axis=1)
    found = []
    with torch.inference_mode():
        for faces in (mean, mirrored(mean)):
            points = torch.from_numpy(faces)[:, None]
            mask = torch.ones(points.shape[:2], dtype=torch.bool)
            found.append(ask(points, mask)[:, 0].numpy().astype(float))
    return np.asarray((found[0] + found[1]) / 2)


def smile_share(stills: Stills) -> Features:
    """Mean of the two raw smile activations, (n,)."""
    columns = [BLENDSHAPES.index("mouthSmileLeft"), BLENDSHAPES.index("mouthSmileRight")]
    return stills.blendshapes[:, columns].mean(axis=1).astype(float)
