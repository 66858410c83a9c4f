"""Tables of a report as Word tables: a header row that repeats on each page, row headers, footnotes."""

from __future__ import annotations

from typing import Any

from emostats.render.word.text import plain, write_value

_RULE, _HAIR = "1D2730", "C9D2D9"
TEXT_WIDTH_MM = 176
MANY_COLUMNS = 6
"""A table with more columns than this has smaller type."""


def add_table(document: Any, block: Any, label: str) -> None:
    """Caption, table and footnotes of a report's table; `label` is ``"Table 3."``."""
    caption = document.add_paragraph(style="Caption")
    caption.add_run(f"{label} ").bold = True
    caption.add_run(plain(block.caption))
    caption.paragraph_format.keep_with_next = True
    table = document.add_table(rows=1, cols=1 + len(block.columns))
    table.style = document.styles["Table Small" if len(block.columns) > MANY_COLUMNS else "Table Report"]
    _describe(table, label, block.caption)
    _fill(table.rows[0], [(block.header, False), *((c.label, c.numeric) for c in block.columns)])
    _repeat(table.rows[0])
    for row in block.rows:
        _add_row(table, block, row)
    _rules(table)
    _widths(table)
    for note in block.footnotes:
        paragraph = document.add_paragraph(style="Footnote")
        if note.mark:
            paragraph.add_run(note.mark).font.superscript = True
        paragraph.add_run(f"{' ' if note.mark else ''}{plain(note.text)}")


def _fill(row: Any, texts: list[tuple[str, bool]]) -> None:
    for cell, (text, numeric) in zip(row.cells, texts, strict=True):
        paragraph = cell.paragraphs[0]
        paragraph.add_run(plain(text)).bold = True
        _align(paragraph, numeric)


def _add_row(table: Any, block: Any, row: Any) -> None:
    added = table.add_row()
    _whole(added)
    cells = added.cells
    header = cells[0].paragraphs[0]
    header.add_run(plain(row.header)).bold = row.role in ("group", "overall") or None
    if row.role == "group":
        cells[0].merge(cells[-1])
        header.paragraph_format.keep_with_next = True
        return
    if row.role == "member":
        from docx.shared import Mm

        header.paragraph_format.left_indent = Mm(3)
    for place, column, value in zip(cells[1:], block.columns, row.cells, strict=False):
        paragraph = place.paragraphs[0]
        write_value(paragraph, value, bold=row.role == "overall")
        _align(paragraph, column.numeric)
    if len(row.cells) < len(block.columns):
        rest = cells[1 + len(row.cells)].merge(cells[-1])
        rest.paragraphs[0].add_run(plain(row.reason)).italic = True


def _widths(table: Any) -> None:
    """Row headers get the room of two other columns."""
    from docx.shared import Mm

    share = TEXT_WIDTH_MM / (len(table.columns) + 1)
    for position, column in enumerate(table.columns):
        column.width = Mm(round(share if position else 2 * share, 1))


def _align(paragraph: Any, numeric: bool) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    if numeric:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _element(parent: Any, tag: str, **values: str) -> Any:
    """Adds ``<w:tag w:name="value">`` to an element."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    child = OxmlElement(f"w:{tag}")
    for name, value in values.items():
        child.set(qn(f"w:{name}"), value)
    parent.append(child)
    return child


def _repeat(row: Any) -> None:
    """Makes a row the header of the table, on every page that the table reaches."""
    properties = row._tr.get_or_add_trPr()
    _element(properties, "cantSplit")
    _element(properties, "tblHeader")


def _whole(row: Any) -> None:
    _element(row._tr.get_or_add_trPr(), "cantSplit")


def _describe(table: Any, title: str, description: str) -> None:
    """Alternative text, and which row and column are headers."""
    properties = table._tbl.tblPr
    for look in properties.findall(f"{{{properties.nsmap['w']}}}tblLook"):
        properties.remove(look)
    look = {"val": "00A0", "firstRow": "1", "firstColumn": "1", "lastRow": "0", "lastColumn": "0"}
    _element(properties, "tblLook", **look, noHBand="1", noVBand="1")
    _element(properties, "tblCaption", val=title)
    _element(properties, "tblDescription", val=plain(description))


def _rules(table: Any) -> None:
    """Lines above and below the header and at the end, hairlines between rows."""
    properties = table._tbl.tblPr
    borders = _element(properties, "tblBorders")
    for side, size, colour in (("top", "8", _RULE), ("bottom", "8", _RULE), ("insideH", "2", _HAIR)):
        _element(borders, side, val="single", sz=size, space="0", color=colour)
    properties.remove(borders)
    properties.insert(1, borders)  # where the schema wants it: before layout and look
    for cell in table.rows[0].cells:
        edges = _element(cell._tc.get_or_add_tcPr(), "tcBorders")
        _element(edges, "bottom", val="single", sz="6", space="0", color=_RULE)
