"""Which covariance models contain which others.

An arrow a → b says that every covariance matrix of structure a is one of structure b, whatever the number of
visits. A model with covariance groups contains one without, or with coarser groups, when the structures do.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

_WIDER: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ind": ("indh", "cs", "ar1"),
        "indh": ("csh", "ar1h"),
        "cs": ("csh", "toep"),
        "csh": ("toeph",),
        "ar1": ("ar1h", "toep", "ad"),
        "ar1h": ("toeph", "adh"),
        "toep": ("toeph",),
        "toeph": ("us",),
        "ad": ("adh",),
        "adh": ("us",),
        "us": (),
        "sp_exp": (),
        "sp_gau": (),
    }
)


def structure_contains(wide: str, narrow: str) -> bool:
    """Whether each matrix of structure `narrow` is one of structure `wide`.

    ``ind`` is the limit of the spatial structures as the range goes to 0, so they contain it.
    """
    if wide == narrow or (narrow == "ind" and wide.startswith("sp_")):
        return True
    return any(structure_contains(wide, step) for step in _WIDER[narrow])


def on_boundary(wide: str, narrow: str) -> bool:
    """Whether `narrow` lies on the edge of `wide`'s parameter space (independence in a spatial structure)."""
    return narrow == "ind" and wide.startswith("sp_")


def groups_contain(fine: NDArray[np.intp], coarse: NDArray[np.intp]) -> bool:
    """Whether each covariance group of `fine` lies within one of `coarse`; codes (n,) of the same rows."""
    pairs = np.unique(np.column_stack([fine, coarse]), axis=0)
    return len(pairs) == len(np.unique(fine))


def covariance_contains(
    wide: str, narrow: str, wide_groups: NDArray[np.intp], narrow_groups: NDArray[np.intp]
) -> bool:
    """Whether a covariance model contains another over the same subjects."""
    return structure_contains(wide, narrow) and groups_contain(wide_groups, narrow_groups)
