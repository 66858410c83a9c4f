"""The landmark graph network (torch). Importing this package without torch says what to install."""

from emostats.errors import UsageError

try:
    import torch as _torch  # noqa: F401
except ModuleNotFoundError:
    raise UsageError(
        "The landmark network needs torch, which is not installed. Install it with: "
        'pip install "emostats[inference]"'
    ) from None

from emostats.inference.network.landmark_net import PARTS, LandmarkNet, NetworkConfig
from emostats.inference.network.windows import STRIDE, WINDOW, predict, window_starts

__all__ = ["PARTS", "STRIDE", "WINDOW", "LandmarkNet", "NetworkConfig", "predict", "window_starts"]
