"""Files in and out of `emostats deidentify`: every source read as it stands, fresh files written."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emostats.errors import PrivacyError, UsageError, hindrance

if TYPE_CHECKING:
    from emostats.privacy.deidentify import Deidentified, Options, Pseudonyms, Role, Sheet
    from emostats.study.spec import Source, StudySpec


def is_study(path: Path) -> bool:
    """Whether a path is a study file or a study's folder."""
    return path.is_dir() or path.suffix == ".toml"


def copies(
    source: Path, given: Mapping[Role, Sequence[str]], *, shift: int, bands: str, age_on: str
) -> Options:
    """The options: what the command line gives, over what the study file says.

    Raises
    ------
    UsageError: a table without a study file needs the column of the IDs; a day or bands are no such.
    """
    from emostats.privacy.deidentify import Declared, Options, Role, declared_columns, plain
    from emostats.study import read_spec
    from emostats.study.subgroups import age_bands

    roles = {plain(name): role for role, names in given.items() for name in names if role is not Role.TEXT}
    day = _day(age_on)
    allowed = frozenset(plain(name) for name in given.get(Role.TEXT, ()))
    edges = _edges(bands)
    if not is_study(source):
        if Role.CHILD not in roles.values():
            raise UsageError('say which column has the children\'s IDs: --id "Child ID".')
        return Options(Declared(roles), allowed, shift, age_bands(edges), day)
    spec = read_spec(source)
    merged: dict[str, dict[str, Role]] = {}
    for name in spec.sources:
        declared = declared_columns(spec, name)
        for sheet, columns in {"": declared.roles, **declared.by_sheet}.items():
            merged.setdefault(sheet, {}).update(columns)
    everywhere = {**merged.pop("", {}), **roles}
    by_sheet = {sheet: {**columns, **roles} for sheet, columns in merged.items()}
    chosen = age_bands(edges) if edges else spec.age_bands
    return Options(Declared(everywhere, by_sheet), allowed, shift, chosen, day, keep_text_columns=True)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise UsageError(f"--age-on: expected a day such as 2025-03-31; found '{text}'.") from None


def _edges(text: str) -> tuple[float, ...]:
    try:
        edges = tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        edges = (1.0, 0.0)
    if list(edges) != sorted(set(edges)) or len(edges) == 1:
        raise UsageError(f"--age-bands: expected rising edges such as 1,7,13; found '{text}'.")
    return edges


def read_sheets(source: Path) -> list[Sheet]:
    """Every sheet that is not hidden, of a file or of all sources of a study.

    Raises
    ------
    UsageError: a file cannot be read.
    """
    from emostats.study import read_spec
    from emostats.study.spec import Source
    from emostats.study.spec.paths import inside

    if not is_study(source):
        return _sheets_of(source, source.name, Source(file=source.name), {})
    from emostats.privacy.deidentify import header_rows

    spec = read_spec(source)
    return [
        sheet
        for name, described in spec.sources.items()
        for sheet in _sheets_of(
            inside(spec.folder, described.file), described.file, described, header_rows(spec, name)
        )
    ]


def _sheets_of(path: Path, shown: str, described: Source, rows: Mapping[str, int]) -> list[Sheet]:
    from emostats.ingest.container import UnreadableError
    from emostats.ingest.reader import format_of, open_reader
    from emostats.privacy.deidentify import Sheet

    if format_of(path) not in ("excel", "delimited"):
        raise UsageError(
            f"{shown}: only workbooks (.xlsx) and text tables (.csv, .tsv) can be copied. "
            "Export the data as one of them first."
        )
    try:
        plain = described.model_copy(update={"format": "auto"})
        reader = open_reader(path, plain)
    except UnreadableError as error:
        raise UsageError(f"{shown}: {error} {error.action}".rstrip()) from None
    try:
        found = []
        for name in reader.sheets:
            raw = reader.read(name)
            if not raw.marks.hidden_sheet:
                unread = frozenset(raw.marks.faults)
                found.append(Sheet(shown, name, raw.columns, rows.get(name), unread))
        return found
    except UnreadableError as error:
        raise UsageError(f"{shown}: {error} {error.action}".rstrip()) from None
    finally:
        reader.close()


def write_copies(done: Deidentified, source: Path, output: Path, pseudonyms: Pseudonyms) -> list[Path]:
    """Writes all copies and the log into a new folder, then a new key or the mapping; nothing is left when
    something fails.

    Raises
    ------
    PrivacyError: the study file names a child.
    UsageError: the folder exists, or it, the key or the mapping cannot be written.
    """
    from emostats.privacy.deidentify import LOG_FILE

    try:
        output.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(f"'{output}' exists already. Give another folder, or move it away.") from None
    except OSError as error:
        raise UsageError(f"'{output}' cannot be made: {hindrance(output, error)}") from error
    try:
        forms = _forms(source)
        written = [
            _write(output / file, sheets, *forms.get(file, (",", "utf-8")))
            for file, sheets in _by_file(done).items()
        ]
        log = output / LOG_FILE
        log.write_text(json.dumps(done.log, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        written += [*_study_files(source, output, done.originals), log]
        pseudonyms.save()
        return written
    except BaseException:
        shutil.rmtree(output)
        raise


def _forms(source: Path) -> dict[str, tuple[str, str]]:
    """Separator and encoding that a study file prescribes for its text tables."""
    from emostats.study import read_spec

    sources = read_spec(source).sources.values() if is_study(source) else ()
    return {item.file: (item.separator or ",", item.encoding or "utf-8") for item in sources}


def _by_file(done: Deidentified) -> dict[str, dict[str, Sequence[Sequence[Any]]]]:
    files: dict[str, dict[str, Sequence[Sequence[Any]]]] = {}
    for (file, sheet), rows in done.sheets.items():
        files.setdefault(file, {})[sheet] = rows
    return files


def _write(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]], separator: str, encoding: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".xlsx":
        content = _workbook(sheets)
    else:
        told = "\t" if path.suffix.lower() == ".tsv" else separator
        content = _delimited(next(iter(sheets.values())), told).encode(encoding)
    with path.open("xb") as stream:
        stream.write(content)
    return path


def _workbook(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
    """A fresh workbook: values only, without author, comments, formulas or formats."""
    from openpyxl import Workbook
    from openpyxl.packaging.core import DocumentProperties

    book = Workbook()
    del book[book.sheetnames[0]]
    book.properties = DocumentProperties(creator="")
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row, start=1):
                if value is not None:
                    cell = sheet.cell(number, column, value)
                    if isinstance(value, str):
                        cell.data_type = "s"  # never a formula
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _delimited(rows: Sequence[Sequence[Any]], separator: str) -> str:
    from emostats.ingest.harmless import harmless

    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
    for row in rows:
        writer.writerow([_plain(value) if _is_number(value) else harmless(_plain(value)) for value in row])
    return stream.getvalue()


def _plain(value: Any) -> Any:
    return "" if value is None else value.isoformat() if isinstance(value, date) else value


def _is_number(value: Any) -> bool:
    try:
        float(str(value).replace(",", "."))
    except ValueError:
        return False
    return True


def _study_files(source: Path, output: Path, originals: frozenset[str]) -> list[Path]:
    """The study file and its own instruments, so that the copy can be analysed."""
    if not is_study(source):
        return []
    from emostats.pipeline.load import own_instruments
    from emostats.privacy.identifiers import words_in
    from emostats.study import read_spec

    spec: StudySpec = read_spec(source)
    own = {"study.toml": spec.path, **own_instruments(spec)}
    for name, path in own.items():
        if words_in(originals, path.read_text(encoding="utf-8", errors="replace")):
            raise PrivacyError(
                f"IDs of children stand in '{name}', which would be copied as it is. Nothing was written. "
                "Take them out of a copy of the study, also out of its comments."
            )
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, output / name)
    return [output / name for name in own]
