"""One self-contained HTML page from a report model: style, drawings and script inside, nothing loaded.

Templates live in ``templates/``; a study may have its own. They lay out finished texts; no number is made
there. Everything is escaped except the drawings, the style sheet and the explorer's script, which emostats
makes itself. The page forbids every other script, by the hash of its own.
"""

from __future__ import annotations

import re
import traceback
from base64 import b64encode
from collections.abc import Iterator, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from emostats.errors import UsageError
from emostats.render import rounding
from emostats.render.look import Look, look_of
from emostats.resources import resource

if TYPE_CHECKING:
    from jinja2 import Environment

_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DESCRIPTION = re.compile(r"<desc\b.*?</desc>", re.DOTALL)
_DESCRIBED = re.compile(r' aria-describedby="[^"]*"')
_CLASSED = re.compile(r'<\w+ [^>]*class="fg-[^>]*>')
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


def html(model: Document, templates: Path | None = None, *, paper: bool = False) -> str:
    """The report as one HTML page. The same model and templates give the same text, byte for byte.

    Parameters
    ----------
    templates: a folder of the reader's own: its templates, ``style.css`` and ``explorer.js`` come before
        those of emostats, file by file, and its ``style.toml`` names colours and logo.
    paper: for print alone, without what is for a screen: no explorer, no drawings for phones.

    Raises
    ------
    UsageError: a template or the style file of the folder cannot be used.
    """
    if templates is None or not templates.is_dir():
        return _rendered(_environment(), model, paper)
    from jinja2 import TemplateError

    try:
        return _rendered(_own_environment(templates), model, paper)
    except TemplateError as error:
        message = f"the templates in '{templates}' cannot be used ({_place(error)}): {error.message}."
        raise UsageError(message) from None


def _place(error: Exception) -> str:
    """The template and its line: those that Jinja names, else those where rendering stopped."""
    name, line = getattr(error, "name", None), getattr(error, "lineno", None)
    if line is None:
        frames = traceback.extract_tb(error.__traceback__)
        stopped = [frame for frame in frames if frame.filename.endswith(".html.j2")]
        if stopped:
            name, line = Path(stopped[-1].filename).name, stopped[-1].lineno
    return f"{name or 'a template'}, line {line or '?'}"


def _rendered(environment: Environment, model: Document, paper: bool) -> str:
    interactive = not paper and any(block.kind == "explorer" for block in model.blocks())
    values = {"report": model, "interactive": interactive, "paper": paper}
    page = environment.get_template("report.html.j2").render(values)
    return _BLANK_LINES.sub("\n", page).strip() + "\n"


@cache
def _environment() -> Environment:
    """The templates of emostats, which do not change while it runs."""
    from jinja2 import Environment

    return _furnished(Environment(**_options((resource("templates"),))), (resource("templates"),), Look())


def _own_environment(folder: Path) -> Environment:
    """The reader's templates first; they see the report and nothing of the program."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    folders = (folder, resource("templates"))
    return _furnished(ImmutableSandboxedEnvironment(**_options(folders)), folders, look_of(folder))


def _options(folders: Sequence[Path]) -> dict[str, Any]:
    from jinja2 import FileSystemLoader, StrictUndefined

    return {
        "loader": FileSystemLoader(folders, encoding="utf-8"),
        "autoescape": True,
        "undefined": StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "finalize": _printable,
    }


def _furnished(environment: Environment, folders: Sequence[Path], look: Look) -> Environment:
    """`environment` with the filters, the style, the script and the logo that templates use."""
    from jinja2 import pass_context
    from markupsafe import Markup

    environment.filters["drawing"] = Markup  # SVG that emostats.figures made; its texts are escaped already
    environment.filters["themed"] = _themed
    environment.filters["said"] = pass_context(_said)
    environment.filters["source"] = pass_context(_source)
    environment.filters["island"] = _island
    script = _BLANK_LINES.sub("\n", _first(folders, "explorer.js")).strip()
    environment.globals |= {
        "style": Markup("\n".join(filter(None, (_first(folders, "style.css"), look.css)))),
        "look": look,
        "script": Markup(script),
        "script_hash": b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii"),
    }
    return environment


def _first(folders: Sequence[Path], name: str) -> str:
    """The content of a file in the first of the folders that has it."""
    return next(folder / name for folder in folders if (folder / name).is_file()).read_text(encoding="utf-8")


def _printable(value: Any) -> Any:
    """Text without characters that HTML forbids (control characters, lone surrogates)."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return _UNPRINTABLE.sub("\ufffd", value)
    return value


def _said(context: Any, message: str, **values: Any) -> str:
    """A fixed word of the page in the language of the report."""
    return word(context["report"], message, **values)


def word(report: Any, message: str, **values: Any) -> str:
    """`message` in the language of a report, with `values` in its braces; English where it has no other."""
    return str(getattr(report, "words", {}).get(message, message)).format(**values)


def _themed(svg: str, words: str) -> Any:
    """A drawing in a page whose style sheet has the colours, described by the page's element `words`.

    What the page says already is left out of the drawing: the colours of its classes, the long description.
    """
    from markupsafe import Markup

    slim = _CLASSED.sub(lambda tag: _without_colours(tag[0]), _DESCRIPTION.sub("", svg, count=1))
    return Markup(_DESCRIBED.sub(f' aria-describedby="{words}"', slim, count=1))


def _without_colours(tag: str) -> str:
    for name in ("fill", "stroke"):
        if f"-{name}" in tag:
            tag = re.sub(rf' {name}="#[0-9a-f]{{6}}"', "", tag)
    return tag


def _island(json: str) -> Any:
    """JSON within a script element: no text in it can end the element or begin a comment."""
    from markupsafe import Markup

    return Markup(_UNPRINTABLE.sub("\ufffd", json).replace("<", "\\u003c"))


def _source(context: Any, cell: Any) -> str:
    """What stands behind a shown number: full precision, unit, id of the estimate."""
    value = cell.value if isinstance(cell.value, str) else rounding.full(cell.value)
    value = value.replace(" to ", word(context["report"], " to "))
    number = " ".join(part for part in (value, cell.unit) if part)
    return " · ".join(part for part in (number, cell.estimate_id or getattr(cell, "file", "")) if part)
