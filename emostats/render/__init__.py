"""Values become files: HTML, PDF, Word and workbooks; numbers become text in `rounding`, and nowhere else.

Rendering reads a finished report or finished tables and changes neither. Jinja2, WeasyPrint, python-docx
and openpyxl load on first use.
"""

from __future__ import annotations

from emostats.render.page import html
from emostats.render.pdf import pdf
from emostats.render.word import docx
from emostats.render.workbook import write_workbook

__all__ = ["docx", "html", "pdf", "write_workbook"]
