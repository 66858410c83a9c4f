"""Delta adjustment: what is added to imputed outcomes, by visit and arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean
from emostats.statistics.missing.conditional import Cells
from emostats.statistics.missing.events import Plan
from emostats.statistics.missing.layout import Layout

Float = NDArray[np.float64]

Shift = float | Sequence[float] | Mapping[Any, float]
Delta = Shift | Mapping[Any, Shift]


def delta_of_cells(layout: Layout, plan: Plan, cells: Cells, delta: Delta | None) -> Float:
    """What is added to each imputed value (C,): zero before the subject's event.

    Raises
    ------
    UsageError: unknown arms or visits, or not one number a visit.
    """
    if delta is None:
        return np.zeros(cells.n)
    T = len(layout.visits)
    if isinstance(delta, Mapping) and layout.arms and all(label in layout.arms for label in delta):
        by_arm = np.zeros((len(layout.arms), T))
        for label, shift in delta.items():
            by_arm[layout.arms.index(label)] = _by_visit(layout, shift)
    else:
        by_arm = np.tile(_by_visit(layout, delta), (max(len(layout.arms), 1), 1))
    out = by_arm[layout.arm_of[cells.subject], cells.visit]
    return np.where(cells.visit >= plan.visit[cells.subject], out, 0.0)


def _by_visit(layout: Layout, shift: Any) -> Float:
    """One number a visit (T,)."""
    visits = layout.visits
    if isinstance(shift, Mapping):
        unknown = [label for label in shift if label not in visits]
        if unknown:
            names = [*map(str, layout.arms), *map(str, visits)]
            raise UsageError(
                f"delta names {unknown[0]!r}, which is no arm or visit. "
                f"{did_you_mean(str(unknown[0]), names)}"
            )
        values = np.array([float(shift.get(label, 0.0)) for label in visits])
    else:
        values = np.asarray(shift, dtype=float)
        if values.ndim == 0:
            values = np.full(len(visits), float(values))
    if values.shape != (len(visits),) or not np.isfinite(values).all():
        raise UsageError(
            f"delta needs one finite number, or one for each of {len(visits)} visits; found {shift!r}."
        )
    return values
