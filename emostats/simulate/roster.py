"""Who takes part: the children sheet, families with siblings, entry dates, and the events sheet."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.simulate.design import StudyDesign
from emostats.simulate.dropout import Status

SEX_WORDS = {"M": "boy", "F": "girl"}

WITHDRAWAL_REASONS = (
    "Family moved away",
    "Too much time needed",
    "No longer reached",
    "Family did not say why",
)
ADVERSE_EVENTS = (
    "Overexcited after the session",
    "Covered ears, session paused",
    "Tired and irritable in the evening",
)
STOPPED_EARLY = "Programme stopped early, questionnaires continued"


def draw_families(n_children: int, sibling_pairs: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Family number of each child, from 0 without gaps; `sibling_pairs` families have two children."""
    order = rng.permutation(n_children)
    family = np.empty(n_children, dtype=np.intp)
    family[order] = np.arange(n_children)
    pairs = min(sibling_pairs, n_children // 2)
    family[order[:pairs]] = family[order[pairs : 2 * pairs]]
    return np.unique(family, return_inverse=True)[1].astype(np.intp)


def draw_cells(design: StudyDesign, rng: np.random.Generator) -> NDArray[np.intp]:
    """Index into `design.cells` of each child, in order of entry."""
    counts = [cell.children for cell in design.cells]
    return rng.permutation(np.repeat(np.arange(len(counts)), counts)).astype(np.intp)


def children_sheet(
    design: StudyDesign, cell: NDArray[np.intp], family: NDArray[np.intp], rng: np.random.Generator
) -> pd.DataFrame:
    """Children in order of entry; Child ID is text (``"007"``), Entered on a date, age in years.

    Ages are cut, not rounded, to one decimal, as people state ages; siblings share the site and who answers.
    """
    how, n = design.roster, cell.size
    low = np.array([each.age_low for each in design.cells])[cell]
    high = np.array([each.age_high for each in design.cells])[cell]
    site = rng.integers(len(how.sites), size=n)[family]
    words, weights = list(how.informants), np.array(list(how.informants.values()))
    informant = rng.choice(len(words), size=n, p=weights / weights.sum())[family]
    entry = np.sort(rng.integers(how.entry_weeks * 5, size=n))
    return pd.DataFrame(
        {
            "Child ID": [f"{number + 1:03d}" for number in range(n)],
            "Sex": [SEX_WORDS[design.cells[c].sex] for c in cell],
            "Age at baseline (years)": np.floor(rng.uniform(low, high) * 10.0) / 10.0,
            "Site": np.array(how.sites, dtype=object)[site],
            "Family ID": [f"F{number + 1:03d}" for number in family],
            "Answered by": np.array(words, dtype=object)[informant],
            "Entered on": _weekday(how.first_entry, entry),
        }
    )


def visit_dates(design: StudyDesign, entered: pd.Series, rng: np.random.Generator) -> NDArray[np.datetime64]:
    """Date on which each form was filled in, children × visits: within four days of the planned date."""
    weeks = np.array([visit.week for visit in design.visits])
    shift = rng.integers(-4, 5, size=(len(entered), weeks.size))
    shift[:, weeks == 0] = 0
    start = entered.to_numpy(dtype="datetime64[D]")
    return np.asarray(start[:, None] + (7 * weeks + shift).astype("timedelta64[D]"))


def events_sheet(
    design: StudyDesign,
    child_id: NDArray[np.object_],
    status: NDArray[np.int8],
    taking_part: NDArray[np.bool_],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Every withdrawal and early stop, at the first visit without the child, and some adverse events.

    Columns: Child ID, Visit, Category (Withdrawal, Intercurrent event, Adverse event), What happened.
    """
    names = [visit.name for visit in design.visits]
    rows = []
    for child, present in zip(child_id, taking_part, strict=True):
        if rng.random() < design.events.adverse:
            visit = names[int(rng.choice(np.flatnonzero(present)))]
            rows.append((child, visit, "Adverse event", str(rng.choice(ADVERSE_EVENTS))))
    for child, visits, present in zip(child_id, status, taking_part, strict=True):
        if not present.all():
            visit = names[int(np.argmin(present))]
            if (visits == Status.LOST).any():
                rows.append((child, visit, "Withdrawal", str(rng.choice(WITHDRAWAL_REASONS))))
            else:
                rows.append((child, visit, "Intercurrent event", STOPPED_EARLY))
    table = pd.DataFrame(rows, columns=["Child ID", "Visit", "Category", "What happened"])
    return table.sort_values("Child ID", kind="stable", ignore_index=True)


def _weekday(first: str, day: NDArray[np.int64]) -> NDArray[np.datetime64]:
    return np.asarray(np.busday_offset(np.datetime64(first), day, roll="forward"))
