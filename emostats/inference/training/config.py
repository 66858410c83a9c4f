"""How a network is trained: the settings that `[training]` and `[training.augmentation]` of a file hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from emostats.errors import UsageError, did_you_mean

LOSSES = ("classes", "binary", "squared")
CLASS_WEIGHTS = ("balanced", "none")
LOGS = ("csv", "tensorboard", "none")
PARTS = ("graph", "temporal", "heads")


@dataclass(frozen=True)
class Augmentation:
    """Chance changes to training windows; each can be switched off by zero.

    Attributes
    ----------
    mirror: probability that a face is mirrored (needs a graph that knows its mirror image).
    rotate: standard deviation of the in-plane turn, degrees.
    turn: standard deviation of the turn out of the plane (yaw and pitch), degrees; three coordinates only.
    scale: standard deviation of the change of size, as a share.
    jitter: standard deviation of the noise of each coordinate, in units of the face.
    drop: share of the points that are set to the centre of the training data, anew for each window.
    speed: largest relative change of speed, e.g. 0.2 for 0.8 to 1.2 times as fast.
    """

    mirror: float = 0.5
    rotate: float = 3.0
    turn: float = 0.0
    scale: float = 0.0
    jitter: float = 0.005
    drop: float = 0.05
    speed: float = 0.0

    def __post_init__(self) -> None:
        negative = [name for name, value in asdict(self).items() if not value >= 0]
        if negative or self.mirror > 1 or self.drop >= 1 or self.speed >= 1:
            raise UsageError(
                "Augmentation settings are not negative, mirror is at most 1, drop and speed are below 1; "
                f"found {asdict(self)}."
            )


NO_AUGMENTATION = Augmentation(0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class TrainConfig:
    """One training run.

    Attributes
    ----------
    epochs, batch_size: passes over the windows, windows a step.
    learning_rate, weight_decay: of AdamW; the rate rises over `warmup` epochs and falls as a cosine.
    pretrained_rate: factor on the learning rate of all but the heads (below 1 when they were pretrained).
    freeze: parts of the network that do not learn at first, of ``"graph"``, ``"temporal"``, ``"heads"``.
    unfreeze_at: epoch (from 0) at which they start to learn; None: never.
    losses: head → ``"classes"`` (softmax cross-entropy), ``"binary"`` (independent sigmoid outputs against
        shares from 0 to 1) or ``"squared"``. Heads that are not named are not trained.
    class_weights: ``"balanced"``: each class counts alike in total (n / (k n_c)), or ``"none"``.
    label_smoothing: share of each label that is spread over all classes.
    validation_share: share of the subjects that is held out for early stopping when no validation set is
        given; 0: no early stopping.
    patience: epochs without a better validation loss after which training stops; the best network is kept.
    clip: largest norm of the gradient.
    seed: of initial shuffling, augmentation and dropout. The initial weights are the caller's.
    threads: of torch. One is fastest for a network of this size, and the digits do not depend on the
        machine's number of cores.
    log: ``"csv"``, ``"tensorboard"`` (needs the package tensorboard) or ``"none"``; written when a folder is
        given.
    augmentation: see `Augmentation`.
    """

    epochs: int = 40
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    warmup: int = 1
    pretrained_rate: float = 1.0
    freeze: tuple[str, ...] = ()
    unfreeze_at: int | None = None
    losses: Mapping[str, str] = field(default_factory=lambda: {"expression": "classes"})
    class_weights: str = "balanced"
    label_smoothing: float = 0.0
    validation_share: float = 0.15
    patience: int = 8
    clip: float = 1.0
    seed: int = 0
    threads: int = 1
    log: str = "csv"
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        _one_of("class_weights", self.class_weights, CLASS_WEIGHTS)
        _one_of("log", self.log, LOGS)
        for head, loss in self.losses.items():
            _one_of(f"losses.{head}", loss, LOSSES)
        for part in self.freeze:
            _one_of("freeze", part, PARTS)
        counts = ("epochs", "batch_size", "threads", "patience")
        too_small = [name for name in counts if getattr(self, name) < 1]
        if too_small or self.learning_rate <= 0 or not 0 <= self.validation_share < 1:
            raise UsageError(
                "Training needs epochs, batch_size, threads and patience from 1, a learning_rate above 0 "
                f"and a validation_share from 0 to below 1; found {too_small or asdict(self)}."
            )

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for a model card; `TrainConfig.from_dict` reads it back."""
        return {**asdict(self), "losses": dict(self.losses), "freeze": list(self.freeze)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TrainConfig:
        """The settings of a parsed file; a key that does not exist raises UsageError and names a near one."""
        given = dict(values)
        augmentation = given.pop("augmentation", {})
        _known("training", given, cls)
        _known("training.augmentation", augmentation, Augmentation)
        if "freeze" in given:
            given["freeze"] = tuple(given["freeze"])
        return cls(**given, augmentation=Augmentation(**augmentation))


def _known(table: str, given: Mapping[str, Any], kind: type[Any]) -> None:
    names = [item.name for item in fields(kind)]
    for key in given:
        if key not in names:
            raise UsageError(f"[{table}] has no setting '{key}'. {did_you_mean(key, names)}")


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"The training setting {name} cannot be '{value}'. {did_you_mean(value, allowed)}")
