"""ADQS: the outcomes of a study as a CDISC ADaM data set, one row a child × parameter × visit.

Names follow the ADaM Implementation Guide's Basic Data Structure. A SAS transport file (version 5) holds
names of 8, labels of 40 and texts of 200 characters; what does not fit is refused, never cut.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import UsageError
from emostats.ingest.container import UnreadableError
from emostats.ingest.formats.binary import package
from emostats.ingest.harmless import harmless
from emostats.study.data import StudyData
from emostats.study.spec import StudySpec

LABELS = MappingProxyType(
    {
        "STUDYID": "Study Identifier",
        "USUBJID": "Unique Subject Identifier",
        "SITEID": "Study Site Identifier",
        "AGE": "Age",
        "AGEU": "Age Units",
        "AGEGR1": "Pooled Age Group 1",
        "SEX": "Sex",
        "PARAM": "Parameter",
        "PARAMCD": "Parameter Code",
        "PARAMN": "Parameter (N)",
        "AVISIT": "Analysis Visit",
        "AVISITN": "Analysis Visit (N)",
        "ADT": "Analysis Date",
        "AVAL": "Analysis Value",
        "AVALU": "Analysis Value Unit",
        "BASE": "Baseline Value",
        "CHG": "Change from Baseline",
        "ABLFL": "Baseline Record Flag",
        "ANL01FL": "Analysis Record Flag 01",
        "NITEMS": "Number of Items",
        "NANSWER": "Number of Items Answered",
        "SRCID": "Source Record Identifier",
    }
)
"""Variables of the data set in order, with their labels (at most 40 characters)."""

LONGEST_NAME, LONGEST_TEXT = 8, 200


def adqs(data: StudyData, spec: StudySpec) -> pd.DataFrame:
    """The outcomes of a study as an ADQS-shaped table.

    Returns
    -------
    Columns as in `LABELS`: text is str (empty where missing), numbers are floats, ADT is a date or NaT.
    AVISIT holds the visit's label. SRCID is the SOURCE_ID under which the provenance names the cells.
    """
    rows = data.observations.merge(data.subjects.drop(columns="SOURCE_ID"), on="USUBJID", how="left")
    names = list(spec.parameters)
    infos = [spec.parameters[code] for code in rows["PARAMCD"]]
    at_baseline = rows["AVISIT"].astype(object) == spec.baseline.name
    table = pd.DataFrame(
        {
            "STUDYID": spec.study.id,
            "USUBJID": _text(rows["USUBJID"]),
            "SITEID": _text(rows["SITE"]),
            "AGE": rows["AGE"].astype("float64"),
            "AGEU": "YEARS",
            "AGEGR1": _text(rows["AGEBAND"]).str.replace("–", "-"),
            "SEX": _text(rows["SEX"]),
            "PARAM": [info.label or info.code for info in infos],
            "PARAMCD": [info.code for info in infos],
            "PARAMN": [float(names.index(info.code) + 1) for info in infos],
            "AVISIT": _text(rows["AVISIT"].astype(object).map(spec.visit_labels)),
            "AVISITN": rows["AVISITN"].astype("float64"),
            "ADT": _dates(rows, data.visits),
            "AVAL": rows["AVAL"].astype("float64"),
            "AVALU": [info.unit for info in infos],
            "BASE": rows["BASE"].astype("float64"),
            "CHG": rows["CHG"].astype("float64"),
            "ABLFL": np.where(at_baseline, "Y", ""),
            "ANL01FL": "Y",
            "NITEMS": rows["N_ITEMS"].astype("float64"),
            "NANSWER": rows["N_ITEMS_ANSWERED"].astype("float64"),
            "SRCID": _text(rows["SOURCE_ID"]),
        }
    )
    return table[list(LABELS)].sort_values(["USUBJID", "PARAMN", "AVISITN"], ignore_index=True)


def _text(values: Any) -> pd.Series:
    return pd.Series(["" if pd.isna(value) else str(value) for value in values], dtype=object)


def _dates(rows: pd.DataFrame, visits: pd.DataFrame) -> pd.Series:
    """The date of the questionnaire that a score was made from, by its source row."""
    known = visits.dropna(subset=["DATE"]).drop_duplicates("SOURCE_ID").set_index("SOURCE_ID")["DATE"]
    return pd.to_datetime(rows["SOURCE_ID"].map(known)).reset_index(drop=True)


def write_adqs(table: pd.DataFrame, path: str | Path) -> None:
    """Writes an ADQS table as ``.csv`` (dates in ISO form) or as a SAS transport file ``.xpt``.

    In the CSV, text that a spreadsheet would take for a formula gets a leading apostrophe.

    Raises
    ------
    UsageError: the ending is another, the folder does not exist, or a name or text is too long for a
        transport file.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise UsageError(f"the folder '{path.parent}' does not exist. Create it, or give another place.")
    if path.suffix.lower() == ".csv":
        _write_csv(table, path)
    elif path.suffix.lower() == ".xpt":
        _write_xpt(table, path)
    else:
        raise UsageError(f"expected a file that ends in .csv or .xpt; found '{path.name}'.")


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    safe = table.copy()
    safe["ADT"] = _iso(safe["ADT"])
    for name in safe.columns:
        if safe[name].dtype == object or isinstance(safe[name].dtype, pd.StringDtype):
            safe[name] = [harmless(value) for value in safe[name]]
    safe.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def _iso(dates: pd.Series) -> list[str]:
    return ["" if pd.isna(value) else value.date().isoformat() for value in dates]


def _write_xpt(table: pd.DataFrame, path: Path) -> None:
    _refuse_long(table)
    try:
        library = package("pyreadstat", "spss", ".xpt files")
    except UnreadableError as error:
        raise UsageError(f"{error} {error.action}") from None
    safe = table.copy()
    safe["ADT"] = pd.Series([None if pd.isna(value) else value.date() for value in safe["ADT"]], dtype=object)
    labels = [LABELS.get(name, name) for name in safe.columns]
    library.write_xport(
        safe, str(path), file_label="Questionnaires, analysis data", table_name="ADQS",
        column_labels=labels, file_format_version=5,
    )  # fmt: skip


def _refuse_long(table: pd.DataFrame) -> None:
    codes = [code for code in dict.fromkeys(table["PARAMCD"]) if len(code) > LONGEST_NAME]
    if codes:
        raise UsageError(
            f"a SAS transport file holds parameter codes of {LONGEST_NAME} characters; '{codes[0]}' has "
            f"{len(codes[0])}. Shorten its id, or export CSV."
        )
    for name in table.columns:
        long = [
            value for value in table[name] if isinstance(value, str) and len(value.encode()) > LONGEST_TEXT
        ]
        if long:
            raise UsageError(
                f"a SAS transport file holds texts of {LONGEST_TEXT} bytes; {name} has one of "
                f"{len(long[0].encode())}. Export CSV."
            )
