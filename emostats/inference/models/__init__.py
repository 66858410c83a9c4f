"""The face models that travel with the package: found by name, checked by hash, run on one thread.

Three of the four files are the parts of MediaPipe's Face Landmarker bundle, the fourth is its full-range face
detector. ``models.json`` names origin and hash of each, ``NOTICE`` the licence (Apache-2.0).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emostats.inference.errors import ModelFileError, need

FOLDER = Path(__file__).resolve().parent


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Name of each model file → its entry in ``models.json``: sha256, model, licence, model_card, origin."""
    entries: dict[str, dict[str, str]] = json.loads((FOLDER / "models.json").read_text(encoding="utf-8"))
    return entries


@cache
def content(name: str) -> bytes:
    """The bytes of a model file, checked against the hash on record.

    Raises
    ------
    ModelFileError: the file is missing or differs from the one that was tested.
    """
    path = FOLDER / name
    try:
        found = path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"{path}: the model file cannot be read ({error}). Install emostats again."
        ) from None
    digest, expected = sha256(found).hexdigest(), catalogue()[name]["sha256"]
    if digest != expected:
        raise ModelFileError(f"{path}: expected SHA-256 {expected}, found {digest}. Install emostats again.")
    return found


class Model:
    """A TFLite model on one thread of the CPU.

    One thread, because several processes score several videos faster than several threads score one.
    """

    def __init__(self, name: str) -> None:
        interpreter = need("ai_edge_litert.interpreter").Interpreter
        with _silent():
            self._interpreter = interpreter(model_content=content(name), num_threads=1)
            self._interpreter.allocate_tensors()
        (entry,) = self._interpreter.get_input_details()
        self._input: int = entry["index"]
        self.input_shape: tuple[int, ...] = tuple(int(size) for size in entry["shape"])
        self._outputs = {
            tuple(int(size) for size in each["shape"]): each["index"]
            for each in reversed(self._interpreter.get_output_details())
        }

    def __call__(self, values: NDArray[np.float32]) -> dict[tuple[int, ...], NDArray[np.float32]]:
        """Runs the model once. Returns its output tensors by their shape."""
        self._interpreter.set_tensor(self._input, values)
        self._interpreter.invoke()
        return {shape: self._interpreter.get_tensor(index) for shape, index in self._outputs.items()}


@contextmanager
def _silent() -> Iterator[None]:
    """Keeps the runtime's remark about its kernels off standard error; Python's own messages come after."""
    saved, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nothing)


def fingerprint() -> str:
    """One hash over all face models: results that were kept are used again only with the same models."""
    digests = "".join(entry["sha256"] for _, entry in sorted(catalogue().items()))
    return sha256(digests.encode()).hexdigest()


def versions() -> dict[str, Any]:
    """Name → SHA-256 of every face model, for the record of a run."""
    return {name: entry["sha256"] for name, entry in catalogue().items()}
