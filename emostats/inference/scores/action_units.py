"""Action units of the Facial Action Coding System (Ekman, Friesen & Hager 2002), read off the blendshapes.

Each unit is the mean of the blendshapes of both sides that describe the same movement. Three units of the
prototypes cannot be seen: the blendshape model gives cheekSquint (AU6) and noseSneer (AU9) as zero for every
face, and it has no shape that separates AU16 from speech. No rule uses them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

UNITS: dict[str, tuple[str, ...]] = {
    "AU1": ("browInnerUp",),
    "AU2": ("browOuterUpLeft", "browOuterUpRight"),
    "AU4": ("browDownLeft", "browDownRight"),
    "AU5": ("eyeWideLeft", "eyeWideRight"),
    "AU7": ("eyeSquintLeft", "eyeSquintRight"),
    "AU10": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "AU12": ("mouthSmileLeft", "mouthSmileRight"),
    "AU15": ("mouthFrownLeft", "mouthFrownRight"),
    "AU17": ("mouthShrugLower",),
    "AU20": ("mouthStretchLeft", "mouthStretchRight"),
    "AU24": ("mouthPressLeft", "mouthPressRight"),
    "AU26": ("jawOpen",),
}
"""Action unit → its blendshapes."""

RESTING = 0.1
"""The child's own neutral face: this quantile of each unit over the usable frames of the session."""


def action_units(
    frames: pd.DataFrame, usable: NDArray[np.bool_], *, own_neutral: bool = True
) -> pd.DataFrame:
    """Activation of each unit, 0–1, one row a frame; missing where the frame is not usable.

    With `own_neutral` the session's resting level (its `RESTING` quantile) is subtracted, so that a face
    whose corners of the mouth point up at rest does not count as smiling. It is never divided by a spread:
    some units hardly vary, and a small spread would turn noise into activation.
    """
    names = list(UNITS)
    values = np.column_stack([frames[list(UNITS[name])].to_numpy(float).mean(axis=1) for name in names])
    values[~usable] = np.nan
    if own_neutral and usable.any():
        values = np.clip(values - np.quantile(values[usable], RESTING, axis=0), 0.0, 1.0)
    return pd.DataFrame(values, columns=names, index=frames.index)
