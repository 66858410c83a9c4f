"""What a piece does to a child: features of a piece heard in a state, linear in what is to be learned.

The displacement of valence and arousal over one piece, and the engagement at its end, are modelled as ψᵀ θ;
for the axis k = valence, arousal:

    ψ_k = ( 1, x_k, g_k, g_k |g|², z₁ … z₄, g_k (e − ē) )
    ψ_e = ( 1, 0, 0, 0, z₁ … z₄, log(1 + plays) )

with the state x, the gap g from the state to the piece's rated affect, the piece's traits z (tempo, mode,
energy, brightness), and the engagement e. In words: a drift, a pull home, a pull towards the music that fades
with the gap and grows with engagement, and the child's own reading of traits; engagement has a usual level,
likes and dislikes of traits, and wear. Before a piece is heard, e is what the third row expects.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TERMS = ("constant", "home", "pull", "pull from far", "tempo", "mode", "energy", "brightness", "engaged")
"""Names of the coefficients; the last is wear by repeats in the row of engagement."""

N_AXES = 3
USUAL_ENGAGEMENT = 0.65
"""ē, about which engagement changes the pull."""


def features(affect: Array, traits: Array, plays: Array, state: Array) -> Array:
    """ψ of some pieces in one state, shape (3 axes, pieces, terms); the term ``engaged`` of the first two
    axes is the gap alone, to be multiplied by `engaged`.

    Parameters
    ----------
    affect: (pieces, 2). traits: (pieces, 4). plays: times each was heard in this session. state: (2,) or
        more; its first two are valence and arousal.
    """
    psi = np.zeros((N_AXES, len(affect), len(TERMS)))
    gap = affect - state[:2]
    far = (gap * gap).sum(axis=1)
    psi[:, :, 0] = 1.0
    psi[:, :, 4:8] = traits
    for axis in (0, 1):
        pull = gap[:, axis]
        psi[axis, :, 1] = state[axis]
        psi[axis, :, 2] = pull
        psi[axis, :, 3] = pull * far
        psi[axis, :, 8] = pull
    psi[2, :, 8] = np.log1p(plays)
    return psi


def engaged(psi: Array, engagement: Array) -> Array:
    """`psi` with the engagement (pieces,) of each piece put in; a new array."""
    full = psi.copy()
    full[:2, :, 8] *= np.clip(engagement, 0.0, 1.0) - USUAL_ENGAGEMENT
    return full
