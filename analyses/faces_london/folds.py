"""Folds by subject: a person's two stills always stand on the same side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]


def folds(subjects: NDArray[Any], n_folds: int, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """(training rows, test rows) of each of `n_folds` folds of a random partition of the subjects."""
    names = np.unique(subjects)
    order = np.random.default_rng(seed).permutation(len(names))
    for part in np.array_split(order, min(n_folds, len(names))):
        out = np.isin(subjects, names[part])
        yield np.flatnonzero(~out), np.flatnonzero(out)
