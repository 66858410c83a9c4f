"""The last look at a run folder knows the words of the study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from emostats.privacy.scan import subject_identifiers, vocabulary
from emostats.study import read_spec
from emostats.study.data import StudyData

STUDY = """
schema = 1
[study]
id = "s"
title = "t"
[sources.a]
file = "a.csv"
[subjects]
source = "a"
columns = { USUBJID = "id" }
[[visits]]
name = "V0"
label = "Before"
value = "0"
values = ["first", "intake"]
baseline = true
"""


def test_all_spellings_of_a_visit_may_stand_in_outputs(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    data = StudyData(
        subjects=pd.DataFrame({"USUBJID": ["0", "first", "k7"], "FAMILY": ["f1", None, "f1"]}),
        observations=pd.DataFrame({"PARAMCD": ["SCORE"]}),
    )
    words = vocabulary(read_spec(tmp_path / "study.toml"), data)
    assert {"V0", "Before", "0", "first", "intake", "SCORE"} <= words
    assert subject_identifiers(data) - words == {"k7", "f1"}
