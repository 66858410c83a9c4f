"""Copies without what tells who a child is."""

from __future__ import annotations

import csv
import json
import os
import stat
from datetime import date, datetime, timedelta

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment
from typer.testing import CliRunner

from emostats.cli.app import app
from emostats.errors import PrivacyError, UsageError
from emostats.privacy.deidentify import (
    Declared,
    KeyedHash,
    Options,
    Role,
    Sheet,
    deidentify,
    open_key,
    open_mapping,
)
from emostats.study.subgroups import age_bands

KEY = KeyedHash(b"k" * 32)
BANDS = age_bands((1, 7, 13))


def sheet(header, *rows, name="s"):
    return Sheet("f.xlsx", name, tuple(zip(header, *rows, strict=True)))


def roles(**named):
    return Declared({header.replace("_", " "): role for header, role in named.items()})


def test_the_same_child_has_the_same_name_everywhere_and_only_with_this_key():
    one = sheet(("ID", "x"), ("017", 1), ("18", 2), name="one")
    two = sheet(("x", "id"), (3, " 017 "), (4, 18.0), name="two")
    done = deidentify([one, two], KEY, Options(roles(id=Role.CHILD)))
    first, second = done.sheets["f.xlsx", "one"], done.sheets["f.xlsx", "two"]
    assert first[1][0] == second[1][1] and first[2][0] == second[2][1]
    assert first[1][0] != first[2][0] and "017" not in first[1][0]
    assert KeyedHash(b"o" * 32).of("child", "017") != first[1][0]
    assert KEY.of("family", "017") != KEY.of("child", "017")


def test_the_keyed_hash_is_hmac_sha_256():
    """Against the standard library's own HMAC of kind and ID, in Crockford's base 32."""
    import hashlib
    import hmac

    number = int.from_bytes(hmac.digest(b"k" * 32, b"child\x00017", hashlib.sha256)[:8], "big")
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    assert KEY.of("child", "017") == "C-" + "".join(letters[number >> 5 * i & 31] for i in range(10))


@settings(max_examples=40, deadline=None)
@given(st.text(min_size=1, max_size=12), st.integers(1, 400), st.dates(date(2000, 1, 1), date(2030, 1, 1)))
def test_dates_of_a_child_move_together_and_never_stay(child, most, day):
    if not child.strip():
        return
    later = day + timedelta(days=91)
    table = sheet(("ID", "When", "Then"), (child, day, later.isoformat()))
    done = deidentify([table], KEY, Options(roles(id=Role.CHILD, when=Role.DATE, then=Role.DATE), shift=most))
    _, when, then = done.sheets["f.xlsx", "s"][1]
    assert then - when == timedelta(days=91)
    assert 1 <= abs((when - day).days) <= most


def test_shifts_spread_over_the_whole_range():
    shifts = {KEY.shift(str(i), 3) for i in range(200)}
    assert shifts == {-3, -2, -1, 1, 2, 3}


def test_birth_dates_become_bands_and_ages_are_cut():
    declared = roles(id=Role.CHILD, born=Role.BIRTH, seen=Role.DATE, age=Role.AGE)
    table = sheet(
        ("ID", "Born", "Seen", "Age"),
        ("1", datetime(2018, 5, 2), date(2024, 5, 1), 5.9),
        ("2", "2018-05-02", "2025-05-02", 7.0),
        ("3", date(2005, 1, 1), date(2025, 1, 1), 20),
    )
    rows = deidentify([table], KEY, Options(declared, bands=BANDS)).sheets["f.xlsx", "s"]
    assert [row[1] for row in rows[1:]] == ["1–6", "7–12", "13+"]
    assert [row[3] for row in rows[1:]] == [5, 7, 13]


def test_free_text_goes_unless_allowed_by_name():
    texts = [f"He liked the drum very much on day {i}, and sang." for i in range(20)]
    table = sheet(("ID", "Remark", "Site"), *((str(i), text, "A") for i, text in enumerate(texts)))
    declared = roles(id=Role.CHILD)
    without = deidentify([table], KEY, Options(declared))
    assert without.sheets["f.xlsx", "s"][0] == ("ID", "Site")
    allowed = deidentify([table], KEY, Options(declared, allowed=frozenset({"remark"})))
    assert allowed.sheets["f.xlsx", "s"][1][1] == texts[0]


def test_an_id_in_an_allowed_text_stops_everything():
    table = sheet(("ID", "Remark"), ("K017", "fine"), ("K018", "plays with K017"))
    with pytest.raises(PrivacyError, match=r"column 'Remark'.*Nothing was written") as caught:
        deidentify([table], KEY, Options(roles(id=Role.CHILD), allowed=frozenset({"remark"})))
    assert "K017" not in str(caught.value)


@pytest.mark.parametrize(
    ("header", "cells", "suspicion"),
    [
        ("Mother's name", ["Anna", "Eva"], "name of a person"),
        ("Contact", ["a@example.org", ""], "e-mail address"),
        ("Insurance", ["X1", "X2"], "ID number"),
        ("Record", [1234567, 7654321], "long numbers"),
        ("Code", [f"AB-{i}" for i in range(30)], "codes that differ"),
        ("", ["x", "y"], "without a header"),
    ],
)
def test_columns_that_look_like_identifiers_are_dropped_and_named(header, cells, suspicion):
    rows = [(f"id{i}", cell) for i, cell in enumerate(cells)]
    done = deidentify([sheet(("ID", header), *rows)], KEY, Options(roles(id=Role.CHILD)))
    assert done.sheets["f.xlsx", "s"][0] == ("ID",)
    (finding,) = done.findings
    assert finding.rule == "looks-like-identifier" and suspicion in finding.message


@pytest.mark.parametrize("cells", [[1, 2, 3], ["a", "b", "a"], [0.5, "", 2.5], [None, None, None]])
def test_answers_and_codes_are_kept(cells):
    rows = [(f"id{i}", cell) for i, cell in enumerate(cells)]
    done = deidentify([sheet(("ID", "Q1"), *rows)], KEY, Options(roles(id=Role.CHILD)))
    assert [row[1] for row in done.sheets["f.xlsx", "s"][1:]] == [cell or None for cell in cells]
    assert done.findings == ()


def test_dates_without_a_child_are_blanked():
    table = sheet(("When", "x"), (date(2024, 1, 1), 1))
    rows = deidentify([table], KEY, Options(roles())).sheets["f.xlsx", "s"]
    assert rows[1] == (None, 1)


def test_the_log_holds_no_original():
    table = sheet(("ID", "Name", "When"), ("child-017", "Anna", date(2024, 1, 17)))
    done = deidentify([table], KEY, Options(roles(id=Role.CHILD)))
    log = json.dumps(done.log)
    for original in ("child-017", "Anna", "2024", "Name"):
        assert original not in log


def test_two_ids_with_one_pseudonym_are_noticed():
    names = KeyedHash(b"k" * 32)
    names.seen[names.of("child", "1")] = "2"
    with pytest.raises(PrivacyError, match="same pseudonym"):
        names.of("child", "1")


def test_keys_and_mappings_are_for_their_owner_alone(tmp_path):
    key = tmp_path / "key"
    first = open_key(key)
    assert not key.exists(), "a key is made together with a copy, not before"
    first.save()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert open_key(key).of("child", "1") == first.of("child", "1")
    mapping = open_mapping(tmp_path / "map.csv")
    name, shift = mapping.of("child", "1"), mapping.shift("1", 90)
    mapping.save()
    assert stat.S_IMODE((tmp_path / "map.csv").stat().st_mode) == 0o600
    again = open_mapping(tmp_path / "map.csv")
    assert (again.of("child", "1"), again.shift("1", 90)) == (name, shift)
    assert again.of("child", "2") != name


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_a_key_that_others_can_read_is_refused(tmp_path):
    key = tmp_path / "key"
    open_key(key).save()
    key.chmod(0o640)
    with pytest.raises(PrivacyError, match="chmod 600"):
        open_key(key)


@pytest.mark.parametrize("content", ["", "abc", "zz" * 32])
def test_a_file_that_is_no_key_is_refused(tmp_path, content):
    key = tmp_path / "key"
    key.write_text(content)
    key.chmod(0o600)
    with pytest.raises(UsageError, match="is no key"):
        open_key(key)


@pytest.fixture
def workbook(tmp_path):
    book = openpyxl.Workbook()
    book.properties.creator = "Dr. Anna Weber"
    first = book.active
    first.title = "Children"
    for row in [("ID", "Name", "Age", "Entered"), ("017", "Mia", 5.5, datetime(2024, 3, 1))]:
        first.append(row)
    first["A2"].comment = Comment("the tall one", "Weber")
    secret = book.create_sheet("Names")
    secret.append(("ID", "Name"))
    secret.append(("017", "Mia Weber"))
    secret.sheet_state = "hidden"
    scores = book.create_sheet("Week 0")
    scores.append(("ID", "Q1", "Formula"))
    scores.append(("017", 3, "=1+1"))
    path = tmp_path / "answers.xlsx"
    book.save(path)
    return path


def run(*words):
    return CliRunner().invoke(app, ["deidentify", *map(str, words)])


def test_a_workbook_becomes_a_bare_copy(workbook, tmp_path):
    out = tmp_path / "out"
    done = run(workbook, "-o", out, "--key", tmp_path / "k", "--id", "ID", "--age", "Age")
    assert done.exit_code == 1, done.output  # the column Name was not declared
    assert "'Name'" in done.output and "Mia" not in done.output
    book = openpyxl.load_workbook(out / "answers.xlsx")
    assert book.sheetnames == ["Children", "Week 0"]
    assert [cell.value for cell in book["Children"][1]] == ["ID", "Age", "Entered"]
    assert book["Children"]["B2"].value == 5 and book["Children"]["A2"].comment is None
    assert book["Children"]["A2"].value == book["Week 0"]["A2"].value != "017"
    content = (out / "answers.xlsx").read_bytes()
    assert b"Weber" not in content and not book.properties.creator
    assert "Mia" not in (out / "deidentification.json").read_text(encoding="utf-8")


def test_nothing_is_overwritten(workbook, tmp_path):
    before = workbook.read_bytes()
    out = tmp_path / "out"
    out.mkdir()
    done = run(workbook, "-o", out, "--key", tmp_path / "k", "--id", "ID")
    assert done.exit_code == 2 and "exists already" in done.output
    assert list(out.iterdir()) == [] and workbook.read_bytes() == before


def test_the_column_of_ids_must_be_given(workbook, tmp_path):
    done = run(workbook, "-o", tmp_path / "out", "--key", tmp_path / "k")
    assert done.exit_code == 2 and "--id" in done.output
    assert not (tmp_path / "out").exists() and not (tmp_path / "k").exists()


def test_either_a_key_or_a_mapping(workbook, tmp_path):
    done = run(workbook, "-o", tmp_path / "out", "--id", "ID")
    assert done.exit_code == 2 and "--mapping" in done.output


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_an_open_key_stops_with_exit_code_4(workbook, tmp_path):
    key = tmp_path / "k"
    open_key(key).save()
    key.chmod(0o644)
    done = run(workbook, "-o", tmp_path / "out", "--key", key, "--id", "ID")
    assert done.exit_code == 4
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--key", "--mapping"])
def test_a_copy_that_is_stopped_leaves_no_key_and_no_mapping(tmp_path, option):
    table = tmp_path / "K017_answers.csv"
    table.write_text("ID,Score\nK017,1\nK018,2\n", encoding="utf-8")
    done = run(table, "-o", tmp_path / "out", option, tmp_path / "k", "--id", "ID")
    assert done.exit_code == 4 and "Nothing was written" in done.output
    assert list(tmp_path.iterdir()) == [table]


@pytest.mark.parametrize("option", ["--key", "--mapping"])
def test_no_copy_without_its_key(workbook, tmp_path, option):
    before = sorted(tmp_path.iterdir())
    done = run(workbook, "-o", tmp_path / "out", option, tmp_path / "gone" / "k", "--id", "ID")
    assert done.exit_code == 2 and "gone' does not exist. Make it" in " ".join(done.output.split())
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("option", ["--key", "--mapping"])
def test_the_key_does_not_go_with_the_copies(workbook, tmp_path, option):
    done = run(workbook, "-o", tmp_path / "out", option, tmp_path / "out" / "k", "--id", "ID")
    assert done.exit_code == 2 and "lies in the folder of the copies" in " ".join(done.output.split())
    assert not (tmp_path / "out").exists()


STUDY = """
schema = 1
[study]
id = "s"
title = "t"
[sources.a]
file = "data/a.csv"
separator = ";"
[subjects]
source = "a"
columns = { USUBJID = "id", SEX = "sex", AGE = "age" }
[subgroups]
age_bands = [1, 7, 13]
[[visits]]
name = "V0"
baseline = true
[[visits]]
name = "V1"
[[measurements]]
source = "a"
columns = { USUBJID = "id", AVISIT = "visit", DATE = "day" }
[measurements.parameters]
SCORE = { column = "score" }
"""


def test_a_study_is_copied_whole_and_can_be_analysed(tmp_path):
    from emostats.ingest import read_study

    (tmp_path / "study" / "data").mkdir(parents=True)
    (tmp_path / "study" / "study.toml").write_text(STUDY, encoding="utf-8")
    table = "id;sex;age;visit;day;score\nk1;F;3.5;V0;2024-01-01;-2\nk1;F;3.5;V1;2024-03-01;4\n"
    (tmp_path / "study" / "data" / "a.csv").write_text(table, encoding="utf-8")
    done = run(tmp_path / "study", "-o", tmp_path / "out", "--mapping", tmp_path / "m.csv", "--json")
    assert done.exit_code == 0, done.output
    data = read_study(tmp_path / "out")
    assert len(data.subjects) == 1 and list(data.observations["AVAL"]) == [-2, 4]
    assert data.subjects["AGE"].iloc[0] == 3
    with (tmp_path / "out" / "data" / "a.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    days = [date.fromisoformat(row["day"]) for row in rows]
    assert (days[1] - days[0]).days == 60 and days[0] != date(2024, 1, 1)
    assert "k1" not in (tmp_path / "out" / "data" / "a.csv").read_text()


@pytest.mark.parametrize(
    "cells",
    [
        ["12.03.2025", "31.12.2024", ""],
        ["2025-03-12T10:00:00", "2025-03-13", "2025/03/14"],
        [date(2025, 3, 12), "13.03.2025", None],
    ],
)
def test_days_written_as_text_are_moved_although_nobody_declared_them(cells):
    table = sheet(("ID", "Datum"), *((f"K{i}", cell) for i, cell in enumerate(cells)))
    rows = deidentify([table], KEY, Options(roles(id=Role.CHILD))).sheets["f.xlsx", "s"]
    for before, row in zip(cells, rows[1:], strict=True):
        assert (row[1] is None) == (not before)
        assert not before or (isinstance(row[1], date) and row[1].isoformat() not in str(before))


@pytest.mark.parametrize("day", ["03/25/2025", "12.3.25", "March 2025", "12. März 2025", "Mar 12, 2025"])
def test_days_that_cannot_be_moved_are_left_out_with_a_finding(day):
    table = sheet(("ID", "When"), ("K1", day), ("K2", "2025-03-12"), ("K3", "never"))
    done = deidentify([table], KEY, Options(roles(id=Role.CHILD)))
    assert done.sheets["f.xlsx", "s"][0] == ("ID",)
    assert (
        "days, not all of them readable" in done.findings[0].message and day not in done.findings[0].message
    )


def test_words_and_numbers_that_are_no_days_are_kept():
    texts = [("A", "1.5"), ("Marble", "2.25"), ("A", "3")]
    table = sheet(("ID", "Toy", "Score"), *((f"K{i}", *two) for i, two in enumerate(texts)))
    done = deidentify([table], KEY, Options(roles(id=Role.CHILD)))
    assert done.sheets["f.xlsx", "s"][0] == ("ID", "Toy", "Score") and not done.findings


def test_a_text_that_differs_from_child_to_child_is_left_out_like_names():
    """Four children, three visits each: few different values, and yet every value is one child."""
    names = ["Anna", "Ben", "Cem", "Dora"]
    rows = [(f"K{i}", name, "ABAB"[i]) for i, name in enumerate(names) for _ in range(3)]
    done = deidentify([sheet(("ID", "Kind", "Site"), *rows)], KEY, Options(roles(id=Role.CHILD)))
    assert done.sheets["f.xlsx", "s"][0] == ("ID", "Site")
    assert "differ from child to child" in done.findings[0].message
    kept = Options(roles(id=Role.CHILD, kind=Role.KEEP))
    assert deidentify([sheet(("ID", "Kind", "Site"), *rows)], KEY, kept).sheets["f.xlsx", "s"][0][1] == "Kind"


@pytest.mark.parametrize(
    ("file", "name", "header", "where"),
    [
        ("K017_answers.csv", "", "Score", "the file of sheet number 1"),
        ("a.xlsx", "K017", "Score", "sheet number 1"),
        ("a.xlsx", "Anna Weber", "Score", "sheet number 1"),
        ("a.xlsx", "s", "Score of K017", "a header of sheet number 1"),
    ],
)
def test_nothing_is_called_after_a_child(file, name, header, where):
    cells = [("ID", "K017", "K018"), ("Name", "Anna Weber", "Ben Maier"), (header, 1, 2)]
    with pytest.raises(PrivacyError, match="Nothing was written") as caught:
        deidentify([Sheet(file, name, cells)], KEY, Options(roles(id=Role.CHILD)))
    assert where in str(caught.value)
    assert not {"K017", "Anna", "Weber"} & set(str(caught.value).replace("'", " ").split())


def test_a_study_file_with_an_id_in_a_comment_is_not_copied(tmp_path):
    from emostats.cli.deidentify_files import write_copies
    from emostats.simulate import write_study

    path = write_study(tmp_path / "study")
    path.write_text("# K017 moved away\n" + path.read_text("utf-8"), encoding="utf-8")
    done = deidentify([sheet(("ID", "Score"), ("K017", 1), ("K018", 2))], KEY, Options(roles(id=Role.CHILD)))
    with pytest.raises(PrivacyError, match=r"'study\.toml'.*Nothing was written") as caught:
        write_copies(done, path, tmp_path / "copy", KEY)
    assert "K017" not in str(caught.value)
    assert not (tmp_path / "copy").exists()
