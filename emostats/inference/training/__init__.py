"""Training a landmark network: examples, settings, augmentation, the loop, transfer between networks."""

from emostats.inference.training.config import NO_AUGMENTATION, Augmentation, TrainConfig
from emostats.inference.training.examples import UNLABELLED, Examples, cut, joined, one_label_a_window
from emostats.inference.training.loop import TrainResult, train
from emostats.inference.training.transfer import start_from

__all__ = [
    "NO_AUGMENTATION",
    "UNLABELLED",
    "Augmentation",
    "Examples",
    "TrainConfig",
    "TrainResult",
    "cut",
    "joined",
    "one_label_a_window",
    "start_from",
    "train",
]
