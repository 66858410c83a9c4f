"""What the readers of typed files share: the package they need, the size they refuse, cells by columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from emostats.ingest.container import UnreadableError
from emostats.ingest.reader import RawSheet
from emostats.ingest.sheet_xml import MAX_CELLS


def package(name: str, extra: str, what: str) -> Any:
    """The package that reads a kind of file.

    Raises
    ------
    UnreadableError: it is not installed; the action says how to install it.
    """
    try:
        return import_module(name)
    except ImportError:
        message = f"reading {what} needs the package {name.split('.')[0]}, which is not installed."
        raise UnreadableError("missing-extra", message, f'pip install "emostats[{extra}]"') from None


def guarded(read: Callable[[], Any], what: str) -> Any:
    """The result of a reader of another project; whatever it raises means a damaged file.

    Raises
    ------
    UnreadableError: the file cannot be read.
    """
    try:
        return read()
    except (KeyboardInterrupt, SystemExit, MemoryError, UnreadableError):
        raise
    except BaseException as error:  # readers in C and Rust raise what they like
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")
        message = f"expected {what}; it is damaged, was not copied whole, or is another kind ({reason})."
        raise UnreadableError("damaged-file", message, "Export it again and copy it again.") from None


def refuse_large(n_rows: int | None, n_columns: int) -> None:
    """Refuses a file that declares more cells than any table of answers has.

    Raises
    ------
    UnreadableError: with the rule ``file-too-large``.
    """
    if (n_rows or 0) * n_columns > MAX_CELLS:
        message = f"the file was refused: it declares {(n_rows or 0) * n_columns:,} cells."
        raise UnreadableError("file-too-large", message, "Export only the columns and rows of the study.")


def under_names(columns: Mapping[str, Sequence[Any]]) -> RawSheet:
    """Named columns as a sheet: the names in its first row, the values below."""
    sheet = [[name, *values] for name, values in columns.items()]
    return RawSheet(columns=sheet, n_rows=len(sheet[0]) if sheet else 0)
