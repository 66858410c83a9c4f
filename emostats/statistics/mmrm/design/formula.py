"""A model formula, split into response, terms, offsets and the covariance term.

`AVAL ~ AVISIT * ARMCD + us(AVISIT | USUBJID)`: the call with the bar names the covariance structure, the
visit variable, the optional group and the subject; the rest is an R-like Wilkinson formula, parsed by
formulaic once per text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from formulaic import Formula

from emostats.errors import UsageError, did_you_mean

_BAR_CALL = re.compile(r"(?P<sign>[+~])\s*(?P<name>\w+)\s*\((?P<inside>[^()|]*\|[^()]*)\)")
_DOT = re.compile(r"(?<![\w.`)\]])\.(?![\w.`])")


@dataclass(frozen=True)
class CovarianceTerm:
    """`structure(positions | group / subject)`; `positions` is one visit variable or the coordinates."""

    structure: str
    positions: tuple[str, ...]
    subject: str
    group: str | None = None

    def __str__(self) -> str:
        group = f"{self.group} / " if self.group else ""
        return f"{self.structure}({', '.join(self.positions)} | {group}{self.subject})"


@dataclass(frozen=True)
class ModelFormula:
    """A parsed model formula.

    Attributes
    ----------
    text: as given. response: the expression left of the tilde.
    terms: fixed effects, each a tuple of factor expressions; by degree, then as written (as R orders them).
    intercept: whether the model has one. offsets: expressions inside ``offset()``.
    covariance: the covariance term.
    """

    text: str
    response: str
    terms: tuple[tuple[str, ...], ...]
    intercept: bool
    offsets: tuple[str, ...]
    covariance: CovarianceTerm


def parse_formula(text: str, structures: tuple[str, ...] = ()) -> ModelFormula:
    """Parse a model formula with exactly one covariance term.

    Raises
    ------
    UsageError: no or several covariance terms, an unknown structure, or a formula that cannot be parsed.
    """
    if not isinstance(text, str):
        raise UsageError(
            f"The formula should be a text such as 'AVAL ~ AVISIT + us(AVISIT | USUBJID)'; "
            f"found {type(text).__name__}."
        )
    return parse_once(text, structures)


@lru_cache(maxsize=256)
def parse_once(text: str, structures: tuple[str, ...]) -> ModelFormula:
    """`parse_formula` of a text, remembered."""
    fixed, covariance = _split_covariance(text, structures)
    response, terms, intercept, offsets = _parse_fixed(fixed, text)
    return ModelFormula(text, response, terms, intercept, offsets, covariance)


def _split_covariance(text: str, structures: tuple[str, ...]) -> tuple[str, CovarianceTerm]:
    if text.count("~") != 1:
        raise UsageError(f"A model formula has one '~' between outcome and effects; found: {text!r}.")
    calls = list(_BAR_CALL.finditer(text))
    if len(calls) != 1:
        raise UsageError(
            f"A model formula needs exactly one covariance term such as us(AVISIT | USUBJID); "
            f"found {len(calls)} in {text!r}."
        )
    call = calls[0]
    covariance = _parse_covariance(call["name"], call["inside"])
    if structures and covariance.structure not in structures:
        raise UsageError(
            f"Unknown covariance structure '{covariance.structure}' in {text!r}. "
            f"{did_you_mean(covariance.structure, structures)}"
        )
    rest = text[: call.start()] + ("~" if call["sign"] == "~" else "") + text[call.end() :]
    rest = re.sub(r"~\s*\+", "~", rest)
    return (rest + "1" if rest.rstrip().endswith("~") else rest), covariance


def _parse_covariance(name: str, inside: str) -> CovarianceTerm:
    left, _, right = inside.partition("|")
    positions = tuple(part.strip().strip("`") for part in left.split(",") if part.strip())
    sides = [part.strip().strip("`") for part in right.split("/")]
    if not positions or not all(sides) or len(sides) > 2:
        raise UsageError(
            f"The covariance term {name}({inside}) should read {name}(visit | subject) "
            f"or {name}(visit | group / subject)."
        )
    return CovarianceTerm(name, positions, sides[-1], sides[0] if len(sides) == 2 else None)


def _response(text: str) -> str:
    """The outcome as written: a column, or one call such as log(AVAL) or I(AVAL - BASE)."""
    left = text.partition("~")[0].strip()
    if re.fullmatch(r"`[^`]+`", left):
        return left[1:-1]
    if not re.fullmatch(r"[\w.]+(\(.*\))?", left, re.DOTALL):
        raise UsageError(
            f"The outcome should be a column or a call such as log(AVAL); found {left!r}. "
            f"Write arithmetic inside I(): I({left})."
        )
    return left


def plain(error: Exception) -> str:
    """A parser's message in one line without marks for a terminal."""
    text = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error))
    return " ".join(text.split())


def _taken_away_too(fixed: str) -> list[tuple[str, ...]]:
    """The terms as written, those taken away by a minus included; none when the formula has no minus.

    R orders the factors within an interaction as the whole formula first names them: ``A * B - A`` has A:B.
    """
    depth, quoted, added = 0, False, ""
    for sign in fixed:
        quoted ^= sign == "`"
        depth += (sign == "(") - (sign == ")")
        added += "+" if sign == "-" and not depth and not quoted else sign
    if added == fixed:
        return []
    return [tuple(factor.expr for factor in term.factors) for term in Formula(added, _ordering="none").rhs]


def _parse_fixed(fixed: str, text: str) -> tuple[str, tuple[tuple[str, ...], ...], bool, tuple[str, ...]]:
    if not fixed.partition("~")[0].strip():
        raise UsageError(f"A model formula names its outcome left of '~'; found nothing there in {text!r}.")
    if _DOT.search(fixed.partition("~")[2]):
        raise UsageError(f"'.' for all other columns is not known here; name the effects of {text!r}.")
    try:
        parsed = Formula(fixed, _ordering="none")
        left, right = list(parsed.lhs), list(parsed.rhs)
    except Exception as error:
        raise UsageError(f"The formula {text!r} cannot be read: {plain(error)}") from error
    if len(left) != 1:
        raise UsageError(
            f"A model formula has exactly one outcome on its left; found {len(left)} in {text!r}."
        )
    factors = [tuple(factor.expr for factor in term.factors) for term in right]
    intercept = ("1",) in factors
    offsets = tuple(f[0][7:-1].strip() for f in factors if len(f) == 1 and f[0].startswith("offset("))
    effects = [f for f in factors if f != ("1",) and f != ("0",) and not f[0].startswith("offset(")]
    written = [*_taken_away_too(fixed), *effects]
    order = {expression: rank for rank, expression in enumerate(dict.fromkeys(e for f in written for e in f))}
    sorted_terms = sorted((tuple(sorted(f, key=order.__getitem__)) for f in effects), key=len)
    return _response(text), tuple(dict.fromkeys(sorted_terms)), intercept, offsets
