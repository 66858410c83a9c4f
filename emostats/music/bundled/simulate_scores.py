"""Simulates the bundled scores: seven minutes of a child who comes agitated; the camera loses the face.

    python -m emostats.music.bundled.simulate_scores FILE

Nobody was filmed. Two scores a second, with a gap of 70 seconds without a face.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

SEED = 90
SECONDS, STEP = 420.0, 0.5


def main(path: Path) -> None:
    """Writes the scores."""
    rng = np.random.default_rng(SEED)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["USUBJID", "SESSION", "TIME", "VALENCE", "AROUSAL", "ENGAGEMENT"])
        error = np.zeros(3)
        for number in range(round(SECONDS / STEP)):
            time = number * STEP
            share = 1.0 - np.exp(-time / 170.0)
            truth = np.array([-0.45 + 0.75 * share, 0.62 - 0.7 * share, 0.45 + 0.3 * share])
            error = 0.8 * error + 0.6 * rng.standard_normal(3) * np.array([0.15, 0.15, 0.08])
            seen = np.clip(truth + error, [-1.0, -1.0, 0.0], 1.0)
            hidden = 190.0 <= time < 260.0 or rng.random() < 0.12
            texts = ["", "", ""] if hidden else [f"{value:.3f}" for value in seen]
            writer.writerow(["DEMO", "simulated", f"{time:g}", *texts])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "scores.csv")
