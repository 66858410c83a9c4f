"""Running the blocks of a bootstrap through joblib, the only parallel interface.

Where the work goes is the caller's choice: ``joblib.parallel_config(backend="dask")`` around the call sends
it to a Dask cluster, ``"ray"`` to Ray, ``n_jobs=2`` to two local processes. The numbers are the same
everywhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from emostats.statistics.resampling.draws import BLOCK, Scheme, draw_block, n_blocks
from emostats.statistics.resampling.evaluate import Evaluator, Replicates
from emostats.statistics.resampling.units import Units

Progress = Callable[[int, int], None]
"""Called with how many resamples are done and how many there are."""

_TASKS = 64
"""Into how many tasks a run is cut at most; does not influence the numbers."""

# Tasks, and what they carry, compare by identity: a task queue may ask for their hash, and data frames have
# none.


@dataclass(frozen=True, eq=False)
class _Task:
    """A run of consecutive blocks."""

    evaluator: Evaluator
    units: Units
    seed: np.random.SeedSequence
    blocks: range
    n_resamples: int
    scheme: Scheme

    def __call__(self) -> Replicates:
        pieces = []
        for block in self.blocks:
            for draw in draw_block(self.units, self.seed, block, self.n_resamples, self.scheme):
                pieces.append(self.evaluator.replicate(draw))
        return join(pieces)


@dataclass(frozen=True, eq=False)
class _LeaveOut:
    """A run of consecutive units, each left out once."""

    evaluator: Evaluator
    start: int
    stop: int

    def __call__(self) -> Replicates:
        return self.evaluator.leave_out(self.start, self.stop)


def join(pieces: Iterable[Replicates]) -> Replicates:
    """Replicates one below the other."""
    pieces = list(pieces)
    q = pieces[0].values.shape[1]
    values = np.vstack([piece.values for piece in pieces])
    failures: Counter[str] = sum((piece.failures for piece in pieces), Counter())
    if all(piece.std_errors is None for piece in pieces):
        return Replicates(values, None, failures)
    errors = [
        np.full((len(piece.values), q), np.nan) if piece.std_errors is None else piece.std_errors
        for piece in pieces
    ]
    return Replicates(values, np.vstack(errors), failures)


def resample(
    evaluator: Evaluator,
    units: Units,
    *,
    seed: np.random.SeedSequence,
    n_resamples: int,
    scheme: Scheme = "multinomial",
    n_jobs: int | None = None,
    progress: Progress | None = None,
) -> Replicates:
    """All `n_resamples` replicates, in order."""
    blocks = n_blocks(n_resamples)
    step = max(1, blocks // _TASKS)
    tasks = [
        _Task(evaluator, units, seed, range(first, min(first + step, blocks)), n_resamples, scheme)
        for first in range(0, blocks, step)
    ]
    pieces = []
    for piece, task in zip(in_parallel(tasks, n_jobs), tasks, strict=True):
        pieces.append(piece)
        if progress is not None:
            progress(min(task.blocks.stop * BLOCK, n_resamples), n_resamples)
    return join(pieces)


def leave_one_out(evaluator: Evaluator, n_units: int, n_jobs: int | None = None) -> Replicates:
    """The statistic with each unit left out, (U, q)."""
    step = max(1, min(-(-n_units // _TASKS), 1024))
    tasks = [_LeaveOut(evaluator, start, min(start + step, n_units)) for start in range(0, n_units, step)]
    return join(in_parallel(tasks, n_jobs))


def in_parallel(tasks: list[Any], n_jobs: int | None) -> Iterator[Replicates]:
    """The results of `tasks` in order, as they come where the backend can stream."""
    from joblib import Parallel, delayed

    calls = [delayed(task)() for task in tasks]
    try:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    except ValueError:  # the backend in force cannot stream its results
        parallel = Parallel(n_jobs=n_jobs)
    yield from parallel(calls)
