"""The weights that travel with the package, by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from emostats.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from emostats.inference.cards import ModelCard
    from emostats.inference.network import LandmarkNet

FOLDER = Path(__file__).resolve().parent


def names() -> tuple[str, ...]:
    """The names that `load` knows."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.safetensors")))


def load(name: str) -> tuple[LandmarkNet, ModelCard]:
    """A shipped network and its model card; the weights are checked against the card's SHA-256.

    Raises
    ------
    UsageError: no such name, or the extra ``inference`` is not installed.
    ModelFileError: the weights are not those of the card.
    """
    from emostats.inference.weights.files import read

    return read(_place(name))


@cache
def card(name: str) -> ModelCard:
    """The model card of shipped weights; needs no torch. UsageError: no such name."""
    from emostats.inference.cards import read_card

    return read_card(FOLDER / f"{_place(name).name}.json")


def _place(name: str) -> Path:
    if name not in names():
        raise UsageError(f"emostats ships no weights '{name}'. {did_you_mean(name, names())}")
    return FOLDER / name
