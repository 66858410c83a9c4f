"""The command line: parses arguments, calls the pipeline, prints or writes. `main` is its entry point."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Runs ``emostats``. The exit codes are those of `emostats.cli.codes`."""
    try:
        for stream in (sys.stdout, sys.stderr):
            speak_plainly(stream)
        from emostats.cli.app import app

        app()
    except KeyboardInterrupt:  # while the program is still being loaded
        raise SystemExit(130) from None


def speak_plainly(stream: object) -> None:
    """Lets a stream take every character: files and pipes get UTF-8, a terminal ``?`` for what it lacks.

    Otherwise a dash or a child's name ends the program on systems with a smaller alphabet.
    """
    if not isinstance(stream, io.TextIOWrapper) or stream.encoding.lower().replace("-", "") == "utf8":
        return
    if stream.isatty():
        stream.reconfigure(errors="replace")
    else:
        stream.reconfigure(encoding="utf-8", errors="surrogateescape")
