"""What looks like it names a person: e-mail, telephone number, date, address, ID number, name.

Patterns find what has a form. A bare name has none, so names are found by their titles and by the headers of
the columns they stand in; whoever knows the names can give them as words to look for.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType

EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
PHONE = re.compile(r"(?<![\w.+-])(?:\+\d{1,3}[ -]?(?:\d[ -]?){7,12}\d|1[3-9]\d{9})(?![\w.])")
_PHONE_NAMED = re.compile(
    r"(?i)\b(?:tel|phone|mobile|fax|telefon|handy|电话|手机)[.: ]*\(?\+?\d[\d ()/-]{5,}\d"
)
_ADDRESS = re.compile(
    r"\b\d{1,4}[a-z]?,? (?:[A-Z][\w'-]+ ){1,3}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Drive|Court|Way)\b"
    r"|\b[A-ZÄÖÜ][\wäöüß-]+(?:stra(?:ß|ss)e|str\.|weg|platz|gasse|allee) \d{1,4}[a-z]?\b"
    r"|[\u4e00-\u9fff]{2,}(?:路|街|弄)\d+号"
)
_POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b")
_ID_NUMBER = re.compile(
    r"(?<![\w.])(?:\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dXx]|\d{3}-\d{2}-\d{4}"
    r"|\d{3} \d{3} \d{4})(?![\w.])"
)
"""Chinese resident numbers (with the birth date inside), US social security and UK NHS numbers as written."""
_TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Frau|Mme|Mlle)\.? [A-ZÄÖÜ][\w'-]+")
_CHILD_NAMED = re.compile(
    r"\b(?i:my (?:son|daughter)|called|named|name is|mother of|father of) [A-Z][a-z]{2,}\b"
)
_DATE = re.compile(
    r"(?<![\w.-])(?:(?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[./](?:0?[1-9]|1[0-2])[./](?:19|20)\d{2}"
    r"|(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])/(?:19|20)\d{2})(?![\w])"
)

PATTERNS: Mapping[str, tuple[re.Pattern[str], ...]] = MappingProxyType(
    {
        "e-mail address": (EMAIL,),
        "telephone number": (PHONE, _PHONE_NAMED),
        "postal address": (_ADDRESS, _POSTCODE),
        "ID number": (_ID_NUMBER,),
        "name of a person": (_TITLE, _CHILD_NAMED),
    }
)
"""What it looks like → the forms it has."""
DATE = "exact date"

_HEADERS: tuple[tuple[str, str], ...] = (
    ("network address", r"\bip\b|ip address|device id"),
    ("e-mail address", r"e-?mail"),
    ("telephone number", r"phone|telefon|\btel\b|mobile|handy|电话|手机"),
    ("postal address", r"address|adresse|street|postcode|post code|\bzip\b|\bplz\b|wohnort|地址"),
    ("birth date", r"birth|\bdob\b|geburt|出生"),
    (
        "ID number",
        r"\bssn\b|social security|passport|\bnhs\b|insurance|versicher|medical record|\bmrn\b|身份证",
    ),
    ("place", r"latitude|longitude|\bgps\b"),
    ("name of a person", r"\bname\b|surname|first ?name|last ?name|vorname|nachname|姓名|initials"),
)


def header_kind(header: str) -> str:
    """What a column with this header holds of a person, ``""`` if nothing is known."""
    text = re.sub(r"[_.]+", " ", header).casefold()
    return next((kind for kind, pattern in _HEADERS if re.search(pattern, text)), "")


def kinds_in(text: str, *, dates: bool = False) -> dict[str, tuple[str, ...]]:
    """What stands in a text: kind → the places found, in order. Exact dates only when asked for."""
    patterns = {**PATTERNS, **({DATE: (_DATE,)} if dates else {})}
    found = {
        kind: tuple(match for pattern in forms for match in pattern.findall(text))
        for kind, forms in patterns.items()
    }
    return {kind: matches for kind, matches in found.items() if matches}


def words_in(words: Collection[str], text: str) -> tuple[str, ...]:
    """Those of the words that stand in a text as whole words; digits and short words do not count."""
    present = set(re.findall(r"[\w-]+", text))
    telling = [word for word in words if len(word) > 2 and not word.isdigit()]
    return tuple(
        word for word in telling if word in present or (not re.fullmatch(r"[\w-]+", word) and word in text)
    )
