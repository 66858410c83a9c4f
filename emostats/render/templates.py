"""Copies the report's templates to where someone can change them."""

from __future__ import annotations

import shutil
from pathlib import Path

from emostats.errors import UsageError, hindrance
from emostats.resources import resource


def eject(folder: Path) -> tuple[Path, ...]:
    """Copies templates, style sheet, script and style file into `folder`; the files that were written.

    Raises
    ------
    UsageError: the folder holds one of these files already, or cannot be written. Nothing is overwritten.
    """
    source = resource("templates")
    names = sorted(path.relative_to(source) for path in source.rglob("*") if path.is_file())
    taken = [name.as_posix() for name in names if (folder / name).exists()]
    if taken:
        raise UsageError(
            f"'{folder}' has {taken[0]} already, and nothing is overwritten. Name a new folder, or move the "
            "file away."
        )
    try:
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, folder / name)
    except OSError as error:
        raise UsageError(
            f"the templates cannot be written to '{folder}': {hindrance(folder, error)}"
        ) from error
    return tuple(folder / name for name in names)
