"""Values become files: HTML and workbooks; numbers become text in `rounding`, and nowhere else.

Rendering reads a finished report or finished tables and changes neither. Jinja2 and openpyxl load on first
use.
"""

from __future__ import annotations

from emostats.render.page import html
from emostats.render.workbook import write_workbook

__all__ = ["html", "write_workbook"]
