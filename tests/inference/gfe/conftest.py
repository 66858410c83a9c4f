"""Made films in the form of the Grammatical Facial Expressions: two signers raise their brows at times."""

from __future__ import annotations

import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emostats.inference.sequences import Recording
from emostats.inference.sequences.gfe_points import mean_face

BROWS = np.r_[16:36, 90:100]
MOUTH = np.r_[48:68]


def make_film(
    subject: str, expression: str, *, n_episodes: int = 6, seed: int = 0, size: float = 30.0
) -> Recording:
    """Made film: 20 frames an episode, 8 of them with the expression, at 16 frames a second."""
    rng = np.random.default_rng(seed)
    labels = np.tile(np.r_[np.zeros(8), np.ones(8), np.zeros(4)], n_episodes).astype(np.int64)
    raised = np.convolve(labels, np.ones(3) / 3, mode="same")
    face = np.concatenate([mean_face(), np.full((100, 1), 900.0)], axis=1)
    points = np.tile(face, (len(labels), 1, 1))
    moved = BROWS if expression.startswith("brow") else MOUTH
    points[:, moved, 1] -= 0.15 * raised[:, None]
    points[..., :2] = 300 + size * (points[..., :2] + 0.01 * rng.standard_normal((len(labels), 100, 2)))
    times = 1000.0 + np.arange(len(labels)) / 16
    return Recording(subject, expression, times, points, labels)


def write_film(folder: Path, film: Recording, ending: str = ".txt.xz") -> None:
    """The two files of a film, as the publishers write them (milliseconds without leading zeros)."""
    header = "0.0 " + " ".join(f"{k}{axis}" for k in range(100) for axis in "xyz")
    lines = [header]
    for time, points in zip(film.times, film.points, strict=True):
        whole, thousandths = divmod(round(time * 1000), 1000)
        values = " ".join(f"{value:.3f}" for value in points.ravel())
        lines.append(f"{whole}.{thousandths} {values}")
    _write(folder / f"{film.name}_datapoints{ending}", "\n".join(lines) + "\n")
    _write(folder / f"{film.name}_targets{ending}", "\n".join(map(str, film.labels)) + "\n")


def _write(path: Path, text: str) -> None:
    data = text.encode()
    path.write_bytes(lzma.compress(data, preset=0) if path.suffix == ".xz" else data)


@pytest.fixture
def film() -> Callable[..., Recording]:
    return make_film


@pytest.fixture
def write() -> Callable[..., None]:
    return write_film


@pytest.fixture(scope="session")
def films_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two signers, two expressions complete, a third of which one signer has labels only."""
    folder = tmp_path_factory.mktemp("films")
    for number, subject in enumerate(("p", "q")):
        for other, expression in enumerate(("brow_raise", "mouth_up")):
            write_film(
                folder, make_film(subject, expression, seed=10 * number + other, size=25 + 10 * number)
            )
    write_film(folder, make_film("p", "brow_topic", seed=5))
    _write(folder / "q_brow_topic_targets.txt.xz", "0\n1\n")
    return folder
