"""Paths of a study file stay in the study folder: no way out by ``..``, by an absolute path or by a link."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath


class OutsideError(ValueError):
    """A path leads out of the study folder; the message says how."""


def inside(folder: Path, written: str) -> Path:
    """The file that `written` names, relative to the study folder. It need not exist.

    Raises
    ------
    OutsideError: the path is absolute, climbs out by ``..``, or is a link to somewhere else.
    """
    windows, posix = PureWindowsPath(written), PurePosixPath(written)
    if not written.strip() or "\0" in written:
        raise OutsideError("a path must name a file")
    if windows.drive or windows.root or posix.is_absolute() or written.startswith("~"):
        raise OutsideError("the path is absolute; paths are relative to the study file")
    if ".." in windows.parts:
        raise OutsideError("the path leaves the study folder by '..'")
    path = folder.joinpath(*windows.parts)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise OutsideError("the path is a link that leaves the study folder")
    return path
