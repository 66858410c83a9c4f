"""A file that was not there before: written whole, or not at all."""

from __future__ import annotations

from pathlib import Path

from emostats.errors import UsageError, hindrance


def write_new(path: Path, content: bytes | str) -> Path:
    """Writes a new file, text as UTF-8 with the line ends it has. Where that fails, nothing of it stays.

    Raises
    ------
    UsageError: there is something of that name already, or it cannot be written.
    """
    raw = content.encode("utf-8") if isinstance(content, str) else content
    try:
        stream = path.open("xb")
    except FileExistsError:
        raise UsageError(f"'{path}' exists already; nothing is overwritten. Give another name.") from None
    except OSError as error:
        raise UsageError(f"'{path}' cannot be written: {hindrance(path, error)}") from error
    try:
        with stream:
            stream.write(raw)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise UsageError(f"'{path}' cannot be written: {hindrance(path, error)}") from error
        raise
    return path
