"""Walks a report model and writes a Word document: headings, texts, tables, pictures with their words."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from emostats.errors import UsageError
from emostats.render.archive import without_times
from emostats.render.look import Look, look_of
from emostats.render.page import Document, word
from emostats.render.word.styles import prepare
from emostats.render.word.tables import add_table
from emostats.render.word.text import plain, write, write_value
from emostats.render.word.widths import PORTRAIT_MM


def docx(model: Document, png: Callable[[str], bytes], templates: Path | None = None) -> bytes:
    """The report as a Word file: real headings and tables, pictures with alternative text, page numbers.

    Parameters
    ----------
    png: makes a picture of a figure's SVG, which Word would not show.
    templates: a folder whose ``style.toml`` names colours and logo.

    What is for a screen alone is left out. The same model gives the same bytes on one machine.

    Raises
    ------
    UsageError: python-docx is not installed; the style file cannot be used.
    """
    look = look_of(templates)
    document = _library().Document()
    note = word(model, "Simulated data") if model.simulated else ""
    prepare(document, title=plain(model.title), language=model.language, note=note, look=look)
    _head(document, model, look)
    for section in model.sections:
        if section.screen:
            continue
        number = f"{section.number}  " if section.number else ""
        document.add_heading(plain(f"{number}{section.title}"), level=1)
        for block in section.blocks:
            _add(document, block, model, lambda svg: png(look.on_paper(svg)))
    document.add_paragraph(plain(model.footer), style="Footnote")
    stream = io.BytesIO()
    document.save(stream)
    return without_times(stream.getvalue())


def _library() -> Any:
    try:
        return import_module("docx")
    except ImportError:
        raise UsageError("Word files need the extra 'docx': pip install \"emostats[docx]\".") from None


def _head(document: Any, model: Document, look: Look) -> None:
    _logo(document, look)
    if model.simulated:
        said = document.add_paragraph(style="Caution")
        said.add_run(f"{word(model, 'Simulated data')}{word(model, '.')} ").bold = True
        said.add_run(word(model, "No real child is described here."))
    document.add_paragraph(plain(model.kicker), style="Subtitle")
    document.add_paragraph(plain(model.title), style="Title")
    if model.subtitle:
        document.add_paragraph(plain(model.subtitle))
    for name, value in model.summary:
        paragraph = document.add_paragraph(style="Fact")
        paragraph.add_run(f"{plain(name)}: ").bold = True
        write(paragraph, value.parts)


def _logo(document: Any, look: Look) -> None:
    """The logo where it is a PNG; Word has no SVG, and gets the words that stand for it."""
    from docx.shared import Pt

    if not look.logo:
        return
    paragraph = document.add_paragraph()
    if not look.logo_png:
        paragraph.add_run(plain(look.logo_alt)).bold = True
        return
    picture = paragraph.add_run().add_picture(io.BytesIO(look.logo_png), height=Pt(0.75 * look.logo_height))
    picture._inline.docPr.set("descr", plain(look.logo_alt))


def _add(document: Any, block: Any, model: Document, png: Callable[[str], bytes]) -> None:
    if block.kind == "table":
        add_table(document, block, word(model, "Table {number}.", number=block.number))
    elif block.kind == "figure":
        _figure(document, block, word(model, "Figure {number}.", number=block.number), png)
    elif block.kind == "not_done":
        _not_done(document, block, word(model, "Not done: {what}.", what=block.what))
    elif block.kind in _TEXTS:
        _TEXTS[block.kind](document, block)


def _figure(document: Any, block: Any, label: str, png: Callable[[str], bytes]) -> None:
    from docx.shared import Mm

    paragraph = document.add_paragraph()
    paragraph.paragraph_format.keep_with_next = True
    picture = paragraph.add_run().add_picture(io.BytesIO(png(block.svg)), width=Mm(PORTRAIT_MM))
    shown = picture._inline.docPr
    shown.set("name", label)
    shown.set("descr", plain(f"{block.caption} {block.description}"))
    caption = document.add_paragraph(style="Caption")
    caption.add_run(f"{label} ").bold = True
    caption.add_run(plain(block.caption))
    caption.paragraph_format.space_after = caption.style.font.size


def _paragraph(document: Any, block: Any) -> None:
    write(document.add_paragraph(style="Footnote" if block.role == "small" else None), block.parts)


def _bullets(document: Any, block: Any) -> None:
    for item in block.items:
        write(document.add_paragraph(style="List Bullet"), item.parts)


def _definitions(document: Any, block: Any) -> None:
    for name, value in block.items:
        paragraph = document.add_paragraph(style="Fact")
        paragraph.add_run(f"{plain(name)}: ").bold = True
        write(paragraph, value.parts)


def _code(document: Any, block: Any) -> None:
    paragraph = document.add_paragraph(style="Fact")
    paragraph.add_run(f"{plain(block.label)}: ").bold = True
    paragraph.add_run(plain(block.text)).font.name = "Consolas"


def _note(document: Any, block: Any) -> None:
    style = "Caution" if block.tone == "caution" else "Note"
    document.add_paragraph(style=style).add_run(plain(block.title)).bold = True
    for inner in block.blocks:
        for item in inner.items if inner.kind == "bullets" else (inner,):
            paragraph = document.add_paragraph(style=style)
            if inner.kind == "bullets":
                paragraph.add_run("•  ")
            write(paragraph, item.parts)


def _not_done(document: Any, block: Any, said: str) -> None:
    paragraph = document.add_paragraph(style="Note")
    paragraph.add_run(f"{plain(said)} ").bold = True
    paragraph.add_run(f"{plain(block.reason[:1].upper() + block.reason[1:])}.")


def _answer(document: Any, block: Any) -> None:
    document.add_heading(plain(block.title), level=2)
    document.add_paragraph(style="Footnote").add_run(plain(block.question))
    headline = document.add_paragraph(style="Headline")
    write_value(headline, block.headline)
    document.add_paragraph(style="Footnote").add_run(plain(block.label))
    for sentence in block.sentences:
        write(document.add_paragraph(), sentence.parts)


def _heading(document: Any, block: Any) -> None:
    document.add_heading(plain(block.text), level=2)


_TEXTS: dict[str, Callable[[Any, Any], None]] = {
    "paragraph": _paragraph,
    "bullets": _bullets,
    "definitions": _definitions,
    "code": _code,
    "note": _note,
    "answer": _answer,
    "heading": _heading,
}
