"""Writes the rating sheets: one workbook a rater, in a random order of the clips, and the key apart.

A sheet shows random codes and nothing else: no child, no visit, no file name, no order that tells. The key,
which joins codes to clips, is a file of its own that only its owner can read. Cells to fill in take whole
numbers of the scale only; text that a spreadsheet would run is stored as text.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from emostats.errors import UsageError
from emostats.music.evidence.blocks import Design, assign
from emostats.music.evidence.clips import Clip
from emostats.music.files import make_folder

HEADER_ROW = 6
KEY, PLAN = "key.csv", "plan.json"
COLUMN_WIDTH = 16
LIST_LENGTH = 255
"""Characters that a spreadsheet takes in a list of allowed values."""
GUESSED = "Guessed visit"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without I and O, which look like digits."""


@dataclass(frozen=True)
class Questions:
    """What raters are asked. domains: code → question. low, high: the scale. visits: to guess from, may be
    empty."""

    domains: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType(
            {
                "RHYTHM": "Does the rhythm of the music match the child's movement?",
                "EMOTION": "Does the emotion of the music match the child's expression?",
            }
        )
    )
    low: int = 1
    high: int = 7
    visits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.domains or not self.low < self.high:
            raise UsageError("Rating sheets need at least one question and a scale with low < high.")


def make_sheets(
    clips: Sequence[Clip],
    raters: Sequence[str],
    folder: Path,
    *,
    per_clip: int,
    questions: Questions | None = None,
    seed: int,
) -> Design:
    """Writes ``ratings_<rater>.xlsx`` for each rater, ``key.csv`` and ``plan.json`` into a new folder.

    Raises
    ------
    UsageError: the folder exists and is not empty; raters repeat or cannot name a file; see `blocks.assign`.
    """
    questions = questions or Questions()
    _check_raters(raters)
    rng = np.random.default_rng(seed)
    design = assign(len(clips), len(raters), per_clip, rng)
    _new(folder)
    codes = _codes(len(clips), rng)
    for number, rater in enumerate(raters):
        mine = [code for code, who in zip(codes, design.raters, strict=True) if number in who]
        order = [mine[place] for place in rng.permutation(len(mine))]
        _sheet(folder / f"ratings_{rater}.xlsx", rater, order, questions)
    _key(folder / KEY, clips, codes, raters, design)
    _plan(folder / PLAN, clips, raters, per_clip, questions, design)
    return design


def _new(folder: Path) -> None:
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(
            f"{folder} is not empty; sheets and their key are never overwritten. Name a new folder."
        )
    make_folder(folder, "the kit")


def _check_raters(raters: Sequence[str]) -> None:
    if len({rater.casefold() for rater in raters}) != len(raters) or len(raters) < 2:
        raise UsageError("Name at least two raters, each once (a and A would share a file).")
    odd = [rater for rater in raters if not rater.replace("-", "").replace("_", "").isalnum()]
    if odd:
        raise UsageError(f"Rater codes are letters, digits, - and _ (they name files); found {odd[0]!r}.")


def _codes(n: int, rng: np.random.Generator) -> list[str]:
    """Different random codes of two letters and three digits, such as ``KT482``."""
    found: dict[str, None] = {}
    while len(found) < n:
        letters = "".join(LETTERS[place] for place in rng.integers(len(LETTERS), size=2))
        found.setdefault(f"{letters}{rng.integers(100, 1000)}")
    return list(found)


def columns(questions: Questions) -> list[str]:
    """Headers of a sheet."""
    return ["Clip", *questions.domains, *([GUESSED] if questions.visits else []), "Remark"]


def _sheet(path: Path, rater: str, codes: Sequence[str], questions: Questions) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet: Any = book.active
    sheet.title = "Ratings"
    names = columns(questions)
    for row, line in enumerate(_instructions(rater, questions), start=1):
        _text(sheet.cell(row=row, column=1), line)
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=len(names))
        sheet.row_dimensions[row].height = 15 * ceil(len(line) / (COLUMN_WIDTH * len(names)))
    for column, name in enumerate(names, start=1):
        _text(sheet.cell(row=HEADER_ROW, column=column), name)
        sheet.column_dimensions[sheet.cell(row=HEADER_ROW, column=column).column_letter].width = COLUMN_WIDTH
    for place, code in enumerate(codes, start=HEADER_ROW + 1):
        _text(sheet.cell(row=place, column=1), code)
    _allow(sheet, questions, len(codes))
    _dress(sheet, len(names), len(codes))
    book.properties.creator = "emostats"
    book.save(path)


def _instructions(rater: str, questions: Questions) -> list[str]:
    """The lines above the header; questions that have no line of their own share the last one."""
    scale = f"whole numbers from {questions.low} (not at all) to {questions.high} (completely)"
    asked = [f"{code}: {question}" for code, question in questions.domains.items()]
    own = HEADER_ROW - 4
    return [
        f"Rater {rater}",
        f"Rate each clip by yourself, in this order. Answers: {scale}. Leave blank what you could not see.",
        *asked[:own],
        *(["   ".join(asked[own:])] if asked[own:] else []),
    ]


def _dress(sheet: Any, n_columns: int, n_clips: int) -> None:
    """Lines to write on, a header that stays, and one page's width on paper."""
    from openpyxl.styles import Alignment, Border, Font, Side

    thin = Side(style="thin", color="999999")
    for row in sheet.iter_rows(min_row=1, max_row=HEADER_ROW + n_clips, max_col=n_columns):
        for cell in row:
            cell.font = Font(name="Calibri", size=11, bold=cell.row in (1, HEADER_ROW))
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if cell.row >= HEADER_ROW:
                cell.border = Border(left=thin, right=thin, top=thin, bottom=thin)
    sheet.freeze_panes = sheet.cell(row=HEADER_ROW + 1, column=2)
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _text(cell: Any, text: str) -> None:
    """Text that stays text."""
    cell.value = text
    cell.data_type = "s"


def _allow(sheet: Any, questions: Questions, n: int) -> None:
    """Cells to fill in accept the scale, and names of visits, and nothing else."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    first, last = HEADER_ROW + 1, HEADER_ROW + n
    scale = DataValidation(
        type="whole", operator="between", formula1=questions.low, formula2=questions.high, allow_blank=True,
        showErrorMessage=True, errorTitle="Rating",
        error=f"A whole number from {questions.low} to {questions.high}, or blank.",
    )  # fmt: skip
    for column in range(2, 2 + len(questions.domains)):
        letter = get_column_letter(column)
        scale.add(f"{letter}{first}:{letter}{last}")
    sheet.add_data_validation(scale)
    names = ",".join(questions.visits)
    listable = (
        len(names) <= LIST_LENGTH and names.count(",") == len(questions.visits) - 1 and '"' not in names
    )
    if questions.visits and listable:
        guess = DataValidation(type="list", formula1=f'"{names}"', allow_blank=True)
        letter = get_column_letter(2 + len(questions.domains))
        guess.add(f"{letter}{first}:{letter}{last}")
        sheet.add_data_validation(guess)


def _key(
    path: Path, clips: Sequence[Clip], codes: Sequence[str], raters: Sequence[str], design: Design
) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["CODE", "CLIP", "USUBJID", "AVISIT", "FILE", "RATERS"])
        for clip, code, who in zip(clips, codes, design.raters, strict=True):
            names = ";".join(raters[number] for number in who)
            writer.writerow([code, clip.clip, clip.child, clip.visit, clip.file, names])


def _plan(
    path: Path,
    clips: Sequence[Clip],
    raters: Sequence[str],
    per_clip: int,
    questions: Questions,
    design: Design,
) -> None:
    """What was planned, without anything that breaks the blinding; the seed would."""
    plan = {
        "clips": len(clips),
        "raters": list(raters),
        "per_clip": per_clip,
        "per_rater": list(design.per_rater),
        "per_pair": list(design.per_pair),
        "balanced": design.balanced,
        "domains": dict(questions.domains),
        "low": questions.low,
        "high": questions.high,
        "visits": list(questions.visits),
    }
    path.write_text(json.dumps(plan, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
