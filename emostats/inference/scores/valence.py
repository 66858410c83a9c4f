"""Valence as a rule: the smile muscle minus the frown muscle.

Activity over zygomaticus major rises and over corrugator supercilii falls with pleasantness (Larsen, Norris &
Cacioppo 2003, Psychophysiology 40, 776–785). Their action units are AU12 and AU4.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def valence(units: pd.DataFrame) -> NDArray[np.float64]:
    """AU12 − AU4 of each frame, −1 to 1; NaN where the frame is not usable."""
    return np.asarray(units["AU12"] - units["AU4"], dtype=float)
