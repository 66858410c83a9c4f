"""Instrument files: what a valid questionnaire answer is, and which items make which score.

An instrument is data that people read and edit (``data_schema/instruments/*.toml``). The keys are described
in ``docs/questionnaire-data.md``; how answers become scores stands in `emostats.study.scoring`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from emostats.errors import Finding, did_you_mean
from emostats.resources import resource
from emostats.study.checked import (
    NAME_PATTERN,
    Count,
    Flag,
    Frozen,
    Number,
    StudyFileError,
    TomlFile,
    check_model,
    read_toml,
)
from emostats.study.keys import Loc

Aggregate = Literal["mean", "sum"]
Rounding = Literal["none", "half-up", "half-even"]
Code = Annotated[str, Field(pattern=NAME_PATTERN)]
Text = Annotated[str, Field(min_length=1)]


class About(Frozen):
    """Where the instrument comes from and under which licence its wording may be shown."""

    id: Code
    title: Text
    licence: Text
    source: Text
    version: str = ""
    language: str = ""
    informant: str = ""
    recall: str = ""


class Answers(Frozen):
    """What a valid answer is: a number in `range` (inclusive), whole unless `integer` is false.

    `labels` gives the wording of an answer; a cell that holds the wording is read as its number.
    `missing_codes` are cell contents that mean 'no answer', beside blank cells. `points` says what each
    answer counts, for forms that are keyed (AQ-10); without it an answer counts as its number.
    """

    range: tuple[Number, Number]
    integer: Flag = True
    labels: Mapping[str, str] = Field(default_factory=dict)
    missing_codes: tuple[str, ...] = ()
    points: Mapping[str, Number] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _range_increases(self) -> Answers:
        if not self.range[0] < self.range[1]:
            raise ValueError("range must be [lowest, highest] with lowest < highest")
        return self


class Scoring(Frozen):
    """How subscales are scored unless they say otherwise; `max_missing` items may be unanswered."""

    aggregate: Aggregate = "mean"
    max_missing: Annotated[Count, Field(ge=0)] = 0
    rounding: Rounding = "none"
    decimals: Annotated[Count, Field(ge=0, le=10)] = 0


class Item(Frozen):
    """One question. `header` is the column's header in the data (default: the id); `range` and `points` where
    they differ from those of the other items."""

    id: Code
    header: str = ""
    wording: str = ""
    reverse: Flag = False
    range: tuple[Number, Number] | None = None
    points: Mapping[str, Number] = Field(default_factory=dict)

    @property
    def column(self) -> str:
        """The header of the item's column."""
        return self.header or self.id


class Subscale(Frozen):
    """One score: its id is the PARAMCD. Keys left out are those of ``[scoring]``."""

    id: Code
    label: Text
    items: Annotated[tuple[str, ...], Field(min_length=1)]
    unit: str = "points"
    direction: Literal["higher is better", "lower is better", ""] = ""
    aggregate: Aggregate | None = None
    max_missing: Annotated[Count, Field(ge=0)] | None = None
    rounding: Rounding | None = None
    decimals: Annotated[Count, Field(ge=0, le=10)] | None = None


class Instrument(Frozen):
    """A questionnaire: items, valid answers and subscales.

    The answer range of an item is the schema's, never the observed one: reversing by observed extremes is
    wrong as soon as nobody chose the end of the scale.
    """

    schema_version: Literal[1] = Field(default=1, alias="schema")
    instrument: About
    answers: Answers
    scoring: Scoring = Scoring()
    items: Annotated[tuple[Item, ...], Field(min_length=1)]
    subscales: Annotated[tuple[Subscale, ...], Field(min_length=1)]

    @property
    def id(self) -> str:
        """The instrument's id."""
        return self.instrument.id

    @property
    def item_ids(self) -> tuple[str, ...]:
        """Item ids in the order of the file."""
        return tuple(item.id for item in self.items)

    def item_range(self, item_id: str) -> tuple[float, float]:
        """Lowest and highest valid answer of an item. Raises KeyError for an unknown item."""
        for item in self.items:
            if item.id == item_id:
                return item.range or self.answers.range
        raise KeyError(item_id)

    def item_points(self, item_id: str) -> dict[float, float]:
        """What each answer to an item counts; empty where an answer counts as its number."""
        own = next((item.points for item in self.items if item.id == item_id), {})
        return {float(code): float(value) for code, value in (own or self.answers.points).items()}

    def counted_range(self, item_id: str) -> tuple[float, float]:
        """Lowest and highest that an item can count in a score."""
        points = self.item_points(item_id).values()
        return (min(points), max(points)) if points else self.item_range(item_id)

    def reversed_items(self) -> tuple[str, ...]:
        """Ids of the items that are reversed before scoring."""
        return tuple(item.id for item in self.items if item.reverse)

    def rule(self, subscale: Subscale) -> Scoring:
        """The scoring rule of a subscale, with the instrument's defaults filled in."""
        given = subscale.model_dump(include=set(Scoring.model_fields), exclude_none=True)
        return self.scoring.model_copy(update=given)

    def score_range(self, subscale: Subscale) -> tuple[float, float]:
        """Lowest and highest possible score of a subscale."""
        lows, highs = zip(*(self.counted_range(item) for item in subscale.items), strict=True)
        share = len(subscale.items) if self.rule(subscale).aggregate == "mean" else 1
        return sum(lows) / share, sum(highs) / share


def instruments_folder() -> Path:
    """The folder of the instruments that come with emostats."""
    return resource("data_schema") / "instruments"


def shipped_instruments() -> tuple[str, ...]:
    """Names of the instruments that come with emostats."""
    return tuple(sorted(path.stem for path in instruments_folder().glob("*.toml")))


def read_instrument(path: str | Path, name: str = "") -> Instrument:
    """Reads and checks an instrument file.

    Parameters
    ----------
    path: the file. name: how messages call it (default: its file name).

    Raises
    ------
    StudyFileError: the file cannot be read or does not fit; `findings` holds every problem of it.
    """
    instrument, findings = load_instrument(Path(path), name)
    if instrument is None or findings:
        raise StudyFileError(findings, heading=f"The instrument file has {len(findings)} problem(s).")
    return instrument


def load_instrument(path: Path, name: str = "") -> tuple[Instrument | None, list[Finding]]:
    """As `read_instrument`, with problems returned instead of raised."""
    try:
        file = read_toml(path, name or path.name, "instrument file")
    except StudyFileError as error:
        return None, list(error.findings)
    instrument, findings = check_model(Instrument, file)
    findings += _cross_checks(file, instrument) if instrument is not None else []
    return instrument, findings


def _cross_checks(file: TomlFile, instrument: Instrument) -> list[Finding]:
    return [
        *_repeated(file, "items", "id", [item.id for item in instrument.items]),
        *_repeated(file, "items", "header", [item.column for item in instrument.items]),
        *_repeated(file, "subscales", "id", [subscale.id for subscale in instrument.subscales]),
        *_unknown_items(file, instrument),
        *_impossible_prorating(file, instrument),
        *_labels_outside(file, instrument),
        *_item_ranges(file, instrument),
        *_points(file, instrument),
    ]


def _repeated(file: TomlFile, table: str, key: str, names: list[str]) -> list[Finding]:
    seen: set[str] = set()
    findings = []
    for position, name in enumerate(names):
        if name in seen:
            message = f"expected a different {key} for each of [[{table}]]; found '{name}' twice."
            findings.append(
                file.finding("repeated-name", (table, position, key), message, "Rename one of them.")
            )
        seen.add(name)
    return findings


def _unknown_items(file: TomlFile, instrument: Instrument) -> list[Finding]:
    findings = []
    for position, subscale in enumerate(instrument.subscales):
        loc = ("subscales", position, "items")
        for item in subscale.items:
            if item not in instrument.item_ids:
                message = f"expected items of this instrument; found '{item}'."
                action = did_you_mean(item, instrument.item_ids)
                findings.append(file.finding("unknown-item", loc, message, action))
        for item in sorted({item for item in subscale.items if subscale.items.count(item) > 1}):
            message = f"expected each item once in a subscale; found '{item}' more than once."
            findings.append(file.finding("repeated-name", loc, message, "Remove the repetition."))
    return findings


def _impossible_prorating(file: TomlFile, instrument: Instrument) -> list[Finding]:
    findings = []
    for position, subscale in enumerate(instrument.subscales):
        allowed = instrument.rule(subscale).max_missing
        if allowed >= len(subscale.items):
            message = (
                f"max_missing must leave at least one answered item; "
                f"found {allowed} of {len(subscale.items)} items."
            )
            loc = ("subscales", position, "max_missing")
            findings.append(file.finding("invalid-value", loc, message, "Lower max_missing."))
    return findings


def _labels_outside(file: TomlFile, instrument: Instrument) -> list[Finding]:
    low, high = instrument.answers.range
    findings = []
    for code in instrument.answers.labels:
        try:
            inside = low <= float(code) <= high
        except ValueError:
            inside = False
        if not inside:
            message = f"expected answer codes from {low:g} to {high:g}; found '{code}'."
            findings.append(
                file.finding("invalid-value", ("answers", "labels"), message, "Correct the code.")
            )
    return findings


def _item_ranges(file: TomlFile, instrument: Instrument) -> list[Finding]:
    findings = []
    for position, item in enumerate(instrument.items):
        if item.range is not None and not item.range[0] < item.range[1]:
            message = f"range must be [lowest, highest] with lowest < highest; found {list(item.range)}."
            findings.append(file.finding("invalid-value", ("items", position, "range"), message))
    return findings


def _points(file: TomlFile, instrument: Instrument) -> list[Finding]:
    """Points name every answer, and none that cannot be given; they take the place of `reverse`."""
    findings = []
    for position, item in enumerate(instrument.items):
        written = item.points or instrument.answers.points
        if not written:
            continue
        loc: Loc = ("items", position, "points") if item.points else ("answers", "points")
        low, high = instrument.item_range(item.id)
        wanted = {float(code) for code in range(math.ceil(low), math.floor(high) + 1)}
        if not instrument.answers.integer or _numbers(written) != wanted:
            message = f"expected points for each answer from {low:g} to {high:g}; found {dict(written)}."
            findings.append(file.finding("invalid-value", loc, message, "Give one number an answer."))
        if item.reverse:
            message = f"item '{item.id}' has points and reverse; only one of them can say how it counts."
            findings.append(file.finding("invalid-value", loc, message, "Remove reverse."))
    return list(dict.fromkeys(findings))


def _numbers(codes: Iterable[str]) -> set[float]:
    try:
        return {float(code) for code in codes}
    except ValueError:
        return set()
