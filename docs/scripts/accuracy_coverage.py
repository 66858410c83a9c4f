"""Coverage of three intervals for an accuracy with people as clusters: the table of evaluating-the-model.md."""

from __future__ import annotations

import numpy as np

from emostats.statistics.classification import clustered_proportion

SETTINGS = ((6, 10, 0.8, 0.3), (12, 5, 0.9, 0.2), (20, 5, 0.8, 0.3), (72, 2, 0.92, 0.3), (40, 50, 0.7, 0.1))
"""People, rows of each, true accuracy, intraclass correlation."""
N_DATA_SETS = 1500


def covers(right: np.ndarray, who: np.ndarray | None, limits: str, truth: float) -> bool:
    found = clustered_proportion(right, who, limits=limits)
    return bool(found.conf_low <= truth <= found.conf_high)


def main() -> None:
    rng = np.random.default_rng(0)
    for people, rows, truth, icc in SETTINGS:
        who, size = np.repeat(np.arange(people), rows), (1 - icc) / icc
        held = np.zeros(3)
        for _ in range(N_DATA_SETS):
            share = rng.beta(truth * size, (1 - truth) * size, people)
            right = rng.random(people * rows) < share[who]
            held += [covers(right, who, "wilson", truth), covers(right, who, "t", truth),
                     covers(right, None, "wilson", truth)]  # fmt: skip
        print(people, rows, truth, icc, (100 * held / N_DATA_SETS).round(1))


if __name__ == "__main__":
    main()
