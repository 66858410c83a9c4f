"""Whatever the bytes: a reader gives cells or one UnreadableError in words, never another exception."""

from __future__ import annotations

import io
import random
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emostats.ingest.container import UnreadableError
from emostats.ingest.formats.arff import split_values
from emostats.ingest.formats.redcap_logic import holds
from emostats.ingest.harmless import harmless
from emostats.ingest.reader import READERS, open_reader
from emostats.study.spec import Source

EXPORTS = Path(__file__).parents[1] / "reference" / "exports"
QUICK = settings(
    max_examples=25, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
TEXT_FORMATS = ["delimited", "redcap", "qualtrics", "surveymonkey", "kobo", "google-forms", "arff"]


def look(path: Path, kind: str, **options: str) -> None:
    """Reads every sheet; the cells are a full grid, or the refusal has a message and an action."""
    try:
        reader = open_reader(path, Source(file=path.name, format=kind, **options))
        for sheet in reader.sheets:
            raw = reader.read(sheet)
            assert all(len(column) == raw.n_rows for column in raw.columns)
        reader.close()
    except UnreadableError as error:
        assert str(error) and error.action and error.rule


@pytest.mark.parametrize("kind", TEXT_FORMATS)
@QUICK
@given(
    content=st.one_of(
        st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))
    )
)
def test_any_bytes(tmp_path, kind, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    look(path, kind)


TELLING = [
    "", "0", "1", "007", "=1+1", "N/A", "é", "'", '"', "Respondent ID", "_id", "Timestamp",
    '{"ImportId":"a"}', "x___1", "x___2", "f_complete", "redcap_repeat_instrument",
]  # fmt: skip
CELL = st.one_of(st.sampled_from(TELLING), st.text(max_size=6))


@pytest.mark.parametrize("kind", TEXT_FORMATS[:-1])
@QUICK
@given(
    rows=st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=5)
    )
)
def test_any_table(tmp_path, kind, rows):
    path = tmp_path / "a.csv"
    quoted = (",".join('"' + cell.replace('"', '""').replace("\0", "") + '"' for cell in row) for row in rows)
    path.write_text("\n".join(quoted), encoding="utf-8", errors="replace", newline="")
    look(path, kind)


def mutations(content: bytes, count: int) -> list[bytes]:
    """Copies that are cut off, or have some bytes changed."""
    draws = random.Random(5)
    found = [content[: draws.randrange(len(content))] for _ in range(count)]
    for _ in range(count):
        changed = bytearray(content)
        for _ in range(draws.randrange(1, 30)):
            changed[draws.randrange(len(changed))] = draws.randrange(256)
        found.append(bytes(changed))
    return found


@pytest.mark.parametrize("name", ["sample_missing.sav", "sample.xpt", "redcap_checkboxes_1_data.csv",
                                  "qualtrics_three_header_rows.csv"])  # fmt: skip
def test_half_written_and_damaged_files(tmp_path, name):
    if not name.endswith("csv"):
        pytest.importorskip("pyreadstat")
    kind = name.split("_")[0] if name.endswith("csv") else "auto"
    for number, content in enumerate(mutations((EXPORTS / name).read_bytes(), 20)):
        path = tmp_path / f"{number}{Path(name).suffix}"
        path.write_bytes(content)
        look(path, kind)


def test_half_written_and_damaged_workbooks(tmp_path):
    book = openpyxl.Workbook()
    for row in range(5):
        book.active.append([row, "a", None, "=1+1"])
    stream = io.BytesIO()
    book.save(stream)
    for number, content in enumerate(mutations(stream.getvalue(), 15)):
        path = tmp_path / f"{number}.xlsx"
        path.write_bytes(content)
        look(path, "auto")


@QUICK
@given(st.text(max_size=60))
def test_any_branching_logic_and_any_line(text):
    assert holds(text, lambda name: "1") in (True, False, None)
    try:
        split_values(text.replace("\n", " ").replace("\r", " "))
    except UnreadableError as error:
        assert error.action


def test_a_huge_cell_is_refused_in_words(tmp_path):
    (tmp_path / "a.csv").write_text('a,b\n1,"' + "x" * 1_100_000 + '"\n', encoding="utf-8")
    with pytest.raises(UnreadableError, match="field"):
        open_reader(tmp_path / "a.csv", Source(file="a.csv")).read("")


@given(st.one_of(st.text(), st.integers(), st.none()))
def test_no_exported_text_is_a_formula(value):
    made = harmless(value)
    if isinstance(value, str):
        assert not made.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert made in (value, f"'{value}")
    else:
        assert made is value


def test_every_format_has_a_reader():
    from typing import get_args

    from emostats.study.spec.sources import Format

    assert set(READERS) == set(get_args(Format)) - {"auto"}
