"""The language of a report: gettext catalogs for words, Babel's data for numbers and dates.

English is written in the source. A catalog is a folder ``locale/<language>/LC_MESSAGES`` with ``emostats.po``
and ``emostats.mo``. What a catalog does not have stays English.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from emostats.errors import UsageError, did_you_mean
from emostats.render import rounding

LOCALE = Path(__file__).with_name("locale")
DOMAIN = "emostats"
SOURCE = "en"

_BRACES = re.compile(r"\{(\w+)\}")
_HAN, _LATIN = "\u3400-\u9fff", "A-Za-z0-9"
_EDGES = re.compile(rf"(?<=[{_HAN}])(?=[{_LATIN}])|(?<=[{_LATIN}])(?=[{_HAN}])")
_WITHOUT_BLANKS = ("zh", "ja")
_LANGUAGE: ContextVar[str] = ContextVar("_LANGUAGE", default=SOURCE)
_ENGLISH = gettext.NullTranslations()
_SPOKEN: ContextVar[gettext.NullTranslations] = ContextVar("_SPOKEN", default=_ENGLISH)


def languages() -> tuple[str, ...]:
    """The languages a report can be written in: English, and those with a catalog."""
    found = sorted(path.parent.parent.name for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
    return (SOURCE, *found)


def _(message: str, /, **values: Any) -> str:
    """`message` in the language of the report, with `values` in its braces."""
    spoken = _SPOKEN.get().gettext(message)
    return _spaced(spoken.format(**values)) if values else spoken


def _spaced(text: str) -> str:
    """A blank between Chinese and Latin letters, where the language writes without blanks."""
    return _EDGES.sub(" ", text) if _LANGUAGE.get() in _WITHOUT_BLANKS else text


def speaks_english() -> bool:
    """Whether the report is in the language that emostats itself writes."""
    return _LANGUAGE.get() == SOURCE


def woven(message: str, /, **values: Any) -> tuple[Any, ...]:
    """`message` in the language of the report, with texts, numbers that keep their source, or tuples of both
    where its braces are: the pieces of a paragraph in the order of that language."""
    parts: list[Any] = []
    for position, piece in enumerate(_BRACES.split(_(message))):
        found = values[piece] if position % 2 else piece
        for part in found if isinstance(found, tuple) else (found,):
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            elif part != "":
                parts.append(part)
    return tuple(_spaced(part) if isinstance(part, str) else part for part in parts)


def joined(items: Sequence[str]) -> str:
    """``"a, b and c"`` as the language of the report lists things."""
    if len(items) < 2:
        return "".join(items)
    return _("{several} and {last}").format(several=_(", ").join(items[:-1]), last=items[-1])


def listed(items: Iterable[str]) -> str:
    """``"a; b; c"`` as the language of the report lists longer things."""
    return _("; ").join(items)


def told_of(what: str, told: str) -> str:
    """``"what: told"`` as the language of the report writes a colon."""
    return _("{what}: {told}", what=what, told=told)


def with_unit(label: str, unit: str) -> str:
    """``"Change (points)"``; the label alone where there is no unit."""
    return _("{label} ({unit})", label=label, unit=unit) if unit else label


def n_children(n: float) -> str:
    """``"1 child"``, ``"179 children"``."""
    return _("{n} child", n="1") if n == 1 else _("{n} children", n=rounding.count(n))


def ended(text: str) -> str:
    """`text` with a full stop."""
    return text + _(".")


def stopped(text: str) -> str:
    """`text` as a sentence: with a capital letter and a full stop, unless it has one."""
    sentence = text[:1].upper() + text[1:]
    return sentence if sentence.endswith((".", _("."))) else ended(sentence)


def sentences(*texts: str) -> str:
    """Sentences one after the other, with a blank between them where the language has one; empty ones are
    left out."""
    return between_sentences().join(text for text in texts if text)


def between_sentences() -> str:
    """The blank between two sentences, where the language has one."""
    return "" if _LANGUAGE.get() in _WITHOUT_BLANKS else " "


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Words and numbers in `language` within the block.

    Raises
    ------
    UsageError: there is no catalog of this language.
    """
    if language not in languages():
        raise UsageError(f"there is no report in '{language}'. {did_you_mean(language, languages())}")
    catalog = _ENGLISH
    if language != SOURCE:
        catalog = gettext.translation(DOMAIN, LOCALE, [language])
    words, name = _SPOKEN.set(catalog), _LANGUAGE.set(language)
    try:
        with rounding.written_in(language):
            yield
    finally:
        _SPOKEN.reset(words)
        _LANGUAGE.reset(name)
