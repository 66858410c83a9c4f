"""Session scores as a camera program hands them over: mean facial valence, usable frames, and failures.

Valence = 2 Φ(z) − 1 with z ~ N(m, S²), S² = child_sd² + session_sd²: it stays inside [−1, 1], and because
E[Φ(z)] = Φ(m / √(1 + S²)), the m of a stated mean is known in closed form.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from emostats.simulate.design import SessionsDesign, StudyDesign

Array = NDArray[np.float64]


def valence_location(mean: float, sessions: SessionsDesign) -> float:
    """Mean of z at which the expected valence is `mean`, a number between −1 and 1."""
    spread = sessions.child_sd**2 + sessions.session_sd**2
    return float(np.sqrt(1.0 + spread) * ndtri((mean + 1.0) / 2.0))


def draw_valence(design: StudyDesign, cell: NDArray[np.intp], rng: np.random.Generator) -> Array:
    """Complete valence, shape children × visits × sessions of a visit."""
    how = design.sessions
    location = np.array(
        [[valence_location(mean, how) for mean in how.means[each.key]] for each in design.cells]
    )
    child = how.child_sd * rng.standard_normal((cell.size, 1, 1))
    noise = how.session_sd * rng.standard_normal((cell.size, len(design.visits), how.per_visit))
    return np.asarray(2.0 * ndtr(location[cell][:, :, None] + child + noise) - 1.0)


def draw_usable(design: StudyDesign, cell: NDArray[np.intp], rng: np.random.Generator) -> Array:
    """Share of usable frames, shape children × visits × sessions; 0 where the camera failed."""
    how = design.sessions
    shape = (cell.size, len(design.visits), how.per_visit)
    mean = np.array([how.usable_mean[each.key] for each in design.cells])[cell][:, None, None]
    usable = rng.beta(mean * how.usable_concentration, (1.0 - mean) * how.usable_concentration, size=shape)
    usable[rng.random(shape) < how.failure] = 0.0
    return np.asarray(usable)


def sessions_sheet(
    design: StudyDesign,
    *,
    child_id: NDArray[np.object_],
    cell: NDArray[np.intp],
    taking_part: NDArray[np.bool_],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """One row a session that took place; there is none after a child left the programme.

    Columns: Child ID, Session (number within the child), Visit, Mean valence (three decimals; NaN where too
    few frames were usable), Usable frames (share, two decimals), Remark (why a valence is missing).
    """
    how = design.sessions
    valence, usable = draw_valence(design, cell, rng), draw_usable(design, cell, rng)
    held = (rng.random(valence.shape) >= how.missed) & taking_part[:, :, None]
    child, visit, number = np.nonzero(held)
    names = np.array([each.name for each in design.visits], dtype=object)
    share = np.round(usable[held], 2)
    too_few = share < how.minimum_usable
    return pd.DataFrame(
        {
            "Child ID": child_id[child],
            "Session": visit * how.per_visit + number + 1,
            "Visit": names[visit],
            "Mean valence": np.where(too_few, np.nan, np.round(valence[held], 3)),
            "Usable frames": share,
            "Remark": np.select([share == 0.0, too_few], ["Camera failed", "Too few usable frames"], ""),
        }
    )
