"""From a design and a seed to a simulated study, as tables and as files.

study = simulate_study(PUBLISHED_DESIGN, seed=20251)
write_study("my-study")          # study.toml, README.md and data/….xlsx in a new folder
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emostats.errors import UsageError, hindrance
from emostats.resources import resource
from emostats.simulate.design import DEFAULT_SEED, PUBLISHED_DESIGN, StudyDesign
from emostats.simulate.dropout import Status, draw_status, draw_taking_part, leave_out
from emostats.simulate.items import draw_answers, scale_items
from emostats.simulate.population import population_values
from emostats.simulate.ratings import draw_clips, draw_ratings, ratings_sheet
from emostats.simulate.roster import children_sheet, draw_cells, draw_families, events_sheet, visit_dates
from emostats.simulate.sessions import sessions_sheet
from emostats.simulate.workbook import write_workbook
from emostats.study.instruments import Instrument, instruments_folder, read_instrument
from emostats.study.scoring import score

ANALYSIS = "emomusik_182"


@dataclass(frozen=True)
class SimulatedStudy:
    """A simulated study as its study office would have it.

    Attributes
    ----------
    design, seed: what it was drawn from.
    children: one row a child. questionnaires: visit name → one row a filled-in form, items as answered.
    ratings: one row a rater × clip. sessions: one row a session. events: one row an event.
    population: the true values (`population_values`).
    """

    design: StudyDesign
    seed: int
    children: pd.DataFrame
    questionnaires: Mapping[str, pd.DataFrame]
    ratings: pd.DataFrame
    sessions: pd.DataFrame
    events: pd.DataFrame
    population: pd.DataFrame

    @property
    def sheets(self) -> Mapping[str, pd.DataFrame]:
        """The tables by the name of their sheet in the workbook, in the order of the workbook."""
        forms = {visit.sheet: self.questionnaires[visit.name] for visit in self.design.visits}
        return MappingProxyType(
            {
                "Children": self.children,
                **forms,
                "Expert ratings": self.ratings,
                "Session scores": self.sessions,
                "Events": self.events,
            }
        )


def simulate_study(design: StudyDesign = PUBLISHED_DESIGN, seed: int = DEFAULT_SEED) -> SimulatedStudy:
    """Draws one study; the same design and seed give the same tables.

    Each part has its own random stream (`SeedSequence.spawn`), so that changing one part of the design leaves
    the draws of the others alone.
    """
    roster, answers, missing, ratings, sessions, events = map(
        np.random.default_rng, np.random.SeedSequence(seed).spawn(6)
    )
    instrument = read_instrument(instruments_folder() / f"{design.instrument}.toml")
    cell = draw_cells(design, roster)
    family = draw_families(cell.size, design.roster.sibling_pairs, roster)
    children = children_sheet(design, cell, family, roster)
    child_id = children["Child ID"].to_numpy(dtype=object)
    complete = draw_answers(design, instrument, cell=cell, family=family, rng=answers)
    given = leave_out(complete, scale_items(design, instrument), design.missing, missing)
    status = draw_status(_driver(design, instrument, given), design.missing, missing)
    taking_part = draw_taking_part(status, design.events.stopped_early, missing)
    dates = visit_dates(design, children["Entered on"], roster)
    clips = draw_clips(design, child_id, taking_part, ratings)
    rated_child = clips["CHILD"].to_numpy()
    rated = draw_ratings(design, cell=cell[rated_child], child=rated_child, rng=ratings)
    return SimulatedStudy(
        design=design,
        seed=seed,
        children=children,
        questionnaires=_forms(design, instrument, child_id, given, status, dates),
        ratings=ratings_sheet(design, clips, rated, ratings),
        sessions=sessions_sheet(design, child_id=child_id, cell=cell, taking_part=taking_part, rng=sessions),
        events=events_sheet(design, child_id, status, taking_part, events),
        population=population_values(design),
    )


def write_study(folder: str | Path, seed: int = DEFAULT_SEED, design: StudyDesign = PUBLISHED_DESIGN) -> Path:
    """Writes a simulated study into a new folder: study.toml, README.md and the workbook under data/.

    Returns the path of study.toml, ready for `emostats run`. The file is the one that comes with emostats, so
    another `design` must keep its visits and its instrument. If writing fails, nothing stays.

    Raises
    ------
    UsageError: the folder exists and is not empty, or cannot be written; nothing is overwritten.
    """
    folder = _new_folder(Path(folder))
    source = resource("analyses") / ANALYSIS / "study.toml"
    plan = tomllib.loads(source.read_text(encoding="utf-8"))
    workbook = folder / plan["sources"]["workbook"]["file"]
    try:
        workbook.parent.mkdir(parents=True)
        notes = workbook_notes(design, seed)
        write_workbook(workbook, simulate_study(design, seed).sheets, notes)
        (folder / "README.md").write_text(_readme(notes), encoding="utf-8")
        return Path(shutil.copyfile(source, folder / "study.toml"))
    except BaseException:  # so that the next call does not find half a study
        shutil.rmtree(workbook.parent, ignore_errors=True)
        (folder / "README.md").unlink(missing_ok=True)
        (folder / "study.toml").unlink(missing_ok=True)
        raise


def _new_folder(folder: Path) -> Path:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is not empty; choose a new folder, nothing is overwritten")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"the folder {folder} cannot be created: {hindrance(folder, error)}") from error
    return folder


def workbook_notes(design: StudyDesign, seed: int) -> tuple[str, ...]:
    """What the workbook's first sheet and the folder's README say; the first line is the title."""
    return (
        "SIMULATED DATA",
        "No child in this file exists. All rows were drawn by a random number generator "
        f"(emostats simulate, seed {seed}) for trying out an analysis.",
        f"{design.n_children} simulated children in the design of a published study (EmoMusik-Net, "
        "Scientific Reports 2025). The population that they were drawn from has that study's published means "
        "of social interest (boys 1–6) and emotional response (girls 7–12); nearly everything else is an "
        "assumption of the emostats authors. Nothing here is evidence about music therapy.",
        "Sheets: Children; one sheet of family questionnaires a visit (answers 0–4, blank: not answered); "
        "Expert ratings (1–7); Session scores; Events.",
    )


def _readme(notes: tuple[str, ...]) -> str:
    title, *paragraphs = notes
    return "\n\n".join([f"# {title}", *paragraphs, "Run it with `emostats run study.toml`."]) + "\n"


def _driver(design: StudyDesign, instrument: Instrument, answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score that dropout depends on, children × visits, as the study office would compute it."""
    rows = pd.DataFrame(answers.reshape(-1, answers.shape[2]), columns=list(instrument.item_ids))
    scores = score(instrument, rows)
    values = scores.loc[scores["PARAMCD"] == design.missing.driver, "AVAL"].to_numpy(dtype=float)
    return np.asarray(values.reshape(answers.shape[:2]))


def _forms(
    design: StudyDesign,
    instrument: Instrument,
    child_id: NDArray[np.object_],
    answers: NDArray[np.float64],
    status: NDArray[np.int8],
    dates: NDArray[np.datetime64],
) -> Mapping[str, pd.DataFrame]:
    forms = {}
    for t, visit in enumerate(design.visits):
        came = np.flatnonzero(status[:, t] == Status.ANSWERED)
        form = pd.DataFrame({"Child ID": child_id[came], "Date": pd.to_datetime(dates[came, t])})
        items = pd.DataFrame(answers[came, t], columns=[item.column for item in instrument.items])
        forms[visit.name] = pd.concat([form, items], axis=1)
    return MappingProxyType(forms)
