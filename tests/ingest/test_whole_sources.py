"""Whole studies from public files: AQ-10-Child (ARFF, dirt kept), the CDISC pilot (ADaM), REDCap sessions."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emostats.errors import Severity, UsageError
from emostats.ingest import ingest
from emostats.ingest.adqs import LABELS, adqs, write_adqs
from emostats.study import read_instrument, read_spec, score
from emostats.study.instruments import instruments_folder

pyreadstat = pytest.importorskip("pyreadstat")
REFERENCE = Path(__file__).parents[1] / "reference"

AQ10 = """
[study]
id = "aq10"
title = "AQ-10 screening"
[sources.screening]
file = "aq10_child.arff"
row_ids = "row"
[subjects]
source = "screening"
columns = { USUBJID = "row", SEX = "gender", AGE = "age", INFORMANT = "relation", ETHNICITY = "ethnicity" }
levels = { SEX = ["m", "f"] }
[subgroups]
factors = ["SEX", "AGEBAND"]
age_bands = [4, 8, 12]
[[visits]]
name = "SCREENING"
baseline = true
[[instruments]]
name = "aq10_child"
sources = { SCREENING = "screening" }
columns = { USUBJID = "row", INFORMANT = "relation" }
"""

CIBIC = """
[study]
id = "cdisc-pilot"
title = "CDISC pilot, CIBIC+"
[sources.adqs]
file = "cdisc_adqscibc.xpt"
[subjects]
source = "adqs"
columns = { USUBJID = "USUBJID", SEX = "SEX", AGE = "AGE", TRTP = "TRTP" }
levels = { SEX = ["F", "M"] }
[[visits]]
name = "BASELINE"
baseline = true
[[visits]]
name = "WEEK8"
value = "Week 8"
[[visits]]
name = "WEEK16"
value = "Week 16"
[[visits]]
name = "WEEK24"
value = "Week 24"
[[measurements]]
source = "adqs"
columns = { USUBJID = "USUBJID", AVISIT = "AVISIT", DATE = "ADT", PARAMCD = "PARAMCD", AVAL = "AVAL" }
where = { ANL01FL = "Y", DTYPE = "" }
[measurements.parameters]
CIBIC = { column = "CIBICVAL", label = "CIBIC+", range = [1, 7] }
"""

REDCAP = """
[study]
id = "bp"
title = "Repeated measurements"
[sources.redcap]
file = "redcap_repeating_instruments_data.csv"
format = "redcap"
dictionary = "redcap_repeating_instruments_dictionary.csv"
[subjects]
source = "redcap"
sheet = "demographics"
columns = { USUBJID = "record_id", SEX = "sex", AGE = "age" }
values = { SEX = { 0 = "F", 1 = "M" } }
[[visits]]
name = "BASELINE"
baseline = true
[session_scores]
source = "redcap"
sheet = "bp"
columns = { USUBJID = "record_id", SESSION = "redcap_repeat_instance", DATE = "date_bp" }
[session_scores.parameters]
SYSTOLIC = { column = "bp_systolic", unit = "mmHg", range = [50, 250] }
"""


def study(folder: Path, text: str, *files: str):
    for name in files:
        shutil.copyfile(REFERENCE / name, folder / Path(name).name)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return read_spec(folder)


def test_aq10_scores_are_the_published_totals_and_the_dirt_is_told(tmp_path):
    spec = study(tmp_path, AQ10, "aq10_child/aq10_child.arff")
    data, findings = ingest(spec)
    assert data is not None
    lines = (tmp_path / "aq10_child.arff").read_text(encoding="utf-8").splitlines()
    published = {
        str(number): float(line.split(",")[17])
        for number, line in enumerate(lines, start=1)
        if line[:2] in ("0,", "1,") and line.count(",") >= 20
    }
    scores = data.observations.set_index("USUBJID")["AVAL"].to_dict()
    assert len(scores) == 292
    assert scores == published
    count = Counter(finding.rule for finding in findings)
    assert count["identical-rows"] == 1
    assert "2 rows are the same" in next(f.message for f in findings if f.rule == "identical-rows")
    assert {f.message for f in findings if f.rule == "spelling-variants"} == {
        "INFORMANT: contents differ only in case or blanks and stay apart: 'Self' and 'self'."
    }
    blanks = next(f for f in findings if f.rule == "value-with-blanks")
    assert blanks.message.startswith("ETHNICITY: 27 cells")
    missing = {f.message.split(":")[0]: f.message for f in findings if f.rule == "declared-missing"}
    assert set(missing) == {"age", "ethnicity", "relation"}
    assert "43 values" in missing["ethnicity"]
    assert count["missing-factor"] == 4  # the four children without an age
    assert not any(finding.severity is Severity.ERROR for finding in findings)


def test_aq10_addresses_are_lines_of_the_file(tmp_path):
    data, _ = ingest(study(tmp_path, AQ10, "aq10_child/aq10_child.arff"))
    row = data.provenance.merge(data.observations, on="SOURCE_ID").iloc[0]
    line = (tmp_path / "aq10_child.arff").read_text(encoding="utf-8").splitlines()[row["ROW"] - 1]
    assert sum(int(value) for value in line.split(",")[:10]) == row["AVAL"]
    assert "A:J" in set(data.provenance["COLUMN"])


def test_cdisc_adqs_in_without_the_imputed_rows(tmp_path):
    spec = study(tmp_path, CIBIC, "exports/cdisc_adqscibc.xpt")
    data, findings = ingest(spec)
    table, _ = pyreadstat.read_xport(str(tmp_path / "cdisc_adqscibc.xpt"))
    kept = table[(table["ANL01FL"] == "Y") & (table["DTYPE"].fillna("") == "")]
    assert [f for f in findings if f.severity is Severity.ERROR] == []
    assert len(data.observations) == len(kept) > 400
    assert len(data.subjects) == table["USUBJID"].nunique()
    means = data.observations.groupby("AVISIT", observed=True)["AVAL"].mean()
    expected = kept.groupby("AVISIT")["AVAL"].mean()
    assert means["WEEK24"] == pytest.approx(expected["Week 24"], abs=0)


def test_cdisc_long_table_with_an_unknown_parameter(tmp_path):
    spec = study(tmp_path, CIBIC.replace("CIBICVAL", "CIBICVALUE"), "exports/cdisc_adqscibc.xpt")
    data, findings = ingest(spec)
    assert data is None
    found = next(f for f in findings if f.rule == "missing-parameter")
    assert "'CIBICVAL'" in found.action


def test_redcap_repeats_are_sessions(tmp_path):
    names = [f"exports/redcap_repeating_instruments_{part}.csv" for part in ("data", "dictionary")]
    data, findings = ingest(study(tmp_path, REDCAP, *names))
    assert not [f for f in findings if f.severity is Severity.ERROR]
    assert data.session_scores["AVAL"].tolist() == [110, 111, 112, 114]
    assert data.subjects[["USUBJID", "AGE"]].to_numpy().tolist() == [["1", 8.9], ["2", 9.6]]
    assert sum(f.rule == "identifier-column" for f in findings) == 1  # once a file, not once a sheet


def test_adqs_round_trip(tmp_path):
    spec = study(tmp_path, CIBIC, "exports/cdisc_adqscibc.xpt")
    data, _ = ingest(spec)
    table = adqs(data, spec)
    write_adqs(table, tmp_path / "adqs.xpt")
    back, meta = pyreadstat.read_xport(str(tmp_path / "adqs.xpt"))
    assert list(back.columns) == list(LABELS)
    assert meta.column_labels == list(LABELS.values())
    assert meta.table_name == "ADQS"
    for name in LABELS:
        if table[name].dtype == np.float64:
            np.testing.assert_array_equal(back[name].to_numpy(dtype=float), table[name].to_numpy())
        elif name != "ADT":
            assert back[name].fillna("").tolist() == table[name].tolist()
    write_adqs(table, tmp_path / "adqs.csv")
    text = pd.read_csv(tmp_path / "adqs.csv", keep_default_na=False, dtype=str)
    assert text["USUBJID"].tolist() == table["USUBJID"].tolist()
    assert [float(value) for value in text["AVAL"]] == table["AVAL"].tolist()


def test_adqs_has_dates_baseline_and_bands(small, tmp_path):
    pytest.importorskip("openpyxl")
    data = small.read()
    table = adqs(data, read_spec(small.path))
    first = table[(table["USUBJID"] == "001") & (table["PARAMCD"] == "CALM")]
    assert first["AVISIT"].tolist() == ["Before", "After"]
    assert first["ABLFL"].tolist() == ["Y", ""]
    assert [str(day.date()) for day in first["ADT"]] == ["2025-03-01", "2025-06-01"]
    assert first["AGEGR1"].tolist() == ["1-6", "1-6"]
    assert math.isnan(first["CHG"].iloc[0])
    write_adqs(table, tmp_path / "a.xpt")
    back, _ = pyreadstat.read_xport(str(tmp_path / "a.xpt"))
    dates = [None if pd.isna(day) else str(day)[:10] for day in back["ADT"]]
    assert dates == [None if pd.isna(day) else str(day.date()) for day in table["ADT"]]


def test_adqs_refuses_what_a_transport_file_cannot_hold(small, tmp_path):
    data = small.read()
    table = adqs(data, read_spec(small.path))
    with pytest.raises(UsageError, match="'LONGCODE9'"):
        write_adqs(table.assign(PARAMCD="LONGCODE9"), tmp_path / "a.xpt")
    with pytest.raises(UsageError, match="200 bytes"):
        write_adqs(table.assign(PARAM="ä" * 101), tmp_path / "a.xpt")
    with pytest.raises(UsageError, match=r"\.csv or \.xpt"):
        write_adqs(table, tmp_path / "a.txt")
    write_adqs(table.assign(SITEID="=1+1"), tmp_path / "a.csv")
    assert "'=1+1" in (tmp_path / "a.csv").read_text(encoding="utf-8")


def test_aq10_answers_are_keyed_by_the_published_rule():
    """Agreeing with 1, 5, 7, 10 and disagreeing with the rest earns a point (Allison et al. 2012)."""
    instrument = read_instrument(instruments_folder() / "aq10_child_answers.toml")
    rows = np.random.default_rng(3).integers(1, 5, (200, 10))
    answers = pd.DataFrame(rows, columns=[f"A{n}" for n in range(1, 11)], dtype=float)
    agree = rows <= 2
    wants_agreement = np.isin(np.arange(1, 11), [1, 5, 7, 10])
    assert score(instrument, answers)["AVAL"].tolist() == (agree == wants_agreement).sum(axis=1).tolist()


def test_atec_worst_and_best_answers():
    instrument = read_instrument(instruments_folder() / "atec.toml")
    parts = {item: item.split("_")[0] for item in instrument.item_ids}
    worst = {item: {"I": 0, "II": 2, "III": 0, "IV": 3}[part] for item, part in parts.items()}
    best = {item: {"I": 2, "II": 0, "III": 2, "IV": 0}[part] for item, part in parts.items()}
    scores = score(instrument, pd.DataFrame([worst, best], dtype=float)).set_index(["PARAMCD", "ROW"])["AVAL"]
    found = {code: (scores[code, 0], scores[code, 1]) for code in scores.index.get_level_values(0).unique()}
    assert found == {
        "ATECSPE": (28, 0), "ATECSOC": (40, 0), "ATECCOG": (36, 0), "ATECHEA": (75, 0), "ATEC": (179, 0),
    }  # fmt: skip
