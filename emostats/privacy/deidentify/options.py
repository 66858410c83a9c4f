"""What the user decides about a de-identified copy."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from emostats.privacy.deidentify.columns import Declared
from emostats.study.subgroups import AgeBand


@dataclass(frozen=True)
class Options:
    """How a copy is made.

    Attributes
    ----------
    declared: roles of columns. allowed: headers of free text that is kept (as `columns.plain` gives them).
    shift: a child's dates move by the same −shift … shift days, never 0; 0 leaves dates as they are.
    bands: age bands, youngest first; birth dates become bands, and ages over the last one its top.
    age_on: the day on which ages are taken from birth dates; None: the row's first other date.
    keep_text_columns: declared columns of free text and birth dates stay, without their content, because a
        study file names them.
    """

    declared: Declared = field(default_factory=Declared)
    allowed: frozenset[str] = frozenset()
    shift: int = 182
    bands: tuple[AgeBand, ...] = ()
    age_on: date | None = None
    keep_text_columns: bool = False
