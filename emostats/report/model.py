"""ReportModel: a report as values, before it is HTML, PDF or Word.

Every text is final. Numbers are formatted already, and each shown number is a `Cell` that keeps the raw
value, its unit and the id of the estimate it came from. A renderer lays out; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

Raw = float | int | str | None


@dataclass(frozen=True)
class Cell:
    """One shown value.

    Attributes
    ----------
    text: as shown. value: behind it at full precision. unit: of `value`. estimate_id: its row of the
    estimates.
    detail: a second, smaller line, e.g. the interval. reason: why there is no number, in words.
    mark: the footnote that gives the reason, in tables. target: id of the part of the report it leads to.
    file: of the run folder that has a number which is no estimate.
    """

    text: str
    value: Raw = None
    unit: str = ""
    estimate_id: str = ""
    detail: str = ""
    reason: str = ""
    mark: str = ""
    target: str = ""
    file: str = ""


@dataclass(frozen=True)
class Strong:
    """A word or two that stand out in running text."""

    text: str


Part = str | Cell | Strong
"""A piece of running text; a `Cell` is a number with its source, `Strong` stands out."""


@dataclass(frozen=True)
class Paragraph:
    """Running text. role: ``""``, or ``"small"`` for an aside."""

    parts: tuple[Part, ...]
    role: str = ""
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Bullets:
    """A list of points."""

    items: tuple[Paragraph, ...]
    kind: ClassVar[str] = "bullets"


@dataclass(frozen=True)
class Definitions:
    """Terms and what they stand for, e.g. the parts of an estimand."""

    items: tuple[tuple[str, Paragraph], ...]
    kind: ClassVar[str] = "definitions"


@dataclass(frozen=True)
class Code:
    """Text to be read letter by letter: a formula, a hash. label: what it is."""

    text: str
    label: str
    kind: ClassVar[str] = "code"


@dataclass(frozen=True)
class Note:
    """A box beside the text; tone: ``"info"`` or ``"caution"``."""

    title: str
    blocks: tuple[Paragraph | Bullets, ...]
    tone: str = "info"
    kind: ClassVar[str] = "note"


@dataclass(frozen=True)
class NotDone:
    """A part of the report that is not there, and why."""

    what: str
    reason: str
    kind: ClassVar[str] = "not_done"


@dataclass(frozen=True)
class Footnote:
    """An explanation under a table; `mark` is where it is referred to (``"a"``), empty for a general note."""

    text: str
    mark: str = ""


@dataclass(frozen=True)
class Column:
    """A column's header; `numeric` columns are aligned to the right."""

    label: str
    numeric: bool = True


@dataclass(frozen=True)
class Row:
    """The header of a row and its cells.

    role: ``""``; ``"overall"`` (stands out); ``"group"`` (a heading over the next rows, no cells);
    ``"member"`` (belongs to the heading above, where rows that do not may follow);
    ``"failed"`` (fewer cells than columns; `reason` fills the rest).
    """

    header: str
    cells: tuple[Cell, ...] = ()
    role: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Table:
    """A table with its caption. `header` names the column of row headers."""

    id: str
    caption: str
    header: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    footnotes: tuple[Footnote, ...] = ()
    number: int = 0
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Figure:
    """A drawing in two widths, with the words that stand for it.

    svg: for a desk, also the file of a run. narrow: for a phone, ``""`` if the wide one serves.
    description: what the figure shows, for those who do not see it.
    """

    id: str
    svg: str
    caption: str
    description: str
    narrow: str = ""
    number: int = 0
    kind: ClassVar[str] = "figure"


@dataclass(frozen=True)
class Answer:
    """One question with its answer in a number and in words. label: what the number is."""

    title: str
    question: str
    headline: Cell
    label: str
    sentences: tuple[Paragraph, ...]
    kind: ClassVar[str] = "answer"


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    id: str
    text: str
    kind: ClassVar[str] = "heading"


@dataclass(frozen=True)
class ExplorerFactor:
    """A factor that divides the children, with the shown names of its levels.

    divides: it does so until the reader chooses otherwise.
    """

    name: str
    label: str
    levels: tuple[str, ...]
    divides: bool = False


@dataclass(frozen=True)
class Explorer:
    """Estimates among which a reader chooses on a screen; paper has the tables of the other sections.

    outcomes, visits, scales: value and shown name of each choice. data: JSON text, aggregates only.
    """

    id: str
    outcomes: tuple[tuple[str, str], ...]
    visits: tuple[tuple[str, str], ...]
    factors: tuple[ExplorerFactor, ...]
    scales: tuple[tuple[str, str], ...]
    data: str
    kind: ClassVar[str] = "explorer"


Block = (
    Paragraph | Bullets | Definitions | Code | Note | NotDone | Table | Figure | Answer | Heading | Explorer
)


@dataclass(frozen=True)
class Section:
    """A numbered section of the report.

    `brief` sections stay out of the numbering (the answer on top). So do those for a `screen` alone, which
    paper leaves out.
    """

    id: str
    title: str
    blocks: tuple[Block, ...]
    number: int = 0
    brief: bool = False
    screen: bool = False


@dataclass(frozen=True)
class ReportModel:
    """The whole report.

    Attributes
    ----------
    simulated: the data are simulated; every page, the title and every caption says so.
    summary: name and value of what identifies the run, for the head of the report.
    kicker: what kind of report it is, above the title.
    words: fixed words of a page by their English text; what is not there stays English.
    """

    title: str
    subtitle: str
    study: str
    simulated: bool
    summary: tuple[tuple[str, Paragraph], ...]
    sections: tuple[Section, ...]
    footer: str = ""
    language: str = "en"
    kicker: str = "Statistical report"
    words: Mapping[str, str] = field(default_factory=dict)

    def blocks(self) -> Iterator[Block]:
        """All blocks in reading order."""
        for section in self.sections:
            yield from section.blocks

    def figures(self) -> tuple[Figure, ...]:
        """All figures in order."""
        return tuple(block for block in self.blocks() if isinstance(block, Figure))

    def tables(self) -> tuple[Table, ...]:
        """All tables in order."""
        return tuple(block for block in self.blocks() if isinstance(block, Table))
