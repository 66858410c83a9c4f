"""The language of a report: gettext catalogs for words, Babel's data for numbers and dates.

English is written in the source. A catalog is a folder ``locale/<language>/LC_MESSAGES`` with ``emostats.po``
and ``emostats.mo``. What a catalog does not have stays English.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from emostats.errors import UsageError, did_you_mean
from emostats.render import rounding

LOCALE = Path(__file__).with_name("locale")
DOMAIN = "emostats"
SOURCE = "en"

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
    return spoken.format(**values) if values else spoken


def joined(items: list[str] | tuple[str, ...]) -> str:
    """``"a, b and c"`` as the language of the report lists things."""
    if len(items) < 2:
        return "".join(items)
    return _("{several} and {last}", several=_(", ").join(items[:-1]), last=items[-1])


def sentences(*texts: str) -> str:
    """Sentences one after the other, with a blank between them where the language has one; empty ones are
    left out."""
    blank = "" if _LANGUAGE.get() in _WITHOUT_BLANKS else " "
    return blank.join(text for text in texts if text)


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
