"""A light pass over a sheet's XML for what the values do not show: error cells, formulas without a stored
result, hidden rows and columns, and how far the sheet reaches.

It reads the part in pieces, so memory does not grow with the sheet, and looks closely only at pieces that
hold one of the marks. Reading to the end also verifies the part's checksum and its declared size.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from emostats.ingest import addresses
from emostats.ingest.container import UnreadableError, damaged, refuse_document_type

PIECE = 4 * 2**20
MAX_CELLS = 50_000_000
"""Refused above: rows × columns that a sheet spans, filled or not (the reader keeps a place for each)."""

WIDEST, WIDEST_OF_TWO_LETTERS = 16_384, 702
"""Columns of a sheet: A to XFD, and A to ZZ."""

_P = rb"(?:\w+:)?"
_ERROR = re.compile(rb"<" + _P + rb'c\b([^>]*?\bt="e"[^>]*)>(.*?)</' + _P + rb"c>", re.DOTALL)
_FORMULA = re.compile(rb"<" + _P + rb"c\b([^>]*[^/>])>(<" + _P + rb"f\b.*?)</" + _P + rb"c>", re.DOTALL)
_VALUE = re.compile(rb"<" + _P + rb"v(?:\s[^>]*[^/>])?>([^<]*)</" + _P + rb"v>")
_EMPTY_VALUE = re.compile(rb"<" + _P + rb"v\s*/>")
_HIDDEN_ROW = re.compile(rb"<" + _P + rb'row\b([^>]*\bhidden="(?:1|true)"[^>]*)>')
_HIDDEN_COLUMN = re.compile(rb"<" + _P + rb'col\b([^>]*\bhidden="(?:1|true)"[^>]*)>')
_ROW = re.compile(rb"<" + _P + rb'row\b[^>]*?\br="(\d+)"')
_FAR = re.compile(rb'r="[A-Z]{3}\d')
_COLUMN = re.compile(rb"<" + _P + rb'c r="([A-Z]{1,3})')
_R = re.compile(rb'\br="([A-Z]+\d+|\d+)"')
_STRING = re.compile(rb'\bt="(?:str|inlineStr|s)"')


@dataclass
class SheetScan:
    """What the pass found; rows and columns count from 0."""

    faults: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    last_row: int = -1
    reaches_far: bool = False


def scan_sheet(archive: zipfile.ZipFile, part: str) -> SheetScan:
    """Scans the sheet in `part` of a workbook.

    Raises
    ------
    UnreadableError: the part is damaged, declares entities, or spans more cells than any sheet of answers.
    """
    scan = SheetScan()
    for number, piece in enumerate(_pieces(archive, part)):
        if number == 0:
            refuse_document_type(part, piece[:4096])
            _hidden_columns(scan, piece)
        _look(scan, piece)
    _refuse_wide(archive, part, scan)
    return scan


def verify_part(archive: zipfile.ZipFile, part: str) -> None:
    """Reads a part to its end, so that a false size or checksum shows before another reader trusts it.

    Raises
    ------
    UnreadableError: the part is damaged or declares entities.
    """
    if part in archive.namelist():
        for number, piece in enumerate(_pieces(archive, part)):
            if number == 0:
                refuse_document_type(part, piece[:4096])


def _pieces(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    rest = b""
    try:
        with archive.open(part) as stream:
            while block := stream.read(PIECE):
                rest += block
                cut = _whole_rows(rest)
                if cut:
                    yield rest[:cut]
                    rest = rest[cut:]
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise damaged(str(error)) from None
    except Exception as error:  # zlib.error and the like: whatever the unpacker says, the file is damaged
        raise damaged(str(error)) from None
    yield rest


def _whole_rows(content: bytes) -> int:
    """Where to cut between rows; 0 when no row ends or begins here."""
    end = content.rfind(b"row>")
    return end + 4 if end >= 0 else max(content.rfind(b"<row "), 0)


def _look(scan: SheetScan, piece: bytes) -> None:
    if b't="e"' in piece:
        _errors(scan, piece)
    if b"<f" in piece or b":f" in piece:
        _formulas(scan, piece)
    if b"hidden=" in piece:
        scan.hidden_rows.update(int(row) - 1 for row in _numbers(_HIDDEN_ROW, piece))
    scan.reaches_far = scan.reaches_far or _FAR.search(piece) is not None
    rows = _ROW.findall(piece[-100_000:]) or _ROW.findall(piece)
    scan.last_row = max(scan.last_row, int(rows[-1]) - 1 if rows else -1)


def _numbers(pattern: re.Pattern[bytes], piece: bytes) -> Iterator[int]:
    for match in pattern.finditer(piece):
        found = _R.search(match.group(1))
        if found and found.group(1).isdigit():
            yield int(found.group(1))


def _errors(scan: SheetScan, piece: bytes) -> None:
    for match in _ERROR.finditer(piece):
        value = _VALUE.search(match.group(2))
        shown = value.group(1).decode("utf-8", "replace") if value else "an error"
        _note(scan, match.group(1), f"the cell holds the error {shown}")


def _formulas(scan: SheetScan, piece: bytes) -> None:
    for match in _FORMULA.finditer(piece):
        attributes, content = match.group(1), match.group(2)
        value = _VALUE.search(content)
        text = bool(_STRING.search(attributes)) and (value is not None or bool(_EMPTY_VALUE.search(content)))
        if not (value and value.group(1)) and not text:
            _note(scan, attributes, "the cell holds a formula without a stored result")


def _note(scan: SheetScan, attributes: bytes, what: str) -> None:
    found = _R.search(attributes)
    where = addresses.position(found.group(1).decode()) if found else None
    if where is not None:
        scan.faults[where] = what


def _hidden_columns(scan: SheetScan, piece: bytes) -> None:
    for match in _HIDDEN_COLUMN.finditer(piece):
        ends = [re.search(rb'\b%s="(\d+)"' % key, match.group(1)) for key in (b"min", b"max")]
        if ends[0] and ends[1]:
            first, last = int(ends[0].group(1)), min(int(ends[1].group(1)), WIDEST)
            scan.hidden_columns.update(range(first - 1, last))


def _refuse_wide(archive: zipfile.ZipFile, part: str, scan: SheetScan) -> None:
    """Refuses a sheet that spans too many cells; only sheets that could are measured."""
    n_rows = scan.last_row + 1
    if n_rows * (WIDEST if scan.reaches_far else WIDEST_OF_TWO_LETTERS) <= MAX_CELLS:
        return
    names = {name for piece in _pieces(archive, part) for name in set(_COLUMN.findall(piece))}
    width = max((addresses.column_of(name.decode()) + 1 for name in names), default=0)
    if n_rows * width > MAX_CELLS:
        message = f"the workbook was refused: a sheet spans {n_rows * width:,} cells, most of them empty."
        action = "Delete the stray cells far right or far below, or copy the table into a new workbook."
        raise UnreadableError("workbook-bomb", message, action)
