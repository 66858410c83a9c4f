"""Every text of a file that may leave: HTML, SVG, workbooks, CSV, JSON, Word and PDF."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

from emostats.errors import UsageError
from emostats.privacy.identifiers import DATE, kinds_in, words_in

NOTED = frozenset({DATE})
"""Kinds that are listed but stop nothing: a report has dates of its own."""
_TAG = re.compile(r"<[^>]*>")
_SHOWN = re.compile(
    r"""\b(?:alt|title|aria-[a-z]+|content|data-[\w-]+|href|value|placeholder|label|summary)\s*=\s*"""
    r"""(?:"([^"]*)"|'([^']*)')""",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_SCRIPT = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
_STYLE = re.compile(r"<style[^>]*>.*?</style>", re.DOTALL | re.IGNORECASE)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PART = re.compile(r".*\.(?:xml|rels|vml)")
_NO_TEXT = re.compile(
    r"\[Content_Types\]\.xml|xl/(?:theme|styles)\b.*|word/(?:theme|styles|settings|fontTable)\b.*"
)
_IN_PART = re.compile(r"""\b(?:name|descr|title|Target|author|displayName|userId|v)="([^"]*)\"""")
"""Attributes of office files that hold text: names of sheets, ranges and people, links, cached values."""


@dataclass(frozen=True)
class Sighting:
    """Something in a file that may name a person: file, what it looks like, how often; never the text.

    internal: the file is for the study team alone.
    """

    file: str
    kind: str
    n: int
    internal: bool = False

    @property
    def stops(self) -> bool:
        """Whether it keeps the file from leaving."""
        return self.kind not in NOTED and not self.internal


@dataclass(frozen=True)
class ScanReport:
    """What was looked at, what was seen, and which files could not be looked at, with the reason."""

    files: tuple[str, ...]
    sightings: tuple[Sighting, ...]
    unread: Mapping[str, str]

    @property
    def stopped(self) -> bool:
        """Whether something was seen that keeps a file from leaving."""
        return any(sighting.stops for sighting in self.sightings)


def scan_outputs(
    folder: Path, *, names: Collection[str] = (), meant: str = "", internal: Collection[str] = ()
) -> ScanReport:
    """Looks for identifiers in all files of a folder, or in one file.

    Parameters
    ----------
    names: IDs and names to look for as whole words, beside all that has a recognisable form.
    meant: text that was meant to be shown (a study file): what stands there is not reported.
    internal: paths within the folder that do not leave; what stands there is listed and stops nothing.

    Raises
    ------
    UsageError: there is no such folder or file.
    """
    if not folder.exists():
        raise UsageError(f"'{folder}' does not exist.")
    paths = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    seen: list[Sighting] = []
    read: list[str] = []
    unread: dict[str, str] = {}
    for path in paths:
        name = path.name if folder.is_file() else path.relative_to(folder).as_posix()
        try:
            pieces = texts_of(path)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            unread[name] = str(error) or type(error).__name__
            continue
        read.append(name)
        seen += [replace(item, internal=name in internal) for item in _sightings(name, pieces, names, meant)]
    return ScanReport(tuple(read), tuple(seen), unread)


def _sightings(name: str, pieces: list[str], names: Collection[str], meant: str) -> list[Sighting]:
    found: dict[str, int] = {}
    text = "\n".join(pieces)
    for kind, matches in kinds_in(text, dates=True).items():
        new = [match for match in matches if match not in meant]
        if new:
            found[kind] = len(new)
    known = words_in([word for word in names if word not in meant], text)
    if known:
        found["ID or name from the data"] = len(known)
    return [Sighting(name, kind, n) for kind, n in found.items()]


def texts_of(path: Path) -> list[str]:
    """The texts that a file shows or carries.

    Raises
    ------
    ValueError: nothing is known about files of this kind, or the file is damaged.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError("files of this kind cannot be searched")
    return list(reader(path))


def _plain(path: Path) -> Iterator[str]:
    yield path.read_text(encoding="utf-8", errors="replace")


def _markup(path: Path) -> Iterator[str]:
    """Text between tags, in attributes and comments, and the strings of embedded scripts and data."""
    content = path.read_text(encoding="utf-8", errors="replace")
    for script in _SCRIPT.findall(content):
        yield from (match.group(1) for match in _STRING.finditer(script))
    rest = _STYLE.sub(" ", _SCRIPT.sub(" ", content))
    yield from (html.unescape(hidden) for hidden in _COMMENT.findall(rest))
    rest = _COMMENT.sub(" ", rest)
    yield from (html.unescape(one or other) for one, other in _SHOWN.findall(rest))
    yield html.unescape(_TAG.sub("\n", rest))


def _table(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    for row in csv.reader(io.StringIO(text, newline="")):
        yield from (cell for cell in row if not _is_number(cell))


def _is_number(cell: str) -> bool:
    """Whether a cell is a number with a fraction; whole numbers may be telephone numbers."""
    return bool(re.fullmatch(r"-?\d+\.\d+(?:[eE][+-]?\d+)?|-?\d{1,8}|", cell))


def _json(path: Path) -> Iterator[str]:
    yield from _strings(json.loads(path.read_text(encoding="utf-8")))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _office(path: Path) -> Iterator[str]:
    """Text, comments, names, links, cached values and properties of a workbook or a Word file."""
    with zipfile.ZipFile(path) as archive:
        for part in archive.namelist():
            if _PART.fullmatch(part) and not _NO_TEXT.fullmatch(part):
                content = archive.read(part).decode("utf-8", errors="replace")
                content = re.sub(r"</?(?:w:r|w:t|w:rPr|w:proofErr)\b[^>]*>", "", content)
                yield from (html.unescape(text) for text in _IN_PART.findall(content))
                kept = re.sub(r"<v>[^<]*</v>|<dcterms:\w+[^>]*>[^<]*</dcterms:\w+>", " ", content)
                yield html.unescape(_TAG.sub("\n", kept))


def _pdf(path: Path) -> Iterator[str]:
    try:
        document = import_module("pypdfium2").PdfDocument(str(path))
    except ImportError:
        raise ValueError("reading PDF needs the package pypdfium2") from None
    try:
        for number in range(len(document)):
            yield document[number].get_textpage().get_text_range()
    finally:
        document.close()


_READERS: Mapping[str, Callable[[Path], Iterator[str]]] = {
    ".html": _markup, ".htm": _markup, ".svg": _markup, ".xml": _markup,
    ".csv": _table, ".tsv": _table, ".json": _json, ".jsonl": _plain, ".txt": _plain, ".md": _plain,
    ".toml": _plain, ".xlsx": _office, ".docx": _office, ".pdf": _pdf,
}  # fmt: skip
