"""The weights that travel with the package, by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from emostats.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from emostats.inference.network import LandmarkNet
    from emostats.inference.weights.files import Card

FOLDER = Path(__file__).resolve().parent


def names() -> tuple[str, ...]:
    """The names that `load` knows."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.safetensors")))


def load(name: str) -> tuple[LandmarkNet, Card]:
    """A shipped network and its model card; the weights are checked against the card's SHA-256.

    Raises
    ------
    UsageError: no such name, or the extra ``inference`` is not installed.
    ModelFileError: the weights are not those of the card.
    """
    from emostats.inference.weights.files import read

    return read(_place(name))


@cache
def sha256_of(name: str) -> str:
    """SHA-256 of the weights as the card states it; needs no torch. UsageError: no such name."""
    import json

    return str(json.loads((FOLDER / f"{_place(name).name}.json").read_bytes())["sha256"])


def _place(name: str) -> Path:
    if name not in names():
        raise UsageError(f"emostats ships no weights '{name}'. {did_you_mean(name, names())}")
    return FOLDER / name
