"""Exit codes, so that scripts can tell what happened."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the exit code of ``emostats`` means."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    MODEL = 3
    PRIVACY = 4
    INTERRUPTED = 130


EPILOG = (
    "Exit codes: 0 all went well; 1 the data or a verification have findings; 2 the command or the study "
    "file cannot be used; 3 a model failed, or the report (all other results are written); 4 stopped, "
    "because an output would identify a child. Results go to standard output, messages and progress to "
    "standard error."
)
