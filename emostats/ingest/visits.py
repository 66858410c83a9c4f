"""How the data write visits: by name, label or value, whatever the case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from emostats.ingest.cells import Objects, text_of
from emostats.study.spec import StudySpec


def visit_lookup(spec: StudySpec) -> dict[str, str]:
    """Every way to write a visit (case-folded) → its name."""
    return {
        form.strip().casefold(): visit.name
        for visit in spec.visits
        for form in (visit.name, visit.label, visit.value, *visit.values)
        if form and form.strip()
    }


def visit_forms(spec: StudySpec) -> list[str]:
    """How visits may be written in the data, for messages: the value, else the label, else the name."""
    return [
        form
        for visit in spec.visits
        for form in ([visit.value] if visit.value else []) + list(visit.values) or [visit.label or visit.name]
    ]


def visit_of(content: object, lookup: Mapping[str, str]) -> str | None:
    """The visit that a cell names; None when it names none."""
    return lookup.get(" ".join(text_of(content).split()).casefold())


def in_order(names: Objects, spec: StudySpec) -> Any:
    """Visit names as an ordered categorical in the order of the study file."""
    return pd.Categorical(names, categories=list(spec.visit_names), ordered=True)
