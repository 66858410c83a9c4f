"""Writes scores and frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from emostats.errors import UsageError
from emostats.inference.batch import IDS, Scored
from emostats.inference.files import complete


def write_scores(table: pd.DataFrame, path: Path) -> None:
    """The table of scores as CSV (UTF-8); missing numbers are blank, numbers have full precision."""
    with complete(path) as unfinished:
        table.to_csv(unfinished, index=False, lineterminator="\n")


def write_text(text: str, path: Path) -> None:
    """A text file in UTF-8."""
    with complete(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


@contextmanager
def frame_writer(path: Path) -> Iterator[Callable[[Scored], None]]:
    """A function that appends the frames of a session to a CSV or Parquet file, by the ending of its name.

    Columns: the session's IDs, VIDEO, the table of frames, VALENCE and EXPRESSION. Sessions without frames
    add no row. The file appears when the block is left without an error. If it cannot be written (disk full),
    the function does nothing from then on, so that the other sessions are scored; leaving the block says so.

    Raises
    ------
    UsageError: the name ends neither in .csv nor in .parquet, or pyarrow is missing. OutputError: see above.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise UsageError(f"{path}: frames are written to a .csv or .parquet file, found '{path.suffix}'.")
    sinks: dict[str, Callable[[Path], _Csv | _Parquet]] = {".csv": _Csv, ".parquet": _Parquet}
    broken: list[OSError] = []

    def keep(scored: Scored) -> None:
        try:
            if scored.frames is not None and not broken:
                sink.append(_with_ids(scored))
        except OSError as error:
            broken.append(error)

    with complete(path) as unfinished, sinks[path.suffix](unfinished) as sink:
        yield keep
        if broken:
            raise broken[0]


def _with_ids(scored: Scored) -> pd.DataFrame:
    """Frames under the names of their session, ready to be stacked."""
    table, session = scored.frames, scored.session
    if table is None or scored.result is None:
        return pd.DataFrame()
    derived = scored.result.frames
    table = table.assign(VALENCE=derived["VALENCE"], EXPRESSION=derived["EXPRESSION"].astype(object))
    ids = (session.child, session.session, session.visit, session.video.name)
    for place, (name, value) in enumerate(zip((*IDS[:3], "VIDEO"), ids, strict=True)):
        table.insert(place, name, value)
    return table


class _Csv:
    """Appends tables to a CSV file; the first one gives the heading."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("w", encoding="utf-8", newline="")
        self._begun = False

    def __enter__(self) -> _Csv:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stream.close()

    def append(self, table: pd.DataFrame) -> None:
        """Writes the rows of one session."""
        table.to_csv(self._stream, index=False, header=not self._begun, lineterminator="\n")
        self._begun = True


class _Parquet:
    """Appends tables to a Parquet file, one row group each."""

    def __init__(self, path: Path) -> None:
        try:
            self._arrow, self._parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
        except ImportError:
            raise UsageError(
                "Parquet files need the package pyarrow. "
                'Install it with: pip install "emostats[parquet]", or choose a .csv file.'
            ) from None
        self._path = path
        self._writer: Any = None

    def __enter__(self) -> _Parquet:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def append(self, table: pd.DataFrame) -> None:
        """Writes the rows of one session."""
        rows = self._arrow.Table.from_pandas(table, preserve_index=False, schema=self._schema(table))
        if self._writer is None:
            self._writer = self._parquet.ParquetWriter(self._path, rows.schema)
        self._writer.write_table(rows)

    def _schema(self, table: pd.DataFrame) -> Any:
        """Types by name, so that a session in which nothing was seen has the same as the others."""
        kinds = {"i": self._arrow.int64(), "f": self._arrow.float64()}
        return self._arrow.schema(
            [(name, kinds.get(table[name].dtype.kind, self._arrow.string())) for name in table.columns]
        )
