"""A reliability section that answers the Guidelines for Reporting Reliability and Agreement Studies, as data.

Kottner et al. (2011, J Clin Epidemiol 64:96–106) list 15 items. What the ratings tell is filled in; what
only the investigators know is marked as open, so that a report shows the gap instead of hiding it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

import pandas as pd

from emostats.errors import UsageError
from emostats.statistics.agreement.bands import interpretation
from emostats.statistics.agreement.form_estimate import FormEstimate

OPEN = "to be stated by the investigators"

Values = Mapping[str, Any]


class Rated(Protocol):
    """What the section reads of an analysis; `ICCResult` has it."""

    @property
    def n_targets(self) -> int: ...
    @property
    def n_raters(self) -> int: ...
    @property
    def n_ratings(self) -> int: ...
    @property
    def mean_ratings(self) -> float: ...
    @property
    def complete(self) -> bool: ...
    @property
    def conf_level(self) -> float: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def sem(self) -> Mapping[str, float]: ...
    @property
    def mdc(self) -> Mapping[str, float]: ...
    def row(self, form: str) -> FormEstimate: ...


@dataclass(frozen=True)
class GrrasItem:
    """One item of the guideline.

    Attributes
    ----------
    key, number, section, topic: which item. answered: whether anything is said.
    template: the text, with named places for numbers, e.g. ``"… {estimate} …"``. values: the raw numbers
        and texts.
    """

    key: str
    number: int
    section: str
    topic: str
    template: str
    answered: bool
    values: Values = field(default_factory=lambda: MappingProxyType({}))

    def text(self, number: Callable[[float], str] | None = None) -> str:
        """The template filled in; `number` writes a float (three significant digits by default)."""
        from emostats.render import rounding

        write = number or rounding.significant
        shown = {
            name: write(value) if isinstance(value, float) else value for name, value in self.values.items()
        }
        return self.template.format(**shown) if shown else self.template


@dataclass(frozen=True)
class GrrasSection:
    """The 15 items in order."""

    items: tuple[GrrasItem, ...]

    @property
    def open_items(self) -> tuple[GrrasItem, ...]:
        """Items that the investigators still have to state."""
        return tuple(item for item in self.items if not item.answered)

    def table(self) -> pd.DataFrame:
        """One row an item: number, section, topic, text, answered."""
        return pd.DataFrame(
            [
                {
                    "number": item.number,
                    "section": item.section,
                    "topic": item.topic,
                    "text": item.text(),
                    "answered": item.answered,
                }
                for item in self.items
            ]
        )


TOPICS: Mapping[str, tuple[int, str, str]] = MappingProxyType(
    {
        "title": (
            1,
            "Title and abstract",
            "Say that reliability or agreement, inter- or intrarater, was studied",
        ),
        "instrument": (2, "Introduction", "Name and describe the measuring device"),
        "subjects": (3, "Introduction", "Specify the population of subjects"),
        "raters": (4, "Introduction", "Specify the population of raters"),
        "background": (5, "Introduction", "Say what is known already, and why this study"),
        "sample_size": (6, "Methods", "Explain the numbers of raters, subjects and replicates"),
        "sampling": (7, "Methods", "Describe how subjects and raters were sampled"),
        "process": (8, "Methods", "Describe the rating process: timing, information, blinding"),
        "independence": (9, "Methods", "State whether ratings were made independently"),
        "analysis": (10, "Methods", "Describe the statistical analysis"),
        "numbers": (11, "Results", "State how many raters, subjects and replicates there were"),
        "characteristics": (12, "Results", "Describe the raters and subjects of the sample"),
        "estimates": (13, "Results", "Report estimates with their uncertainty"),
        "relevance": (14, "Discussion", "Discuss what the results mean in practice"),
        "details": (15, "Auxiliary material", "Provide detailed results"),
    }
)
"""Number, section and topic of each item, in our words, by key."""


def grras_section(
    result: Rated, *, form: str = "ICC(A,1)", statements: Mapping[str, str] | None = None
) -> GrrasSection:
    """The GRRAS items for one analysis.

    Parameters
    ----------
    result: of `em.icc`. form: the form the study reports. statements: texts by key of `TOPICS` for what the
        data cannot tell; they come before what the data tell.

    Raises
    ------
    UsageError: an unknown key or form.
    """
    given = dict(statements or {})
    unknown = set(given) - set(TOPICS)
    if unknown:
        raise UsageError(f"Unknown GRRAS key '{min(unknown)}'. There are: {', '.join(TOPICS)}.")
    known = {
        "title": ("Inter-rater reliability and agreement: {form}.", {"form": result.row(form).form}),
        "analysis": _analysis(result, form),
        "numbers": _numbers(result),
        "estimates": _estimates(result, form),
        "details": ("All six forms, the variance components and tests are given in tables.", {}),
    }
    return GrrasSection(tuple(_item(key, given.get(key, ""), *known.get(key, ("", {}))) for key in TOPICS))


def _item(key: str, stated: str, template: str, values: Values) -> GrrasItem:
    number, section, topic = TOPICS[key]
    plain = stated.replace("{", "{{").replace("}", "}}") if values else stated
    text = " ".join(part for part in (plain, template) if part)
    return GrrasItem(key, number, section, topic, text or OPEN, bool(text), MappingProxyType(dict(values)))


def _numbers(result: Rated) -> tuple[str, Values]:
    text = "{n_raters} raters gave {n_ratings} ratings of {n_targets} targets; "
    gaps = result.n_targets * result.n_raters - result.n_ratings
    if gaps:
        text += "{gaps} combinations have no rating ({mean_ratings} ratings per target on harmonic average)."
    else:
        text += "every rater rated every target."
    text += " {notes}." if result.notes else ""
    return text, {
        "n_raters": result.n_raters,
        "n_ratings": result.n_ratings,
        "n_targets": result.n_targets,
        "gaps": gaps,
        "mean_ratings": result.mean_ratings,
        "notes": "; ".join(result.notes),
    }


def _analysis(result: Rated, form: str) -> tuple[str, Values]:
    row = result.row(form)
    source = (
        "mean squares of the complete table"
        if result.complete
        else "REML components of all ratings, none filled in"
    )
    text = (
        "{form} (Shrout–Fleiss {alias}) from {source}; {percent} % limits: {method}. "
        "Words after Koo & Li (2016) are read from the interval."
    )
    percent = f"{100 * result.conf_level:g}"
    return text, {
        "form": row.form,
        "alias": row.alias,
        "source": source,
        "percent": percent,
        "method": row.method,
    }


def _estimates(result: Rated, form: str) -> tuple[str, Values]:
    row = result.row(form)
    text = (
        "{form} {estimate} ({percent} % CI {conf_low} to {conf_high}): {words}. "
        "Standard error of measurement {sem}, minimal detectable change {mdc} rating units."
    )
    return text + (" Note: {reason}." if row.reason else ""), {
        "form": row.form,
        "estimate": row.estimate,
        "percent": f"{100 * result.conf_level:g}",
        "conf_low": row.conf_low,
        "conf_high": row.conf_high,
        "words": interpretation(row.conf_low, row.conf_high),
        "sem": result.sem["agreement"],
        "mdc": result.mdc["agreement"],
        "reason": row.reason,
    }
