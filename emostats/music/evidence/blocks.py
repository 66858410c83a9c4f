"""Who rates which clip: incomplete blocks, balanced as well as they can be.

With R raters and k ratings a clip, every k-subset of the raters serves equally often as far as the number of
clips allows; where that number is a multiple of the number of subsets, the design is a balanced incomplete
block design (each rater rates equally often, each pair of raters meets equally often; Cochran & Cox 1957,
Experimental Designs, ch. 11). A greedy pass gives the rest to those who rated least and met least, and
exchanges even out who meets whom: seven clips for seven raters, three a clip, come out balanced too.
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
    rest = _greedy(n_clips - len(chosen), n_raters, per_clip, subsets, rng)
    chosen += evened(rest, n_raters, rng)
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


def evened(blocks: list[tuple[int, ...]], n_raters: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    """Blocks whose pairs meet as evenly as exchanges can make them; how often each rater rates is kept.

    Two blocks exchange a rater each; exchanges that make the sum of squared meetings smaller are kept, and at
    first some that do not (simulated annealing, Kirkpatrick, Gelatt & Vecchi 1983, Science 220:671).
    """
    found = [set(block) for block in blocks]
    met = np.zeros((n_raters, n_raters), dtype=int)
    for block in found:
        _meet(met, block, 1)
    heats = np.geomspace(HEAT, 0.1, EXCHANGES if len(blocks) > 1 else 0)
    for heat, luck in zip(heats, rng.random(len(heats)), strict=True):
        if np.ptp(met[np.triu_indices(n_raters, 1)]) <= (_pairs(blocks) % comb(n_raters, 2) > 0):
            break
        first, second = (found[place] for place in rng.choice(len(found), 2, replace=False))
        mine, theirs = sorted(first - second), sorted(second - first)
        if not mine:
            continue
        out, into = mine[rng.integers(len(mine))], theirs[rng.integers(len(theirs))]
        before = (met**2).sum()
        _exchange(met, first, second, out, into)
        if (met**2).sum() - before > -2 * heat * np.log(luck):
            _exchange(met, first, second, into, out)
    return [tuple(sorted(block)) for block in found]


HEAT, EXCHANGES = 2.0, 20_000


def _pairs(blocks: list[tuple[int, ...]]) -> int:
    return sum(comb(len(block), 2) for block in blocks)


def _meet(met: np.ndarray, block: set[int], times: int) -> None:
    for i, j in combinations(block, 2):
        met[i, j] += times
        met[j, i] += times


def _exchange(met: np.ndarray, first: set[int], second: set[int], out: int, into: int) -> None:
    """`out` goes from the first block to the second, and `into` the other way."""
    for block, leaves, comes in ((first, out, into), (second, into, out)):
        block.remove(leaves)
        for other in block:
            met[leaves, other] -= 1
            met[other, leaves] -= 1
            met[comes, other] += 1
            met[other, comes] += 1
        block.add(comes)


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
