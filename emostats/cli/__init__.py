"""The command line: parses arguments, calls the pipeline, prints or writes. `main` is its entry point."""

from __future__ import annotations


def main() -> None:
    """Runs ``emostats``. The exit codes are those of `emostats.cli.codes`."""
    try:
        from emostats.cli.app import app

        app()
    except KeyboardInterrupt:  # while the program is still being loaded
        raise SystemExit(130) from None
