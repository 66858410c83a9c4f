"""Training a landmark network: examples, settings, augmentation, the loop, transfer between networks.

Importing this package without torch says what to install.
"""

from emostats.inference.errors import need

need("torch")

from emostats.inference.training.config import (  # noqa: E402
    NO_AUGMENTATION,
    Augmentation,
    TrainConfig,
)
from emostats.inference.training.examples import (  # noqa: E402
    UNLABELLED,
    Examples,
    cut,
    joined,
    one_label_a_window,
)
from emostats.inference.training.loop import TrainResult, train  # noqa: E402
from emostats.inference.training.transfer import start_from  # noqa: E402

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
