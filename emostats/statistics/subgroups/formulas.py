"""Takes factors out of a model formula, for models of one subgroup and for curves in place of bands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from emostats.statistics.mmrm.design import parse_formula

_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Split:
    """A formula in parts: `response`, `terms` (each a tuple of factors), `covariance`, `intercept`."""

    response: str
    terms: tuple[tuple[str, ...], ...]
    covariance: str
    intercept: bool = True
    more: str = ""

    @property
    def text(self) -> str:
        """The formula."""
        terms = [":".join(term) for term in self.terms]
        fixed = [*([] if self.intercept else ["0"]), *terms, *filter(None, [self.more])]
        return f"{self.response} ~ {' + '.join([*(fixed or ['1']), self.covariance])}"


def split_formula(formula: str) -> Split:
    """The parts of a formula. Raises UsageError if it cannot be read."""
    parsed = parse_formula(formula)
    covariance = str(parsed.covariance)
    offsets = [(f"offset({expression})",) for expression in parsed.offsets]
    return Split(parsed.response, (*parsed.terms, *offsets), covariance, parsed.intercept)


def rebuilt(split: Split, *, without: Sequence[str] = (), more: str = "") -> Split:
    """The same without the terms and the covariance group that name one of `without`; `more` is added."""
    gone = set(without)
    terms = tuple(term for term in split.terms if not gone & set(_names(term)))
    covariance = split.covariance
    group = re.search(r"\|\s*(\w+)\s*/\s*", covariance)
    if group and group[1] in gone:
        covariance = covariance.replace(group[0], "| ")
    return Split(split.response, terms, covariance, split.intercept, more)


def without_factors(formula: str, factors: Iterable[str]) -> str:
    """`formula` without every term that names one of `factors`: the model of one of their levels.

    >>> without_factors("AVAL ~ AVISIT * SEX + SITE + us(AVISIT | SEX / USUBJID)", ["SEX"])
    'AVAL ~ AVISIT + SITE + us(AVISIT | USUBJID)'
    """
    return rebuilt(split_formula(formula), without=tuple(factors)).text


def _names(term: Iterable[str]) -> list[str]:
    return [name for expression in term for name in _NAME.findall(expression)]
