"""Who rates which clip: incomplete blocks, balanced as well as they can be.

With R raters and k ratings a clip, every k-subset of the raters serves equally often as far as the number of
clips allows; where that number is a multiple of the number of subsets, the design is a balanced incomplete
block design (each rater rates equally often, each pair of raters meets equally often; Cochran & Cox 1957,
Experimental Designs, ch. 11). A greedy pass gives the rest to those who rated least and met least.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from emostats.errors import UsageError

MOST_SUBSETS = 5000


@dataclass(frozen=True)
class Design:
    """raters of each clip, as indices. balanced: whether every count is equal exactly.

    per_rater: clips of each rater. per_pair: clips that each pair of raters shares (fewest, most).
    """

    raters: tuple[tuple[int, ...], ...]
    per_rater: tuple[int, ...]
    per_pair: tuple[int, int]
    balanced: bool


def assign(n_clips: int, n_raters: int, per_clip: int, rng: np.random.Generator) -> Design:
    """Raters for each clip, in random order of clips.

    Raises
    ------
    UsageError: no clips, fewer than two ratings a clip, or more than there are raters.
    """
    if n_clips < 1:
        raise UsageError("There is no clip to rate.")
    if not 2 <= per_clip <= n_raters:
        raise UsageError(
            f"Each clip needs at least 2 ratings and at most one a rater ({n_raters}); found {per_clip}."
        )
    subsets = _subsets(n_raters, per_clip)
    turns = 0 if subsets is None else n_clips // len(subsets)
    chosen = [*(subsets or []) * turns]
    chosen += _greedy(n_clips - len(chosen), n_raters, per_clip, subsets, rng)
    chosen = [chosen[place] for place in rng.permutation(n_clips)]
    return _described(chosen, n_raters)


def _greedy(
    n_clips: int,
    n_raters: int,
    per_clip: int,
    subsets: list[tuple[int, ...]] | None,
    rng: np.random.Generator,
) -> list[tuple[int, ...]]:
    """Blocks one after the other: whoever rated least so far, then the pairs that met least."""
    load = np.zeros(n_raters)
    met = np.zeros((n_raters, n_raters))
    used: Counter[tuple[int, ...]] = Counter()
    blocks = []
    for _ in range(n_clips):
        options = subsets if subsets is not None else _drawn(load, per_clip, rng)
        rows = np.array(options)
        loads = load[rows]
        within = list(combinations(range(per_clip), 2))
        pairs = np.sum([met[rows[:, i], rows[:, j]] for i, j in within], axis=0)
        times = np.array([used[block] for block in options])
        order = np.lexsort((rng.random(len(rows)), times, pairs, loads.sum(axis=1), loads.max(axis=1)))
        block = options[order[0]]
        used[block] += 1
        load[list(block)] += 1
        for i, j in combinations(block, 2):
            met[i, j] += 1
        blocks.append(block)
    return blocks


def _subsets(n_raters: int, per_clip: int) -> list[tuple[int, ...]] | None:
    if comb(n_raters, per_clip) > MOST_SUBSETS:
        return None
    return list(combinations(range(n_raters), per_clip))


def _drawn(load: np.ndarray, per_clip: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Some subsets of the raters who rated least, where there are too many to look at all."""
    options = []
    for _ in range(200):
        order = np.lexsort((rng.random(load.size), load))
        options.append(tuple(sorted(int(item) for item in order[:per_clip])))
    return options


def _described(blocks: list[tuple[int, ...]], n_raters: int) -> Design:
    load = Counter(rater for block in blocks for rater in block)
    per_rater = tuple(load[rater] for rater in range(n_raters))
    met = Counter(pair for block in blocks for pair in combinations(block, 2))
    pairs = [met[pair] for pair in combinations(range(n_raters), 2)]
    few, most = min(pairs), max(pairs)
    return Design(tuple(blocks), per_rater, (few, most), few == most and len(set(per_rater)) == 1)
