"""The six forms of the intraclass correlation, their two sets of names, and the Spearman–Brown step.

McGraw & Wong (1996, Psychological Methods 1:30–46, Table 4) name a form by its definition, Shrout & Fleiss
(1979, Psychological Bulletin 86:420–428) by their case number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from emostats.errors import UsageError, did_you_mean

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Form:
    """One form.

    Attributes
    ----------
    name: McGraw & Wong's name. alias: Shrout & Fleiss' name.
    model: ``"one-way"`` (raters differ from target to target, or are unknown) or ``"two-way"``.
    definition: ``"agreement"`` (rater differences count as error) or ``"consistency"`` (they do not).
    average: whether the form is about the mean of the k raters.
    """

    name: str
    alias: str
    model: str
    definition: str
    average: bool

    @property
    def key(self) -> str:
        """``"1"``, ``"A"`` or ``"C"``: the family of the form."""
        return "1" if self.model == "one-way" else self.definition[0].upper()

    @property
    def single(self) -> Form:
        """The form of the same family for one rating."""
        return next(form for form in FORMS if form.key == self.key and not form.average)


FORMS: tuple[Form, ...] = (
    Form("ICC(1)", "ICC(1,1)", "one-way", "agreement", False),
    Form("ICC(A,1)", "ICC(2,1)", "two-way", "agreement", False),
    Form("ICC(C,1)", "ICC(3,1)", "two-way", "consistency", False),
    Form("ICC(k)", "ICC(1,k)", "one-way", "agreement", True),
    Form("ICC(A,k)", "ICC(2,k)", "two-way", "agreement", True),
    Form("ICC(C,k)", "ICC(3,k)", "two-way", "consistency", True),
)

FAMILIES: tuple[str, ...] = ("1", "A", "C")


def find_form(name: str) -> Form:
    """The form with this name in either convention, e.g. ``"ICC(A,1)"`` or ``"ICC(2,1)"``.

    Raises
    ------
    UsageError: no form has this name.
    """
    wanted = name.replace(" ", "").casefold()
    for form in FORMS:
        if wanted in (form.name.casefold(), form.alias.casefold()):
            return form
    names = [form.name for form in FORMS] + [form.alias for form in FORMS]
    raise UsageError(f"There is no form '{name}' of the ICC. {did_you_mean(name, names)}")


@overload
def spearman_brown(rho: float, m: float) -> float: ...
@overload
def spearman_brown(rho: Array, m: float) -> Array: ...
def spearman_brown(rho: float | Array, m: float) -> float | Array:
    """Reliability of the mean of `m` ratings when one has reliability `rho` (NaN where it is undefined)."""
    denominator = 1.0 + (m - 1.0) * np.asarray(rho, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        stepped = np.where(np.abs(denominator) < 1e-12, np.nan, m * np.asarray(rho) / denominator)
    return float(stepped) if np.ndim(rho) == 0 else stepped


def single_from_average(rho: float, k: int) -> float:
    """The single-rating reliability whose Spearman–Brown step to k ratings is `rho`."""
    return rho / (k - (k - 1) * rho)
