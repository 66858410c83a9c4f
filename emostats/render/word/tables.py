"""Tables of a report as Word tables: a header row that repeats on each page, row headers, footnotes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emostats.render.word.text import plain, write_value
from emostats.render.word.widths import USUAL_PT, layout

_RULE, _HAIR = "1D2730", "C9D2D9"


def add_table(document: Any, block: Any, label: str) -> None:
    """Caption, table and footnotes of a report's table; `label` is ``"Table 3."``.

    A table that is too wide gets a turned page of its own, and comes in parts where that is too narrow too.
    """
    how = layout(block)
    if how.landscape:
        _turn(document, landscape=True)
    for number, (part, widths) in enumerate(zip(how.parts, how.widths, strict=True), 1):
        of = f"({number}/{len(how.parts)}) " if len(how.parts) > 1 else ""
        caption = document.add_paragraph(style="Caption")
        caption.add_run(f"{label} ").bold = True
        caption.add_run(of + plain(block.caption))
        caption.paragraph_format.keep_with_next = True
        _add_part(document, block, part, widths, f"{label} {of}".strip(), small=how.size < USUAL_PT)
    _footnotes(document, block)
    if how.landscape:
        _turn(document, landscape=False)


def _turn(document: Any, *, landscape: bool) -> None:
    """A new page, lying or standing, with the same margins, head and foot; an empty one is turned."""
    from docx.enum.section import WD_ORIENT, WD_SECTION

    begun = document.element.body.xpath("./*[last()-1][self::w:p[w:pPr/w:sectPr]]")
    section = document.sections[-1] if begun else document.add_section(WD_SECTION.NEW_PAGE)
    wanted = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    if section.orientation != wanted:
        section.orientation = wanted
        section.page_width, section.page_height = section.page_height, section.page_width


def _add_part(
    document: Any, block: Any, part: Sequence[int], widths: Sequence[float], label: str, *, small: bool
) -> None:
    columns = [block.columns[position] for position in part]
    table = document.add_table(rows=1, cols=1 + len(columns))
    table.autofit = False
    table.style = document.styles["Table Report"]
    _describe(table, label, block.caption)
    type_of = document.styles["Table Text Small" if small else "Table Text"]
    _set_type(table.rows[0], type_of)
    _fill(table.rows[0], [(block.header, False), *((c.label, c.numeric) for c in columns)])
    _repeat(table.rows[0])
    for row in block.rows:
        _add_row(table, columns, [row.cells[i] for i in part if i < len(row.cells)], row, type_of)
    _rules(table)
    _set_widths(table, widths)


def _footnotes(document: Any, block: Any) -> None:
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


def _set_type(row: Any, type_of: Any) -> None:
    """The style of a cell's paragraph decides the size of its type, and not that of the table."""
    for cell in row._tr.tc_lst:
        cell.p_lst[0].style = type_of.style_id


def _add_row(table: Any, columns: Sequence[Any], values: Sequence[Any], row: Any, type_of: Any) -> None:
    added = table.add_row()
    _set_type(added, type_of)
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
    for place, column, value in zip(cells[1:], columns, values, strict=False):
        paragraph = place.paragraphs[0]
        write_value(paragraph, value, bold=row.role == "overall")
        _align(paragraph, column.numeric)
    if len(values) < len(columns):
        rest = cells[1 + len(values)].merge(cells[-1])
        rest.paragraphs[0].add_run(plain(row.reason)).italic = True


def _set_widths(table: Any, widths: Sequence[float]) -> None:
    """Of the columns and of every cell: some programs read these, some those."""
    from docx.shared import Length, Mm

    wide = [Mm(round(width, 1)) for width in widths]
    for column, width in zip(table.columns, wide, strict=True):
        column.width = width
    for row in table._tbl.tr_lst:
        start = 0
        for cell in row.tc_lst:
            cell.width = Length(sum(wide[start : start + cell.grid_span]))
            start += cell.grid_span


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
