"""One self-contained HTML page from a report model: style, drawings and script inside, nothing loaded.

Templates live in ``templates/``. They lay out finished texts; no number is made there. Everything is escaped
except the drawings, the style sheet and the explorer's script, which emostats makes itself. The page forbids
every other script, by the hash of its own.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
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
    @property
    def kicker(self) -> str: ...
    @property
    def subtitle(self) -> str: ...
    @property
    def summary(self) -> tuple[tuple[str, Any], ...]: ...
    @property
    def sections(self) -> tuple[Any, ...]: ...
    @property
    def footer(self) -> str: ...
    def blocks(self) -> Iterator[Any]: ...


def html(model: Document) -> str:
    """The report as one HTML page. The same model gives the same text, byte for byte."""
    environment = _environment(resource("templates"))
    interactive = any(block.kind == "explorer" for block in model.blocks())
    page = environment.get_template("report.html.j2").render(report=model, interactive=interactive)
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
    environment.filters["island"] = _island
    environment.globals["style"] = Markup((folder / "style.css").read_text(encoding="utf-8"))
    script = _BLANK_LINES.sub("\n", (folder / "explorer.js").read_text(encoding="utf-8")).strip()
    environment.globals["script"] = Markup(script)
    environment.globals["script_hash"] = b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii")
    return environment


def _printable(value: Any) -> Any:
    """Text without characters that HTML forbids (control characters, lone surrogates)."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return _UNPRINTABLE.sub("\ufffd", value)
    return value


def _island(json: str) -> Any:
    """JSON within a script element: no text in it can end the element or begin a comment."""
    from markupsafe import Markup

    return Markup(_UNPRINTABLE.sub("\ufffd", json).replace("<", "\\u003c"))


def _source(cell: Any) -> str:
    """What stands behind a shown number: full precision, unit, id of the estimate."""
    value = cell.value if isinstance(cell.value, str) else rounding.full(cell.value)
    number = " ".join(part for part in (value, cell.unit) if part)
    return " · ".join(part for part in (number, cell.estimate_id) if part)
