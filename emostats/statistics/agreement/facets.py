"""Facets of a generalizability study: which effects a design of crossed and nested facets has.

A facet's index is itself and what it is nested in; an effect belongs to each union of indices (Brennan 2001,
Generalizability Theory, sect. 3.2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean

Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Effect:
    """One random effect: `name` as printed, `index` the columns whose combinations are its levels."""

    name: str
    index: frozenset[str]


@dataclass(frozen=True)
class FacetDesign:
    """Object of measurement, facets, and the effects they make.

    Attributes
    ----------
    object: the object of measurement. facets: in order. outer: inner facet → what it is nested in.
    effects: all but the residual. residual: name of the residual.
    """

    object: str
    facets: tuple[str, ...]
    outer: Mapping[str, str]
    effects: tuple[Effect, ...]
    residual: str


def facet_design(
    data: pd.DataFrame, object_: str, facets: Sequence[str], nested: Mapping[str, str] | None
) -> FacetDesign:
    """The design that the columns allow; the fullest effect is the residual unless its cells are replicated.

    Raises
    ------
    UsageError: an unknown column, a facet nested in itself or in something that is not in the design.
    """
    outer = dict(nested or {})
    names = [object_, *facets]
    for name in [*names, *outer, *outer.values()]:
        if name not in data.columns:
            raise UsageError(f"No column '{name}'. {did_you_mean(name, map(str, data.columns))}")
    for inner, holder in outer.items():
        if inner not in names or holder not in names or inner == holder:
            raise UsageError(
                f"nested: '{inner}' in '{holder}' must both be facets of the design, and differ."
            )
    indices = {name: _index(name, outer) for name in names}
    unions: dict[frozenset[str], str] = {}
    for size in range(1, len(names) + 1):
        for chosen in combinations(names, size):
            index = frozenset().union(*(indices[name] for name in chosen))
            unions.setdefault(index, _name(index, names, outer))
    ordered = sorted(unions.items(), key=lambda item: len(item[0]))
    full_index, full_name = ordered[-1]
    replicated = bool(data.duplicated(list(full_index)).any())
    kept = ordered if replicated else ordered[:-1]
    effects = tuple(Effect(name, index) for index, name in kept)
    residual = "residual" if replicated else f"{full_name}, residual"
    return FacetDesign(object_, tuple(facets), outer, effects, residual)


def _index(name: str, outer: Mapping[str, str]) -> frozenset[str]:
    index, seen = {name}, name
    while seen in outer:
        seen = outer[seen]
        if seen in index:
            raise UsageError(f"nested: '{seen}' is nested in itself.")
        index.add(seen)
    return frozenset(index)


def _name(index: frozenset[str], names: Sequence[str], outer: Mapping[str, str]) -> str:
    """Crossed parts joined by ' × ', nested ones written inner:outer."""
    holders = {outer[name] for name in index if name in outer}
    tips = [name for name in names if name in index and name not in holders]
    parts = []
    for tip in tips:
        chain = [tip]
        while chain[-1] in outer:
            chain.append(outer[chain[-1]])
        parts.append(":".join(chain))
    return " × ".join(parts)


def codes_of(data: pd.DataFrame, index: frozenset[str]) -> Codes:
    """Level of each row: one code for each combination of the index columns that occurs."""
    combined = np.zeros(len(data), dtype=np.int64)
    for name in sorted(index):
        own, labels = pd.factorize(data[name])
        combined = combined * (len(labels) + 1) + own
        combined = pd.factorize(combined)[0].astype(np.int64)
    return combined.astype(np.intp)
