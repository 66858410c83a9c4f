"""What a runner is given and what it gives back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from emostats.estimates import Estimate
from emostats.pipeline.load import LoadedStudy


@dataclass(frozen=True)
class Run:
    """What one analysis gave.

    Attributes
    ----------
    estimates: its rows. facts: how it was computed. fits: by parameter, for analyses that build on it.
    tables: descriptive tables by name; those of several analyses under one name are joined.
    """

    estimates: tuple[Estimate, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    fits: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def failures(self) -> tuple[Estimate, ...]:
        """The rows that could not be computed."""
        return tuple(row for row in self.estimates if row.error)


Advance = Callable[[float], None]
"""Called with the share of an analysis that is done, from 0 to 1, by runners that know it."""


class Runner(Protocol):
    """Computes one analysis. `earlier` holds the analyses that ran before it, by name."""

    def __call__(
        self, analysis: Any, study: LoadedStudy, earlier: Mapping[str, Run], advance: Advance
    ) -> Run: ...


def seed_for(study_seed: int, *names: str) -> np.random.SeedSequence:
    """The seed of one analysis of one parameter.

    It depends on the study's seed and on the names alone, so that adding an analysis changes no other.
    """
    digest = hashlib.sha256("/".join(names).encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "big") for i in range(0, 16, 4)]
    return np.random.SeedSequence([study_seed, *words])
