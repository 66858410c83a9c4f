"""Fits text into the room it has: widths by rule of thumb, since the reader's font is not known here."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELLIPSIS = "…"


def clean(text: str) -> str:
    """`text` without the characters that XML forbids (control characters, lone surrogates), on one line."""
    return " ".join(_NOT_XML.sub("\ufffd", str(text)).split())


def width(text: str, size: float) -> float:
    """Width of `text` in pixels at font size `size`, slightly generous for usual sans-serif fonts."""
    return size * sum(map(_em, text))


@lru_cache(4096)
def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if unicodedata.combining(character):
        return 0.0
    if character in "iljtf.,:;|!'() ":
        return 0.36
    if character in "mwMW%—" or character.isupper():
        return 0.8
    return 0.62


def shorten(text: str, room: float, size: float) -> str:
    """`text`, or as much of it as fits `room` pixels with an ellipsis."""
    text = clean(text)
    if width(text, size) <= room:
        return text
    kept = ""
    for character in text:
        if width(kept + character + _ELLIPSIS, size) > room:
            break
        kept += character
    return kept.rstrip() + _ELLIPSIS


def wrap(text: str, room: float, size: float, lines: int = 2) -> tuple[str, ...]:
    """`text` in at most `lines` lines of `room` pixels, broken at spaces; an ellipsis stands for the rest."""
    words = clean(text)[:2000].split(" ")
    done: list[str] = []
    current = ""
    for position, word in enumerate(words):
        candidate = f"{current} {word}".strip()
        if current and width(candidate, size) > room:
            if len(done) == lines - 1:
                return (*done, shorten(" ".join([current, *words[position:]]), room, size))
            done.append(shorten(current, room, size))
            candidate = word
        current = candidate
    return (*done, shorten(current, room, size))
