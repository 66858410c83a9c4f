"""Is this file a workbook that is safe to open? Everything is decided before a sheet is read.

An .xlsx file is a zip archive of XML. Refused, each by name: old .xls, password-protected, other kinds of
document, damaged or half-copied files, archives that would unpack to many times their size, XML with a
document type.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from emostats.ingest.hints import hint

MAX_RATIO = 100
"""Unpacked to packed size of one part, for parts over `RATIO_FROM`; workbooks of answers lie near 10."""
RATIO_FROM = 10 * 2**20
MAX_UNPACKED = 2 * 2**30
"""Bytes of all parts together."""
MAX_PARTS = 10_000

_ZIP, OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


class UnreadableError(Exception):
    """A file cannot be read. `rule` names the finding, `action` says what to do."""

    def __init__(self, rule: str, message: str, action: str) -> None:
        super().__init__(message)
        self.rule, self.action = rule, action


def check_exists(path: Path) -> None:
    """Refuses a missing file, a folder, an empty file.

    Raises
    ------
    UnreadableError: with the rule ``missing-file``, ``is-a-folder`` or ``empty-file``.
    """
    if path.is_dir():
        raise UnreadableError(
            "is-a-folder", "expected a file; found a folder.", "Name the file in [sources]."
        )
    if not path.exists():
        near = sorted(item.name for item in path.parent.glob("*")) if path.parent.is_dir() else []
        raise UnreadableError(
            "missing-file", "the file does not exist.", hint(path.name, near, "Check the path.")
        )
    if not path.is_file():
        raise UnreadableError(
            "not-a-file", "expected a file; found something else.", "Name a file in [sources]."
        )
    if path.stat().st_size == 0:
        raise UnreadableError("empty-file", "the file is empty (0 bytes).", "Save or copy it again.")


def open_archive(path: Path) -> zipfile.ZipFile:
    """The workbook as an archive, when it is one that is safe to open.

    Raises
    ------
    UnreadableError: see the module.
    """
    with path.open("rb") as stream:
        head = stream.read(64)
    if head.startswith(OLD_OFFICE):
        raise _old_or_locked(path)
    if not head.startswith(_ZIP):
        raise _other(head)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise damaged(str(error)) from None
    try:
        check_parts(archive)
    except UnreadableError:
        archive.close()
        raise
    return archive


def damaged(reason: str) -> UnreadableError:
    """The error for a workbook that is damaged."""
    message = f"the workbook is damaged or was not copied whole ({reason.rstrip('.')})."
    return UnreadableError(
        "damaged-workbook", message, "Open it in the spreadsheet program, save it and copy it again."
    )


def check_parts(archive: zipfile.ZipFile) -> None:
    """Refuses archives that are no .xlsx workbook, are locked, or would unpack to far more than they are.

    Raises
    ------
    UnreadableError: with the rule ``workbook-bomb``, ``password-protected`` or ``not-a-workbook``.
    """
    parts = archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise _bomb(
            "the whole workbook", sum(part.file_size for part in parts), "more than any workbook of answers"
        )
    for part in parts:
        if part.flag_bits & 0x1:
            raise _locked()
        if part.file_size > RATIO_FROM and part.file_size > MAX_RATIO * max(part.compress_size, 1):
            ratio = part.file_size // max(part.compress_size, 1)
            raise _bomb(part.filename, part.file_size, f"{ratio} times its packed size")
    _check_kind({part.filename for part in parts})


def _check_kind(names: set[str]) -> None:
    others = {
        "content.xml": "an OpenDocument file",
        "xl/workbook.bin": "a binary workbook (.xlsb)",
        "word/document.xml": "a Word document",
        "ppt/presentation.xml": "a presentation",
    }
    if "xl/workbook.xml" not in names:
        kind = next(
            (what for name, what in others.items() if name in names), "a zip archive without a workbook"
        )
        raise _not_a_workbook(kind)


def _bomb(part: str, size: int, why: str) -> UnreadableError:
    message = f"the workbook was refused: {part} would unpack to {size / 2**20:,.0f} MB, {why}."
    action = "Copy the values into a new workbook; empty formatted rows are the usual harmless cause."
    return UnreadableError("workbook-bomb", message, action)


def _old_or_locked(path: Path) -> UnreadableError:
    if _ENCRYPTED in path.read_bytes():
        return _locked()
    message = "expected an .xlsx workbook; found the old Excel 97–2003 format (.xls)."
    return UnreadableError("old-excel", message, "Open it and save it as .xlsx (renaming is not enough).")


def _locked() -> UnreadableError:
    message = "the workbook is password-protected."
    return UnreadableError(
        "password-protected", message, "Save a copy without a password in the study folder."
    )


def _other(head: bytes) -> UnreadableError:
    start = head.lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<html", b"<!doctype html", b"<table")):
        return _not_a_workbook("a web page (some survey tools export one under the name .xls)")
    if start.startswith(b"<?xml"):
        return _not_a_workbook("an XML file")
    if b"\0" not in head:
        return _not_a_workbook('a text file; say format = "delimited" if it is a CSV file')
    return damaged("it does not begin like a workbook")


def _not_a_workbook(kind: str) -> UnreadableError:
    return UnreadableError(
        "not-a-workbook", f"expected an .xlsx workbook; found {kind}.", "Save it as .xlsx."
    )


def refuse_document_type(name: str, start: bytes) -> None:
    """Refuses an XML part that declares a document type: workbooks never do, attacks by entities must.

    Raises
    ------
    UnreadableError: with the rule ``workbook-bomb``.
    """
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        message = (
            f"the workbook was refused: {name} declares XML entities, which no spreadsheet program writes."
        )
        raise UnreadableError("workbook-bomb", message, "Find out where the file comes from.")
