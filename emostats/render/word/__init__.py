"""The report as a Word file, by python-docx, which is an extra: ``pip install "emostats[docx]"``."""

from __future__ import annotations

from emostats.render.word.document import docx

__all__ = ["docx"]
