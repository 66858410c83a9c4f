"""Finds `templates/`, `data_schema/` and the bundled analysis, in a checkout and in a wheel alike."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_NAMES = ("templates", "data_schema", "analyses")


def resource(name: str) -> Path:
    """The folder of a top-level resource: ``"templates"``, ``"data_schema"`` or ``"analyses"``.

    In an installed wheel it lies inside the package, in a checkout beside it.

    Raises
    ------
    FileNotFoundError: the installation lacks the folder.
    """
    if name not in _NAMES:
        raise FileNotFoundError(f"emostats has no resource folder {name!r}; there are {', '.join(_NAMES)}")
    for folder in (_PACKAGE / "_resources" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"this installation of emostats lacks the folder {name!r}; install it again")
