"""Text as Word can hold it: no characters that XML forbids, no direction that leaks into its neighbours."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDI", "PDF", "AN"})


def plain(text: str) -> str:
    """`text` with what cannot stand in a document replaced; writing from right to left keeps to itself."""
    clean = _UNPRINTABLE.sub("\ufffd", text)
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in clean):
        return f"{_FIRST_STRONG_ISOLATE}{clean}{_POP_ISOLATE}"
    return clean


def write(paragraph: Any, parts: Any, *, bold: bool = False) -> None:
    """Adds pieces of running text: texts, texts that stand out, numbers with their reason and interval."""
    for part in parts:
        if isinstance(part, str):
            paragraph.add_run(plain(part)).bold = bold or None
        elif hasattr(part, "value"):
            write_value(paragraph, part, bold=bold)
        else:
            paragraph.add_run(plain(part.text)).bold = True


def write_value(paragraph: Any, cell: Any, *, bold: bool = False) -> None:
    """One shown value: its text, its footnote mark or its reason, and its second line."""
    paragraph.add_run(plain(cell.text)).bold = bold or None
    if cell.mark:
        paragraph.add_run(cell.mark).font.superscript = True
    elif cell.reason:
        paragraph.add_run(f" {plain(cell.reason)}").italic = True
    if cell.detail:
        run = paragraph.add_run()
        run.add_break()
        run.add_text(plain(cell.detail))
        run.font.size = _smaller(paragraph)


def _smaller(paragraph: Any) -> Any:
    from docx.shared import Pt

    size = paragraph.style.font.size
    return Pt(max(6.5, (size.pt if size else 10) - 1.5))
