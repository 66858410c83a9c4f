"""Tables against their Table Schemas: the bundled ones and a study's own, all findings with their cells."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from emostats.errors import UsageError
from emostats.ingest import ingest
from emostats.ingest.table_schemas import read_table_schema
from emostats.study.spec import read_spec

STUDY = """
[study]
id = "schemas"
title = "Schemas"
[sources.t]
file = "data.csv"
[subjects]
source = "t"
columns = { USUBJID = "id", SITE = "site", AGE = "age" }
[[visits]]
name = "V0"
baseline = true
"""


@pytest.fixture
def study(tmp_path):
    (tmp_path / "study.toml").write_text(STUDY)
    (tmp_path / "data.csv").write_text("id,site,age\n001,North,4\n002,south,6.5\n003,,11\n")
    (tmp_path / "data_schema").mkdir()
    return tmp_path


def own(study, **constraints):
    fields = [{"name": name, "constraints": rules} for name, rules in constraints.items()]
    (study / "data_schema" / "subjects.json").write_text(json.dumps({"fields": fields}))
    _, findings = ingest(read_spec(study / "study.toml"))
    return [finding for finding in findings if finding.rule == "table-schema"]


def test_a_study_without_schemas_of_its_own_passes_the_bundled_ones(study):
    data, findings = ingest(read_spec(study / "study.toml"))
    assert data is not None
    assert not [finding for finding in findings if finding.rule == "table-schema"]


def test_every_broken_rule_is_reported_with_its_row(study):
    found = own(
        study,
        SITE={"required": True, "enum": ["North", "South"]},
        AGE={"minimum": 5, "maximum": 10},
        USUBJID={"pattern": "00[12]", "maxLength": 3, "minLength": 3},
    )
    messages = {(finding.message.split(" (rule")[0], finding.cell, finding.subject) for finding in found}
    assert messages == {
        ("SITE: expected one of North, South; found 'south'", "row 3", "002"),
        ("SITE: expected a value; found nothing", "row 4", "003"),
        ("AGE: expected at least 5; found '4.0'", "row 2", "001"),
        ("AGE: expected at most 10; found '11.0'", "row 4", "003"),
        ("USUBJID: expected the form 00[12]; found '003'", "row 4", "003"),
    }
    assert {finding.file for finding in found} == {"data.csv"}


def test_a_repeated_value_of_a_unique_column_is_found(study):
    (study / "data.csv").write_text("id,site,age\n001,A,4\n002,A,6\n003,B,11\n")
    assert [finding.subject for finding in own(study, SITE={"unique": True})] == ["001", "002"]


def test_many_broken_values_are_counted(study):
    rows = "\n".join(f"{number:03},A,4" for number in range(40))
    (study / "data.csv").write_text(f"id,site,age\n{rows}\n")
    found = own(study, AGE={"minimum": 5})
    assert len(found) == 26
    assert found[-1].message.startswith("15 more values of AGE like these")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no Table Schema"),
        ('{"columns": []}', "is no Table Schema"),
        ('{"fields": [{"name": "AGE", "constraints": {"minimun": 1}}]}', "Did you mean 'minimum'"),
        ('{"fields": [{"name": "AGE", "constraints": {"pattern": "("}}]}', "cannot be"),
    ],
)
def test_a_broken_schema_is_a_finding_of_its_own(study, text, message):
    (study / "data_schema" / "subjects.json").write_text(text)
    data, findings = ingest(read_spec(study / "study.toml"))
    (finding,) = [finding for finding in findings if finding.rule == "table-schema"]
    assert data is None
    assert message in finding.message
    assert finding.file == "data_schema/subjects.json"
    with pytest.raises(UsageError, match=r"subjects\.json"):
        read_table_schema(study / "data_schema" / "subjects.json")


def test_columns_that_do_not_exist_are_named(study):
    (finding,) = own(study, AGES={"minimum": 5})
    assert "names columns that the table does not have: AGES" in finding.message


def test_values_of_a_category_can_be_restricted(study):
    schema = read_table_schema_of({"SEX": {"enum": ["M"]}}, study)
    table = pd.DataFrame({"SEX": pd.Categorical(["M", "F"])})
    import pandera.errors

    with pytest.raises(pandera.errors.SchemaErrors, match="expected one of M"):
        schema.validate(table, lazy=True)


def read_table_schema_of(constraints, folder):
    fields = [{"name": name, "constraints": rules} for name, rules in constraints.items()]
    (folder / "x.json").write_text(json.dumps({"fields": fields}))
    return read_table_schema(folder / "x.json")
