"""REDCap's branching logic, as far as it can be decided from one row: true, false, or not known (None).

Read are comparisons of ``[field]`` and ``[field(code)]`` with texts and numbers (``= <> != > < >= <=``), and
``and``, ``or``, ``not`` and parentheses. Anything else — functions, fields of other events — is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_TOKEN = re.compile(
    r"\s*(?:(\[[^\[\]]+\](?:\[[^\[\]]+\])*)|(\"[^\"]*\"|'[^']*')|(-?\d+(?:\.\d+)?)|(<>|!=|>=|<=|=|<|>)"
    r"|(\(|\))|(\band\b|\bor\b|\bnot\b|&&|\|\||!))",
    re.I,
)
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": lambda a, b: a > b, "<": lambda a, b: a < b, ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b,
}  # fmt: skip

Row = Callable[[str], str | None]
"""From a column's name to its text in the row; None when there is no such column."""


class _UnknownError(Exception):
    """The expression holds something that is not decided here."""


def holds(logic: str, row: Row) -> bool | None:
    """Whether a field is shown, by its branching logic and the row it stands in; None when not known."""
    if not logic.strip():
        return True
    try:
        parser = _Parser(_tokens(logic), row)
        value = parser.either()
        return value if parser.at_end() else None
    except _UnknownError:
        return None


def _tokens(logic: str) -> list[str]:
    found, position = [], 0
    while position < len(logic.rstrip()):
        match = _TOKEN.match(logic, position)
        if match is None:
            raise _UnknownError
        found.append(match.group(0).strip())
        position = match.end()
    return found


class _Parser:
    """either → both (or both)*; both → negated (and negated)*; negated → [not] (…) or a comparison."""

    def __init__(self, tokens: list[str], row: Row) -> None:
        self._tokens, self._row, self._next = tokens, row, 0

    def at_end(self) -> bool:
        return self._next == len(self._tokens)

    def either(self) -> bool:
        value = self._both()
        while self._take("or", "||"):
            other = self._both()
            value = value or other
        return value

    def _both(self) -> bool:
        value = self._negated()
        while self._take("and", "&&"):
            other = self._negated()
            value = value and other
        return value

    def _negated(self) -> bool:
        if self._take("not", "!"):
            return not self._negated()
        if self._take("("):
            value = self.either()
            if not self._take(")"):
                raise _UnknownError
            return value
        return self._comparison()

    def _comparison(self) -> bool:
        left, operator, right = self._operand(), self._pop(), self._operand()
        if operator == "=":
            return _same(left, right)
        if operator in ("<>", "!="):
            return not _same(left, right)
        if operator not in _COMPARE:
            raise _UnknownError
        numbers = _number(left), _number(right)
        return numbers[0] is not None and numbers[1] is not None and _COMPARE[operator](*numbers)  # type: ignore[arg-type]

    def _operand(self) -> str:
        token = self._pop()
        if token.startswith("["):
            return self._field(token)
        if token[:1] in "\"'" or re.fullmatch(r"-?\d+(\.\d+)?", token):
            return token.strip("\"'")
        raise _UnknownError

    def _field(self, token: str) -> str:
        found = re.fullmatch(r"\[([a-z0-9_]+)(?:\(([^()]+)\))?\]", token, re.I)
        if found is None:
            raise _UnknownError
        name, code = found.groups()
        value = self._row(name if code is None else f"{name}___{code.lower().replace('-', '_')}")
        if value is None:
            raise _UnknownError
        return value

    def _pop(self) -> str:
        if self.at_end():
            raise _UnknownError
        self._next += 1
        return self._tokens[self._next - 1]

    def _take(self, *wanted: str) -> bool:
        if not self.at_end() and self._tokens[self._next].lower() in wanted:
            self._next += 1
            return True
        return False


def _same(left: str, right: str) -> bool:
    numbers = _number(left), _number(right)
    return numbers[0] == numbers[1] if None not in numbers else left == right


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
