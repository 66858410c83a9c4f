"""The document's page, language and styles, in the manner of the page on the screen."""

from __future__ import annotations

from typing import Any

from emostats.render.look import Look
from emostats.render.word.widths import SMALL_PT, USUAL_PT

INK, MUTED, ACCENT = "1D2730", "566470", "0B5568"
_LANGUAGES = {"en": "en-GB", "zh": "zh-CN", "de": "de-DE", "fr": "fr-FR", "es": "es-ES"}
_EAST = ("zh", "ja", "ko")
_PARAGRAPHS = (  # name, size in points, colour, bold, space before and after in points
    ("Normal", 10, INK, False, 0, 6),
    ("Title", 20, INK, True, 0, 8),
    ("Subtitle", 9.5, ACCENT, True, 0, 2),
    ("Heading 1", 15, INK, True, 20, 6),
    ("Heading 2", 12, INK, True, 14, 4),
    ("Caption", 9.5, INK, False, 10, 4),
    ("Fact", 9.5, INK, False, 0, 3),
    ("Footnote", 8.5, MUTED, False, 2, 2),
    ("Table Text", USUAL_PT, INK, False, 2, 2),
    ("Table Text Small", SMALL_PT, INK, False, 2, 2),
    ("Headline", 20, INK, False, 4, 0),
    ("Note", 9.5, INK, False, 0, 0),
    ("Caution", 9.5, "5C3D00", False, 0, 0),
)
_BOXES = {"Note": ("F3F6F8", ACCENT), "Caution": ("FFF6E3", "C98A12")}


def prepare(document: Any, *, title: str, language: str, note: str, look: Look) -> None:
    """Page size and number, language, properties and styles of an empty document; `note` heads every page."""
    _page(document, note)
    for name, size, colour, bold, before, after in _PARAGRAPHS:
        accent = look.colours.get("accent", f"#{ACCENT}").removeprefix("#").upper()
        chosen = accent if colour == ACCENT else colour
        _paragraph_style(document, name, size, chosen, bold, (before, after), accent)
    _table_style(document, "Table Report")
    _language(document, language)
    properties = document.core_properties
    properties.title = title[:255]
    properties.author = "emostats"
    properties.comments = ""
    properties.language = _LANGUAGES.get(language[:2], language)
    properties.last_modified_by = "emostats"


def _page(document: Any, note: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm

    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(17)
    section.top_margin, section.bottom_margin = Mm(20), Mm(18)
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _field(footer, "PAGE")
    footer.add_run(" / ")
    _field(footer, "NUMPAGES")
    if note:
        header = section.header.paragraphs[0]
        header.alignment = WD_ALIGN_PARAGRAPH.CENTER
        header.add_run(note).bold = True


def _field(paragraph: Any, instruction: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), instruction)
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = "1"
    run.append(text)
    field.append(run)
    paragraph._p.append(field)


def _paragraph_style(
    document: Any, name: str, size: float, colour: str, bold: bool, space: tuple[int, int], accent: str
) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Pt, RGBColor

    known = {style.name for style in document.styles}
    style = (
        document.styles[name] if name in known else document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    )
    if name != "Normal":
        style.base_style = document.styles["Normal"]
    style.font.size, style.font.bold, style.font.italic = Pt(size), bold, False
    style.font.color.rgb = RGBColor.from_string(colour)
    _font(style, "Calibri")
    layout = style.paragraph_format
    layout.space_before, layout.space_after = Pt(space[0]), Pt(space[1])
    if name.startswith(("Heading", "Headline", "Subtitle")):
        layout.keep_with_next = True
    if name == "Title":
        for border in style.element.xpath("./w:pPr/w:pBdr"):
            border.getparent().remove(border)
    if name in _BOXES:
        paper, rule = _BOXES[name]
        _box(style, paper, accent if rule == ACCENT else rule)


def _font(style: Any, name: str) -> None:
    from docx.oxml.ns import qn

    style.font.name = name
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)


def _box(style: Any, paper: str, rule: str) -> None:
    """Shaded, with a bar at its left side."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = style.element.get_or_add_pPr()
    border, left = OxmlElement("w:pBdr"), OxmlElement("w:left")
    for key, value in (("val", "single"), ("sz", "24"), ("space", "6"), ("color", rule)):
        left.set(qn(f"w:{key}"), value)
    border.append(left)
    shade = OxmlElement("w:shd")
    for key, value in (("val", "clear"), ("color", "auto"), ("fill", paper)):
        shade.set(qn(f"w:{key}"), value)
    spacing = properties.find(qn("w:spacing"))
    spacing.addprevious(border)  # the schema's order: borders, shading, spacing
    spacing.addprevious(shade)


def _table_style(document: Any, name: str) -> None:
    from docx.enum.style import WD_STYLE_TYPE

    style = document.styles.add_style(name, WD_STYLE_TYPE.TABLE)
    style.base_style = document.styles["Normal Table"]


def _language(document: Any, language: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    tag = _LANGUAGES.get(language[:2], language)
    defaults = document.styles.element.xpath("w:docDefaults/w:rPrDefault/w:rPr")[0]
    for old in defaults.findall(qn("w:lang")):
        defaults.remove(old)
    mark = OxmlElement("w:lang")
    east = tag.startswith(_EAST)  # Latin letters within are English, and break as English does
    mark.set(qn("w:val"), "en-GB" if east else tag)
    mark.set(qn("w:eastAsia"), tag if east else "zh-CN")
    defaults.append(mark)
