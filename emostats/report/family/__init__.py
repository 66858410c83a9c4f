"""The page for families: the same estimates in plain words, with a grade of the evidence and its limits."""

from __future__ import annotations

from emostats.report.family.page import SECTIONS
from emostats.report.family.readability import grade

__all__ = ["SECTIONS", "grade"]
