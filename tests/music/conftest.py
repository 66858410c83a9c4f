"""A small hand-made library and helpers for the music tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from emostats.music.tracks import Library


def hand_made(**columns: Any) -> Library:
    """Five tracks on a line of arousal; any column can be replaced."""
    n = len(next(iter(columns.values()))) if columns else 5
    default: dict[str, Any] = {
        "track": tuple("abcdefgh"[:n]),
        "title": tuple("ABCDEFGH"[:n]),
        "valence": np.zeros(n),
        "arousal": np.linspace(-0.6, 0.6, n),
        "tempo": np.full(n, 100.0),
        "mode": np.ones(n),
        "energy": np.full(n, 0.5),
        "loudness": np.full(n, -20.0),
        "duration": np.full(n, 60.0),
        "brightness": np.full(n, 2000.0),
        "licence": ("CC0",) * n,
        "contraindications": (frozenset(),) * n,
    }
    return Library(**{**default, **columns})


@pytest.fixture
def five() -> Library:
    return hand_made()


@pytest.fixture
def make_library() -> Any:
    return hand_made
