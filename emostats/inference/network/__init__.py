"""The landmark graph network (torch). Importing this package without torch says what to install."""

from emostats.inference.errors import need

need("torch")

from emostats.inference.network.landmark_net import PARTS, LandmarkNet, NetworkConfig  # noqa: E402
from emostats.inference.network.windows import STRIDE, WINDOW, predict, window_starts  # noqa: E402

__all__ = ["PARTS", "STRIDE", "WINDOW", "LandmarkNet", "NetworkConfig", "predict", "window_starts"]
