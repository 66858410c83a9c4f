"""Random draws of units that do not depend on chunking, backend or number of workers.

Resamples are numbered, and cut into blocks of `BLOCK`. Block k has its own generator, seeded by child k of
``numpy.random.SeedSequence(seed)`` (what ``SeedSequence.spawn`` would return), so who computes a block, and
when, changes nothing, and the first resamples of a longer run are those of a shorter one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from emostats.errors import UsageError
from emostats.statistics.resampling.units import Units

BLOCK = 128
"""Resamples in a block; part of the meaning of a seed, so never change it."""

_PIECE = 2**18
"""Drawn units held in memory at a time."""

Seed = int | Sequence[int] | np.random.SeedSequence
Scheme = Literal["multinomial", "dirichlet"]


@dataclass(frozen=True, eq=False)
class Draw:
    """m resamples of U units.

    Attributes
    ----------
    units: (m, U) numbers of the drawn units, stratum by stratum.
    weights: (m, U) weight of each drawn unit, or None where all weigh 1 (then repeats are what counts).
    numbers: (m,) number of each resample in the run. seed: the block's seed, for draws within a resample.
    """

    units: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float64] | None
    numbers: npt.NDArray[np.int64]
    seed: np.random.SeedSequence


def as_seed_sequence(seed: Seed) -> np.random.SeedSequence:
    """`seed` as a fresh SeedSequence; the one given is not advanced.

    Raises
    ------
    UsageError: `seed` is None or not made of non-negative integers.
    """
    if isinstance(seed, np.random.SeedSequence):
        return np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key)
    try:
        if seed is None or isinstance(seed, bool | float | str):
            raise TypeError
        return np.random.SeedSequence(seed)
    except (TypeError, ValueError):
        raise UsageError(
            f"seed must be a non-negative integer (or several, or a SeedSequence), found {seed!r}. "
            "A stated seed is what makes the interval reproducible."
        ) from None


def child(seed: np.random.SeedSequence, number: int) -> np.random.SeedSequence:
    """Child `number` of `seed`, as ``seed.spawn`` would give it, without changing `seed`."""
    return np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, number))


def generator(seed: np.random.SeedSequence) -> np.random.Generator:
    """The generator of a block: SFC64, NumPy's fastest, seeded by `seed`."""
    return np.random.Generator(np.random.SFC64(seed))


def n_blocks(n_resamples: int) -> int:
    return -(-n_resamples // BLOCK)


def draw_block(
    units: Units, seed: np.random.SeedSequence, block: int, n_resamples: int, scheme: Scheme
) -> Iterator[Draw]:
    """The resamples of one block, in pieces whose size depends on the number of units alone."""
    block_seed = child(seed, block)
    rng = generator(block_seed)
    piece = int(np.clip(_PIECE // units.n_units, 1, BLOCK))
    stop = min((block + 1) * BLOCK, n_resamples)
    for start in range(block * BLOCK, stop, piece):
        size = min(piece, stop - start)
        numbers = np.arange(start, start + size)
        if scheme == "dirichlet":
            yield Draw(_all_units(size, units), _dirichlet(rng, size, units), numbers, block_seed)
        else:
            yield Draw(_with_replacement(rng, size, units), None, numbers, block_seed)


def _with_replacement(rng: np.random.Generator, size: int, units: Units) -> npt.NDArray[np.int32]:
    parts = [rng.integers(0, n, size=(size, n), dtype=np.uint32).view(np.int32) for n in units.stratum_sizes]
    if len(parts) == 1:
        return parts[0]
    starts = units.stratum_starts.astype(np.int32)
    return np.hstack([part + start for part, start in zip(parts, starts, strict=True)])


def _all_units(size: int, units: Units) -> npt.NDArray[np.int32]:
    return np.tile(np.arange(units.n_units, dtype=np.int32), (size, 1))


def _dirichlet(rng: np.random.Generator, size: int, units: Units) -> npt.NDArray[np.float64]:
    """Flat Dirichlet weights within each stratum, scaled to its number of units (Rubin, 1981)."""
    parts = []
    for n in units.stratum_sizes:
        exponentials = rng.standard_exponential((size, n))
        parts.append(exponentials * (n / exponentials.sum(axis=1, keepdims=True)))
    return np.hstack(parts)
