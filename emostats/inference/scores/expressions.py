"""Seven expressions as a rule: published prototypes of action units. A rule, not a trained classifier.

The prototypes are those of the FACS Investigator's Guide (Ekman, Friesen & Hager 2002, table 10-1) and of
EMFACS (Friesen & Ekman 1983), reduced to the units that can be seen here. They were written for posed and
spontaneous expressions of adults, and neither they nor this rule have been validated on children with autism:
the shares describe movements of the face, not feelings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PRESENT = 0.25
"""A unit is present from this activation above the child's own neutral face."""
ABSENT = 0.1
"""A unit is absent below this one."""


@dataclass(frozen=True)
class Prototype:
    """Units that must all be present, of which at least one must be, and that must be absent."""

    name: str
    all_of: tuple[str, ...]
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()


PROTOTYPES = (
    Prototype("happiness", ("AU12",)),
    Prototype("sadness", ("AU1",), any_of=("AU15", "AU17"), none_of=("AU12", "AU2")),
    Prototype("surprise", ("AU1", "AU2"), any_of=("AU5", "AU26"), none_of=("AU4", "AU12")),
    Prototype("fear", ("AU1", "AU4"), any_of=("AU5", "AU20"), none_of=("AU12",)),
    Prototype("anger", ("AU4",), any_of=("AU24",), none_of=("AU1", "AU12")),
    Prototype("disgust", ("AU10",), none_of=("AU12",)),
)
NEUTRAL = "neutral"
NAMES = (*(prototype.name for prototype in PROTOTYPES), NEUTRAL)
"""The seven labels."""


def label_expressions(units: pd.DataFrame) -> NDArray[np.object_]:
    """The label of each frame: the prototype that is met, of several the one with the strongest units.

    ``"neutral"`` where none is met, None where the frame is not usable.
    """
    column = {name: index for index, name in enumerate(units.columns)}
    strength = np.column_stack([_strength(each, units.to_numpy(), column) for each in PROTOTYPES])
    best = strength.argmax(axis=1)
    labels = np.array(NAMES, dtype=object)[np.where(strength.max(axis=1) > 0, best, len(PROTOTYPES))]
    labels[units.isna().any(axis=1).to_numpy()] = None
    return labels


def _strength(
    prototype: Prototype, values: NDArray[np.float64], column: dict[str, int]
) -> NDArray[np.float64]:
    """Mean activation of the units that make the prototype, 0 where it is not met."""
    required = [column[name] for name in prototype.all_of]
    either = [column[name] for name in prototype.any_of]
    barred = [column[name] for name in prototype.none_of]
    met = (values[:, required] >= PRESENT).all(axis=1) & (values[:, barred] < ABSENT).all(axis=1)
    parts = [values[:, required]]
    if either:
        met &= (values[:, either] >= PRESENT).any(axis=1)
        parts.append(values[:, either].max(axis=1, keepdims=True))
    return np.asarray(np.where(met, np.concatenate(parts, axis=1).mean(axis=1), 0.0))
