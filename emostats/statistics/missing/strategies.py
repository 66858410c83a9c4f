"""Distribution of a subject's outcomes after an intercurrent event (Carpenter, Roger & Kenward, 2013).

With μ, Σ of the subject's own arm, μʳ, Σʳ of the reference arm and t the first visit affected by the event:

    MAR    μ, Σ
    J2R    jump to reference: μ before t, μʳ from t on; merged Σ
    CR     copy reference: μʳ, Σʳ throughout, so observed outcomes are judged by the reference too
    CIR    copy increments in reference: from t on μ(t−1) + μʳ(j) − μʳ(t−1); merged Σ
    LMCF   last mean carried forward: from t on μ(t−1); Σ

The merged covariance has the own arm's block before t and the reference's regression of later on earlier
visits (their equations 7 and 8). Without a visit before t, J2R and CIR are CR, and LMCF does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean

Float = NDArray[np.float64]

STRATEGIES = ("MAR", "J2R", "CR", "CIR", "LMCF")
REFERENCE_BASED = ("J2R", "CR", "CIR")
_ALSO = {"JR": "J2R", "JTR": "J2R", "JUMP TO REFERENCE": "J2R", "COPY REFERENCE": "CR"}


def strategy_name(text: object) -> str:
    """The strategy's standard name; case is ignored and JR is J2R.

    Raises
    ------
    UsageError: no such strategy.
    """
    name = _ALSO.get(str(text).upper(), str(text).upper())
    if name not in STRATEGIES:
        raise UsageError(f"Strategy {text!r} is unknown. {did_you_mean(str(text), STRATEGIES)}")
    return name


def profile_mean(strategy: str, own: Float, reference: Float, event: int) -> Float:
    """Means of the visits (… × T) from those of the own and the reference arm; event ≥ T: none.

    Raises
    ------
    UsageError: LMCF without a visit before the event.
    """
    if strategy == "MAR" or event >= own.shape[-1]:
        return own
    if strategy == "CR" or (event == 0 and strategy in REFERENCE_BASED):
        return reference
    if event == 0:
        raise UsageError("LMCF has no mean to carry forward: an event precedes the first visit.")
    out = own.copy()
    last = own[..., event - 1 : event]
    if strategy == "J2R":
        out[..., event:] = reference[..., event:]
    elif strategy == "CIR":
        out[..., event:] = last + reference[..., event:] - reference[..., event - 1 : event]
    else:
        out[..., event:] = last
    return out


def profile_covariance(strategy: str, own: Float, reference: Float, event: int) -> Float:
    """Covariance of the visits (… × T × T)."""
    T = own.shape[-1]
    if strategy in ("MAR", "LMCF") or event >= T:
        return own
    if strategy == "CR" or event == 0:
        return reference
    return merged_covariance(own, reference, event)


def merged_covariance(own: Float, reference: Float, event: int) -> Float:
    """Own block before the event; the reference's regression on it and residual covariance after."""
    early, late = slice(0, event), slice(event, own.shape[-1])
    R11, R12 = reference[..., early, early], reference[..., early, late]
    T11 = own[..., early, early]
    slope = np.linalg.solve(R11, R12)  # R11⁻¹ R12
    out = np.array(reference, dtype=float)
    across = T11 @ slope
    out[..., early, early] = T11
    out[..., early, late] = across
    out[..., late, early] = np.swapaxes(across, -1, -2)
    out[..., late, late] = reference[..., late, late] - np.swapaxes(slope, -1, -2) @ (R11 - T11) @ slope
    return out


def needs_reference(strategies: Iterable[str]) -> bool:
    """Whether any of the strategies looks at the reference arm."""
    return any(name in REFERENCE_BASED for name in strategies)
