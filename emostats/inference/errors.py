"""What can go wrong with a video, in the user's words, and the message for a missing extra."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from emostats.errors import EmostatsError, UsageError


class VideoError(EmostatsError):
    """A video cannot be read. `reason` is a short stable name, e.g. ``"no-video-stream"``."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class ModelFileError(EmostatsError):
    """A file of weights is missing, or is not the file that was tested."""


def need(module: str) -> Any:
    """Imports a package of the extra ``inference`` when it is first used.

    Raises
    ------
    UsageError: the extra is not installed; the message says how to install it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(
            f"Session videos need the package {module.split('.')[0]!r}, which is not installed ({error}). "
            'Install it with: pip install "emostats[inference]"'
        ) from None


class OutputError(EmostatsError):
    """A result cannot be written: the disk is full, or the folder may not be written."""

    exit_code = 2
