"""Turns errors into one message on standard error and an exit code, never a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from emostats.cli.codes import Exit
from emostats.cli.console import JSON, put_json, say


class EmostatsGroup(TyperGroup):
    """The root of the commands."""

    def invoke(self, ctx: Any) -> Any:
        """Runs a command and maps what it raises."""
        from emostats.errors import EmostatsError, UsageError

        asked = ctx.find_root().meta
        try:
            return super().invoke(ctx)
        except EmostatsError as error:
            report(error, as_json=bool(asked.get(JSON)))
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            say("Stopped. Nothing was written that looks complete.")
            raise typer.Exit(Exit.INTERRUPTED) from None
        except BrokenPipeError:
            raise
        except OSError as error:
            report(UsageError(_in_words(error)), as_json=bool(asked.get(JSON)))
            raise typer.Exit(Exit.USAGE) from None


def _in_words(error: OSError) -> str:
    """The file, what happened, and what to do."""
    from emostats.errors import hindrance

    if isinstance(error.filename, str | Path):
        return f"'{error.filename}' cannot be read or written: {hindrance(error.filename, error)}"
    return f"A file or a device failed: {hindrance('', error)}"


def report(error: Any, *, as_json: bool) -> None:
    """An error in words, with all its findings; as JSON on standard output where that was asked for."""
    from dataclasses import asdict

    from emostats.cli.listing import shortened

    found = getattr(error, "findings", ())
    say("\n".join([error.heading, *shortened(found)]) if found else str(error))
    if any(finding.rule == "file-unreadable" and "study file" in finding.message for finding in found):
        say("To start a study file: emostats init WORKBOOK. To look around first: emostats demo.")
    if as_json:
        findings = [asdict(finding) for finding in getattr(error, "findings", ())]
        heading = getattr(error, "heading", None) or str(error)
        put_json({"error": heading, "exit_code": error.exit_code, "findings": findings})
