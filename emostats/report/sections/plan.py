"""The plan lock: whether the analysis was fixed before outcomes were read, and what changed since."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from emostats.render import rounding
from emostats.report.context import Context
from emostats.report.language import _, sentences
from emostats.report.model import Block, Cell, Code, Column, Row, Section, Table
from emostats.report.parts import text


def status(context: Context) -> str:
    """``"locked …, unchanged"``, in a few words, for the head of the report."""
    plan = _plan(context)
    if not plan.get("locked"):
        return _("not locked")
    changed = len(plan.get("changed") or ())
    when = rounding.moment(str(plan["locked"]))
    if not changed:
        return _("locked {when}; unchanged since", when=when)
    if changed == 1:
        return _("locked {when}; 1 key changed since", when=when)
    return _("locked {when}; {n} keys changed since", when=when, n=rounding.count(changed))


def section(context: Context) -> Section:
    """Status, hashes, and every key that changed."""
    plan = _plan(context)
    blocks: list[Block] = [text(_told(context, plan))]
    changes = list(plan.get("changed") or ())
    if changes:
        blocks.append(_table(changes))
    for label, key in (
        (_("Hash of the plan that was run (SHA-256)"), "hash"),
        (_("Hash of the locked plan"), "locked_hash"),
    ):
        if plan.get(key):
            blocks.append(Code(str(plan[key]), label))
    return Section("plan", _("Changes to the plan"), tuple(blocks))


def _plan(context: Context) -> Mapping[str, Any]:
    plan = context.manifest.get("plan")
    return plan if isinstance(plan, Mapping) else {}


def _told(context: Context, plan: Mapping[str, Any]) -> str:
    if not plan.get("locked"):
        return _(
            "The plan was not locked before this run. Nothing shows that the analyses were fixed before "
            "the outcomes were seen; read all of them as exploratory."
        )
    when = rounding.moment(str(plan["locked"]))
    replaced = rounding.known(plan.get("times_replaced")) or 0
    if plan.get("changed"):
        told = _("The plan was locked on {when} and changed after that, in the places below.", when=when)
    else:
        told = _("The plan was locked on {when}. What was run is what was locked, key by key.", when=when)
    return sentences(told, _replaced(replaced) if replaced else "")


def _replaced(times: float) -> str:
    if times == 1:
        return _("The lock was replaced 1 time.")
    return _("The lock was replaced {n} times.", n=rounding.count(times))


def _table(changes: list[Mapping[str, Any]]) -> Table:
    rows = tuple(
        Row(str(item.get("key", "")), (Cell(_shown(item.get("locked"))), Cell(_shown(item.get("now")))))
        for item in changes
    )
    columns = (Column(_("Locked"), numeric=False), Column(_("As run"), numeric=False))
    caption = _("Keys of the study file that changed after the lock")
    return Table("table-plan", caption, _("Key"), columns, rows)


def _shown(value: Any) -> str:
    if value is None or value == "":
        return _("(absent)")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
