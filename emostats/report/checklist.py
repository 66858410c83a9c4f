"""Reporting checklists: each item is held against what the report contains, never ticked by hand.

The items stand in ``data_schema/checklists.csv``. Their column ``evidence`` names the parts that serve an
item, joined by `` + ``:

- ``section:ID``  the section holds a table, a figure, a definition or a note;
- ``block:ID``  the report holds a table, figure or heading whose id begins so, with content;
- ``code:ID``  the section holds a formula; ``table:NAME`` the run holds that table, even an empty one;
- ``said:KEY``, ``study:KEY``  the study file has that text of ``[reporting]`` or of ``[study]``;
- ``plan:locked``, ``profile:public``, ``always:scan``  what they say; ``person``  only people can.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from emostats.report.context import Context
from emostats.report.language import _
from emostats.report.model import Block, Code, Heading, NotDone, Paragraph, Section
from emostats.report.sections import caveats
from emostats.resources import resource
from emostats.study.spec import REPORTING_LABELS

_WORDS = ("said:", "study:")


class Status(StrEnum):
    """How far an item is served."""

    FILLED = "filled"
    PARTLY = "partly"
    PERSON = "needs a person"
    NOT_DONE = "not done"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Item:
    """A row of ``checklists.csv``."""

    guideline: str
    item: str
    topic: str
    needs: str
    evidence: tuple[str, ...]
    applies: str
    source: str


@dataclass(frozen=True)
class Checked:
    """An item with its status, the sections (id, title) that serve it, and what is missing, in words."""

    item: Item
    status: Status
    where: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]


@lru_cache(maxsize=1)
def items() -> tuple[Item, ...]:
    """All items, in the order of the file."""
    with (resource("data_schema") / "checklists.csv").open(encoding="utf-8", newline="") as stream:
        return tuple(
            Item(
                row["guideline"], row["item"], row["topic"], row["needs"],
                tuple(row["evidence"].split(" + ")), row["applies"], row["source"],
            )
            for row in csv.DictReader(stream)
        )  # fmt: skip


def checked(context: Context, sections: Sequence[Section]) -> tuple[Checked, ...]:
    """Every item held against a report of `sections`."""
    report = _Report(context, tuple(sections))
    return tuple(_check(report, item) for item in items())


@dataclass(frozen=True)
class _Report:
    context: Context
    sections: tuple[Section, ...]

    def of_section(self, id: str) -> tuple[str, str] | None:
        """A section with content, as (id, title)."""
        found = next((section for section in self.sections if section.id == id), None)
        return (found.id, found.title) if found and any(map(_content, found.blocks)) else None

    def of_block(self, prefix: str) -> tuple[str, str] | None:
        """The section that holds a block whose id begins with `prefix`; a heading needs content after it."""
        for section in self.sections:
            for block, after in zip(section.blocks, (*section.blocks[1:], None), strict=True):
                if not str(getattr(block, "id", "")).startswith(prefix):
                    continue
                if not isinstance(block, Heading) or (after is not None and not isinstance(after, NotDone)):
                    return section.id, section.title
        return None

    def of_code(self, id: str) -> tuple[str, str] | None:
        """A section that holds a formula."""
        found = next((section for section in self.sections if section.id == id), None)
        return (id, found.title) if found and any(isinstance(b, Code) for b in found.blocks) else None


def _content(block: Block) -> bool:
    return not isinstance(block, NotDone | Heading | Paragraph)


def _check(report: _Report, item: Item) -> Checked:
    if not _applies(report.context, item.applies):
        return Checked(item, Status.NOT_APPLICABLE, (), ())
    probes = [probe for probe in item.evidence if probe != "person"]
    found = {probe: _found(report, probe) for probe in probes}
    absent = [probe for probe in probes if found[probe] is None]
    where = dict(place for place in found.values() if place is not None)
    asks_people = "person" in item.evidence or any(probe.startswith(_WORDS) for probe in absent)
    missing = _missing(absent, judged="person" in item.evidence)
    status = _status(len(probes) - len(absent), missing, asks_people)
    return Checked(item, status, tuple(where.items()), missing)


def _status(served: int, missing: Sequence[str], by_people: bool) -> Status:
    if not missing:
        return Status.FILLED
    if served:
        return Status.PARTLY
    return Status.PERSON if by_people else Status.NOT_DONE


def _found(report: _Report, probe: str) -> tuple[str, str] | None:
    kind, _colon, name = probe.partition(":")
    context = report.context
    if kind == "section":
        return report.of_section(name)
    if kind == "block":
        return report.of_block(name)
    if kind == "code":
        return report.of_code(name)
    if kind == "table":
        return ("quality", _("Data quality and missing answers")) if name in context.tables else None
    if kind == "said":
        return ("about", _("About the study")) if getattr(context.spec.reporting, name).strip() else None
    if kind == "study":
        return ("content", _("Head of the report")) if getattr(context.spec.study, name).strip() else None
    if probe == "plan:locked":
        plan = context.manifest.get("plan") or {}
        return ("plan", _("Changes to the plan")) if plan.get("locked") else None
    if probe == "profile:public":
        return ("privacy", _("Privacy")) if context.manifest.get("public") else None
    return ("privacy", _("Privacy"))  # always:scan: no run is written whose outputs name a child


def _missing(absent: Sequence[str], *, judged: bool) -> tuple[str, ...]:
    """What is missing in words, the authors' part together."""
    names = [probe.partition(":")[2] for probe in absent if probe.startswith(_WORDS)]
    told = [_part(probe) for probe in absent if not probe.startswith(_WORDS)]
    if names:
        words = _(", ").join(_(REPORTING_LABELS.get(name, name)).lower() for name in names)
        told.append(_("words of the authors: {what}", what=words))
    return (*told, _("a judgement by people")) if judged else tuple(told)


def _part(probe: str) -> str:
    parts: Mapping[str, str] = {
        "plan:locked": _("a plan that was locked before the run"),
        "profile:public": _("the public profile, which suppresses small groups"),
        "block:table-events": _("events"),
        "block:table-burden": _("burden"),
        "block:table-responders": _("responders"),
        "block:table-card": _("a model card"),
        "block:table-credibility": _("a credibility grid"),
        "block:fig-curve": _("the change over age without cut points"),
        "block:fig-shrunken": _("shrunken estimates"),
        "block:fig-tipping": _("a tipping point"),
        "block:asked": _("estimands"),
        "block:table-subgroups": _("changes by subgroup"),
        "block:fig-subgroups": _("changes by subgroup"),
        "block:table-tests": _("a test of differences between subgroups"),
        "block:table-differences": _("differences between subgroups"),
        "block:table-baseline-lost": _("completers beside those lost"),
        "block:plain": _("a plain-language summary"),
        "block:table-changes": _("changes from baseline"),
        "block:table-means": _("means over time"),
        "block:table-baseline": _("a baseline table"),
        "block:table-answered": _("answers by visit"),
        "block:table-flow": _("participant flow"),
        "block:table-inputs": _("hashes of the input files"),
        "block:table-versions": _("versions of the software"),
        "block:fig-flow": _("a diagram of the participant flow"),
        "block:fig-missing": _("patterns of missing visits"),
        "block:fig-ratings": _("how each expert used the scale"),
        "block:fig-bland-altman": _("two experts compared"),
        "block:methods-software": _("software and seed"),
        "code:methods": _("the formula of the model"),
        "section:agreement": _("agreement of expert ratings"),
        "section:baseline": _("the children at baseline"),
        "section:caveats": _("what this study cannot show"),
        "section:changes": _("changes from baseline"),
        "section:flow": _("participant flow"),
        "section:harms": _("harms and burden"),
        "section:methods": _("methods"),
        "section:privacy": _("privacy"),
        "table:findings": _("what the reading of the data noticed"),
    }
    name = probe.partition(":")[2]
    return parts.get(probe) or _("a part that this edition or this run does not have ({part})", part=name)


def _applies(context: Context, condition: str) -> bool:
    spec = context.spec
    known = {
        "": True,
        "ratings": spec.ratings is not None,
        "scores": spec.session_scores is not None,
        "subgroups": bool(spec.subgroups.factors),
        "observational": caveats.observational(context),
    }
    return known[condition]
