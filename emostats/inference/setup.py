"""Checks before the first video is opened, so that a missing package is said once and not for every video."""

from __future__ import annotations

from emostats.errors import UsageError, did_you_mean
from emostats.inference.choice import RULES
from emostats.inference.errors import need

PACKAGES = ("av", "ai_edge_litert.interpreter", "PIL.Image")


def check_ready(choose: str = "largest") -> None:
    """Nothing if videos can be read.

    Raises
    ------
    UsageError: a package of the extra ``inference`` is missing, or there is no rule `choose`.
    """
    for package in PACKAGES:
        need(package)
    if choose not in RULES:
        raise UsageError(f"There is no rule '{choose}' to choose a face. {did_you_mean(choose, RULES)}")
