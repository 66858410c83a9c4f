"""Responders: subjects who improved by at least the minimal important change."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError
from emostats.statistics.effects.effect import Effect, pairs
from emostats.statistics.effects.proportions import TwoByTwo, proportion


def is_responder(
    pre: npt.ArrayLike, post: npt.ArrayLike, *, mic: float, higher_is_better: bool = True
) -> npt.NDArray[np.bool_]:
    """For each complete pair, whether the change reaches the minimal important change.

    Parameters
    ----------
    mic: minimal important change in points, positive; `higher_is_better` says in which direction.
    """
    if not mic > 0:
        raise UsageError(f"mic, the minimal important change, must be positive; found {mic!r}.")
    first, second = pairs(pre, post, 1)
    gain = second - first if higher_is_better else first - second
    slack = 1e-9 * max(1.0, float(np.abs(gain).max()))
    return np.asarray(gain >= mic - slack)


def responders(
    pre: npt.ArrayLike,
    post: npt.ArrayLike,
    *,
    mic: float,
    higher_is_better: bool = True,
    conf_level: float = 0.95,
) -> Effect:
    """Share of responders with Wilson limits. Subjects without both values are not counted; say so beside
    it."""
    flags = is_responder(pre, post, mic=mic, higher_is_better=higher_is_better)
    share = proportion(int(flags.sum()), len(flags), conf_level=conf_level)
    return Effect(
        "responders",
        f"Responders (improved by {mic:g} or more)",
        share.estimate,
        share.std_error,
        conf_low=share.conf_low,
        conf_high=share.conf_high,
        conf_level=conf_level,
        n=len(flags),
        method="Wilson",
    )


def responder_table(
    treated: tuple[npt.ArrayLike, npt.ArrayLike],
    control: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    mic: float,
    higher_is_better: bool = True,
) -> TwoByTwo:
    """Responders and non-responders of two groups of (pre, post), for `risk_difference` and its kin."""
    one = is_responder(*treated, mic=mic, higher_is_better=higher_is_better)
    two = is_responder(*control, mic=mic, higher_is_better=higher_is_better)
    return TwoByTwo(int(one.sum()), int((~one).sum()), int(two.sum()), int((~two).sum()))
