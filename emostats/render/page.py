"""One self-contained HTML page from a report model: style and drawings inside, nothing loaded, no script.

Templates live in ``templates/``. They lay out finished texts; no number is made there. Everything is escaped
except the drawings and the style sheet, which emostats makes itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from emostats.render import rounding
from emostats.resources import resource

if TYPE_CHECKING:
    from jinja2 import Environment

_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLANK_LINES = re.compile(r"\n\s*\n+")


class Document(Protocol):
    """What a page needs of a report; `emostats.report.model.ReportModel` has it."""

    @property
    def title(self) -> str: ...
    @property
    def simulated(self) -> bool: ...
    @property
    def language(self) -> str: ...
    def blocks(self) -> Iterator[Any]: ...


def html(model: Document) -> str:
    """The report as one HTML page. The same model gives the same text, byte for byte."""
    environment = _environment(resource("templates"))
    page = environment.get_template("report.html.j2").render(report=model)
    return _BLANK_LINES.sub("\n", page).strip() + "\n"


@cache
def _environment(folder: Path) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(folder, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters["drawing"] = Markup  # SVG that emostats.figures made; its texts are escaped already
    environment.filters["source"] = _source
    environment.globals["style"] = Markup((folder / "style.css").read_text(encoding="utf-8"))
    return environment


def _printable(value: Any) -> Any:
    """Text without characters that HTML forbids (control characters, lone surrogates)."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return _UNPRINTABLE.sub("\ufffd", value)
    return value


def _source(cell: Any) -> str:
    """What stands behind a shown number: full precision, unit, id of the estimate."""
    value = cell.value if isinstance(cell.value, str) else rounding.full(cell.value)
    number = " ".join(part for part in (value, cell.unit) if part)
    return " · ".join(part for part in (number, cell.estimate_id) if part)
