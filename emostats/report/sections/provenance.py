"""Provenance: what went in, with which versions, so that the numbers can be made again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emostats.render import rounding
from emostats.report.context import Context
from emostats.report.language import _
from emostats.report.model import Block, Cell, Column, Definitions, Footnote, NotDone, Row, Section, Table
from emostats.report.parts import text
from emostats.report.recorded import spoken


def section(context: Context) -> Section:
    """Run, seed, versions, input files with their hashes."""
    manifest = context.manifest
    blocks: list[Block] = [
        text(_where(context)),
        Definitions(tuple((name, text(value)) for name, value in _run(manifest))),
        *_files(manifest.get("inputs") or (), "table-inputs", _("Input files")),
        _versions(manifest),
    ]
    return Section("provenance", _("Where the numbers come from"), tuple(blocks))


def _where(context: Context) -> str:
    if context.public:
        return _(
            "The same inputs, versions and seed give the same numbers. Every shown number carries the id of "
            "its estimate: rest the pointer on it. The numbers at full precision are not published; they "
            "stay with the study team."
        )
    return _(
        "The same inputs, versions and seed give the same numbers. Every shown number carries the id of its "
        "estimate: rest the pointer on it, or find it in estimates.csv, where it stands at full precision."
    )


def _run(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    known = [
        (_("Run"), manifest.get("run_id")),
        (_("Created"), rounding.moment(str(manifest.get("created") or ""))),
        (_("Status"), spoken(str(manifest.get("status") or ""))),
        (_("Study file"), manifest.get("study_file")),
        (_("Seed"), manifest.get("seed")),
    ]
    return [(name, str(value) if value not in (None, "") else _("not recorded")) for name, value in known]


def _files(files: Sequence[Mapping[str, Any]], id: str, caption: str) -> tuple[Block, ...]:
    if not files:
        return (NotDone(caption, _("the manifest lists none")),)
    rows = tuple(
        Row(
            str(item.get("path", "")),
            (
                Cell(rounding.byte_size(item.get("bytes")), item.get("bytes"), _("bytes")),
                Cell(str(item.get("sha256") or _("not recorded"))),
            ),
        )
        for item in files
    )
    columns = (Column(_("Size")), Column(_("SHA-256"), numeric=False))
    note = Footnote(_("The hash changes if one byte of the file does."))
    return (Table(id, caption, _("File"), columns, rows, (note,)),)


def _versions(manifest: Mapping[str, Any]) -> Table:
    packages = manifest.get("packages") or {}
    versions = {"emostats": manifest.get("emostats"), "Python": manifest.get("python"), **packages}
    rows = tuple(
        Row(str(name), (Cell(str(version or _("not recorded"))),)) for name, version in versions.items()
    )
    columns = (Column(_("Version"), numeric=False),)
    return Table("table-versions", _("Software"), _("Package"), columns, rows)
