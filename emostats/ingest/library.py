"""The sources of a study: each file is opened once, each sheet read once, each failure reported once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from emostats.errors import Finding, Severity, did_you_mean
from emostats.ingest.container import UnreadableError
from emostats.ingest.corrections import read_corrections
from emostats.ingest.formats.recognise import unstated_export
from emostats.ingest.log import Log
from emostats.ingest.raw import RawTable
from emostats.ingest.reader import RawSheet, Reader, open_reader
from emostats.ingest.row_ids import with_row_ids
from emostats.ingest.withdrawn import withdrawn_children
from emostats.study.spec import StudySpec
from emostats.study.spec.paths import OutsideError, inside


class Library:
    """Opens the sources of a study on demand. What cannot be read is reported and given as None."""

    def __init__(self, spec: StudySpec, log: Log) -> None:
        self._spec, self._log = spec, log
        self._corrections = read_corrections(spec, log)
        self._withdrawn = withdrawn_children(spec, log)
        self._readers: dict[str, Reader | None] = {}
        self._hashes: dict[str, str] = {}
        self._tables: dict[tuple[str, str], RawTable | None] = {}

    def table(self, source: str, sheet: str | None) -> RawTable | None:
        """A sheet of a source (the only sheet when none is named), or None when it cannot be read."""
        reader = self._reader(source)
        if reader is None:
            return None
        if sheet is not None and sheet not in reader.sheets and self._is_empty(source, reader):
            return None
        name = self._sheet_name(source, reader, sheet)
        if name is None:
            return None
        if (source, name) not in self._tables:
            self._tables[source, name] = self._read(source, reader, name)
        return self._tables[source, name]

    def close(self) -> None:
        """Closes every file; corrections that no sheet took are reported."""
        self._corrections.report_unused(self._log)
        for reader in self._readers.values():
            if reader is not None:
                reader.close()

    def _reader(self, source: str) -> Reader | None:
        if source not in self._readers:
            self._readers[source] = self._open(source)
        return self._readers[source]

    def _open(self, source: str) -> Reader | None:
        described = self._spec.sources[source]
        try:
            path = inside(self._spec.folder, described.file)
            reader = open_reader(path, described)
            self._hashes[source] = _sha256(path)
            return reader
        except OutsideError as error:
            self._report(source, UnreadableError("path-outside", f"{error}.", "Put it in the study folder."))
        except UnreadableError as error:
            self._report(source, error)
        except OSError as error:
            reason = error.strerror or str(error)
            self._report(
                source, UnreadableError("unreadable-file", f"cannot be read: {reason}.", "Check it.")
            )
        return None

    def _is_empty(self, source: str, reader: Reader) -> bool:
        """Reports a file without any value, once; its sheets are not looked for any more."""
        try:
            empty = reader.is_empty()
        except UnreadableError as error:
            self._report(source, error)
            empty = True
        else:
            if empty:
                action = "Check that it is the right file."
                self._report(source, UnreadableError("empty-workbook", "the file holds no values.", action))
        if empty:
            reader.close()
            self._readers[source] = None
        return empty

    def _sheet_name(self, source: str, reader: Reader, sheet: str | None) -> str | None:
        if reader.sheets == ("",) or (not sheet and "" in reader.sheets):
            return ""
        if sheet is None and len(reader.sheets) == 1:
            return reader.sheets[0]
        if sheet is None:
            listed = ", ".join(f"'{name}'" for name in reader.sheets)
            message = f"the workbook has {len(reader.sheets)} sheets: {listed}."
            self._log.add(
                self._finding(source, "sheet-not-named", message, "Name one: sheet = … in the study file.")
            )
            return None
        if sheet not in reader.sheets:
            message = f"there is no sheet '{sheet}'."
            self._log.add(self._finding(source, "missing-sheet", message, did_you_mean(sheet, reader.sheets)))
            return None
        return sheet

    def _read(self, source: str, reader: Reader, sheet: str) -> RawTable | None:
        try:
            content = reader.read(sheet)
        except UnreadableError as error:
            self._report(source, error, sheet)
            return None
        if content.n_rows == 0 and self._is_empty(source, reader):
            return None
        for finding in content.findings:
            self._log.add(finding)
        described = self._spec.sources[source]
        if described.format == "auto" and (found := unstated_export(content.columns, content.n_rows)):
            self._log.add(replace(found, file=described.file, sheet=sheet))
            if found.severity is Severity.ERROR:  # read wrongly, it would only give more findings
                return None
        return self._raw(source, reader, sheet, content)

    def _raw(self, source: str, reader: Reader, sheet: str, content: RawSheet) -> RawTable:
        described = self._spec.sources[source]
        raw = RawTable(
            source=source,
            file=described.file,
            sheet=sheet,
            sha256=self._hashes[source],
            columns=content.columns,
            n_rows=content.n_rows,
            typed=reader.typed,
            options=described,
            marks=content.marks,
            withdrawn=self._withdrawn,
        )
        return self._corrections.apply(with_row_ids(raw, self._log), self._log)

    def _finding(self, source: str, rule: str, message: str, action: str) -> Finding:
        return Finding(rule=rule, message=message, action=action, file=self._spec.sources[source].file)

    def _report(self, source: str, error: UnreadableError, sheet: str = "") -> None:
        file = self._spec.sources[source].file
        self._log.add(Finding(error.rule, str(error), error.action, file=file, sheet=sheet))


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
