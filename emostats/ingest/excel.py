"""Reads .xlsx workbooks: python-calamine for values, a light pass over the XML for what they do not show."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from emostats.ingest.container import (
    UnreadableError,
    check_exists,
    damaged,
    open_archive,
    refuse_document_type,
)
from emostats.ingest.raw import Marks
from emostats.ingest.reader import RawSheet
from emostats.ingest.sheet_xml import SheetScan, scan_sheet, verify_part
from emostats.study.spec import Source

_WORKBOOK, _RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
_RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION_ID = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


class ExcelReader:
    """A workbook, opened once; sheets are read when they are asked for.

    Raises
    ------
    UnreadableError: the file is no workbook that is safe to open (`emostats.ingest.container`).
    """

    typed = True

    def __init__(self, path: Path) -> None:
        check_exists(path)
        self._path = path
        self._archive = open_archive(path)
        try:
            self._parts = _sheet_parts(self._archive)
            verify_part(self._archive, "xl/sharedStrings.xml")
            self._book = _open_values(path)
        except UnreadableError:
            self._archive.close()
            raise
        self._hidden = {
            item.name
            for item in self._book.sheets_metadata
            if "visible" not in str(item.visible).lower().split(".")[-1]
        }

    @property
    def sheets(self) -> tuple[str, ...]:
        """Names of the worksheets, in order."""
        return tuple(name for name in self._book.sheet_names if name in self._parts)

    def read(self, sheet: str) -> RawSheet:
        """The cells of a sheet and its marks.

        Raises
        ------
        UnreadableError: the sheet is damaged or unsafe.
        """
        scan = scan_sheet(self._archive, self._parts[sheet])
        try:
            values = self._book.get_sheet_by_name(sheet)
            rows = values.to_python(skip_empty_area=False)
            merged = values.merged_cell_ranges or []
        except BaseException as error:
            raise _as_damaged(error) from None
        columns = list(zip(*rows, strict=True))
        return RawSheet(columns=columns, n_rows=len(rows), marks=self._marks(sheet, scan, merged))

    def is_empty(self) -> bool:
        """Whether no sheet holds a value."""
        return all(self.read(sheet).n_rows == 0 for sheet in self.sheets)

    def close(self) -> None:
        """Closes the file."""
        self._archive.close()
        self._book.close()

    def _marks(self, sheet: str, scan: SheetScan, merged: list[Any]) -> Marks:
        return Marks(
            faults=scan.faults,
            hidden_rows=frozenset(scan.hidden_rows),
            hidden_columns=frozenset(scan.hidden_columns),
            merged=tuple((first[0], first[1], last[0], last[1]) for first, last in merged),
            hidden_sheet=sheet in self._hidden,
        )


def open_excel(path: Path, source: Source) -> ExcelReader:
    """The reader of a workbook; a workbook needs no options. Raises UnreadableError."""
    return ExcelReader(path)


def _open_values(path: Path) -> Any:
    from python_calamine import CalamineWorkbook

    try:
        return CalamineWorkbook.from_path(str(path))
    except BaseException as error:
        raise _as_damaged(error) from None


def _as_damaged(error: BaseException) -> BaseException:
    """The reader's own errors and its panics mean a damaged workbook; an interrupt stays an interrupt."""
    if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError | UnreadableError):
        return error
    return damaged(str(error).splitlines()[0][:200] if str(error) else type(error).__name__)


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name → part of the archive, for worksheets (not chart sheets)."""
    targets: dict[str, str] = {}
    for node in _xml(archive, _RELATIONS):
        if str(node.get("Type", "")).endswith("/worksheet"):
            targets[str(node.get("Id"))] = _part(str(node.get("Target", "")))
    parts = {}
    for node in _xml(archive, _WORKBOOK).iter():
        identity = node.get(_RELATION_ID) or node.get(_STRICT_RELATION_ID)
        if re.sub(r"^\{.*\}", "", str(node.tag)) == "sheet" and identity in targets:
            parts[str(node.get("name"))] = targets[identity]
    return parts


def _part(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _xml(archive: zipfile.ZipFile, part: str) -> ElementTree.Element:
    try:
        content = archive.read(part)
        refuse_document_type(part, content)
        return ElementTree.fromstring(content)
    except UnreadableError:
        raise
    except Exception as error:
        raise damaged(f"{part}: {error}") from None
