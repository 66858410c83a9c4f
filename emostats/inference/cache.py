"""Keeps tables of frames, so that an interrupted or repeated scoring reads each video once.

A kept table holds numbers only: no picture and no point of a face. Its name is a hash of the video's content,
the models and the settings, so that a changed video or model is never served from it.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd

from emostats.inference.files import complete


class FrameCache:
    """Tables of frames in a folder, one compressed file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> pd.DataFrame | None:
        """The table kept under `key`; None if there is none, or it was cut off."""
        try:
            with self._path(key).open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                return pd.DataFrame({name: _text(arrays[name]) for name in arrays.files})
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
            return None

    def put(self, key: str, table: pd.DataFrame) -> None:
        """Keeps a table; it appears under its name only once it is complete.

        Raises
        ------
        OutputError: the disk is full or the folder cannot be written.
        """
        arrays = {str(name): _plain(table[name]) for name in table.columns}
        with complete(self._path(key)) as unfinished, unfinished.open("wb") as stream:
            np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"


def _plain(column: pd.Series) -> np.ndarray:
    """Text as fixed-width text, which needs no pickle."""
    return column.to_numpy() if column.dtype.kind in "if" else column.to_numpy(dtype=str)


def _text(values: np.ndarray) -> np.ndarray:
    return values.astype(object) if values.dtype.kind == "U" else values
