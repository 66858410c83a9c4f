"""Values become files: HTML, workbook, CSV and JSON; numbers become text in `rounding`, and nowhere else.

Rendering reads a finished report or finished estimates and changes neither. Jinja2 and openpyxl load on first
use.
"""

from __future__ import annotations

from emostats.render.page import html

__all__ = ["html"]
