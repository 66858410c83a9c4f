"""Library files: what is read, what is left out, and what is said about it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emostats.errors import FindingsError, Severity, UsageError
from emostats.music.bundled import make, simulate_scores
from emostats.music.library import bundled_library, fields, read_library, required
from emostats.music.tracks import Library

GOOD = {
    "track": "a", "valence": "0.2", "arousal": "-0.1", "tempo": "90", "mode": "Major", "energy": "0.4",
    "loudness": "-20", "duration": "120", "licence": "CC0", "contraindications": "Voice; percussion ",
}  # fmt: skip


def write(path: Path, *rows: dict[str, str], columns: tuple[str, ...] | None = None) -> Path:
    names = columns or tuple(field["name"] for field in fields())
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_good_row(tmp_path: Path) -> None:
    library, findings = read_library(write(tmp_path / "l.csv", GOOD))
    assert findings == () and len(library) == 1
    assert library.title == ("a",) and library.mode[0] == 1.0
    assert library.contraindications[0] == {"voice", "percussion"}
    assert np.isnan(library.brightness[0]) and library.traits[0, 3] == 0.0


@pytest.mark.parametrize("name", [name for name in required() if name != "track"])
def test_a_track_without_a_field_is_left_out_and_named(name: str, tmp_path: Path) -> None:
    library, findings = read_library(write(tmp_path / "l.csv", GOOD, {**GOOD, "track": "b", name: ""}))
    assert library.track == ("a",)
    assert len(findings) == 1 and findings[0].severity is Severity.WARNING
    assert f"'b', {name}: is blank" in findings[0].message and findings[0].place == "l.csv, row 3"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("valence", "1.5", "outside -1 to 1"),
        ("tempo", "fast", "is not a number"),
        ("tempo", "nan", "outside 20 to 300"),
        ("mode", "lydian", "none of major, minor, other"),
        ("loudness", "12", "outside -70 to 0"),
        ("brightness", "-5", "outside 0 to 24000"),
        ("brightness", "inf", "outside 0 to 24000"),
        ("loudness", "-inf", "outside -70 to 0"),
        ("duration", "-3", "outside 1 to 7200"),
        ("licence", "", "is blank"),
    ],
)
def test_bad_values(name: str, text: str, says: str, tmp_path: Path) -> None:
    _, findings = read_library(write(tmp_path / "l.csv", GOOD, {**GOOD, "track": "b", name: text}))
    assert says in findings[0].message


def test_empty_libraries(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_text("", encoding="utf-8")
    for path in (
        tmp_path / "e.csv",
        write(tmp_path / "h.csv"),
        write(tmp_path / "b.csv", {**GOOD, "tempo": ""}),
    ):
        with pytest.raises(FindingsError) as caught:
            read_library(path)
        assert "library-empty" in {finding.rule for finding in caught.value.findings}


def test_missing_and_misspelt_columns(tmp_path: Path) -> None:
    path = write(
        tmp_path / "l.csv",
        {**GOOD, "valance": "0"},
        columns=(*(n for n in required() if n != "valence"), "valance"),
    )
    with pytest.raises(FindingsError, match=r"no column 'valence'.*Did you mean 'valance'"):
        read_library(path)


def test_ids_are_unique(tmp_path: Path) -> None:
    with pytest.raises(FindingsError, match="rows 2 and 3"):
        read_library(write(tmp_path / "l.csv", GOOD, GOOD))


def test_a_row_with_more_cells_than_the_header_is_left_out(tmp_path: Path) -> None:
    """A comma in a title without quotes moves every later cell: the values may even look right."""
    path = write(tmp_path / "l.csv", GOOD, {**GOOD, "track": "b", "title": "PLACE", "rated_by": "me"})
    path.write_text(path.read_text(encoding="utf-8").replace("PLACE", "Adagio, 0"), encoding="utf-8")
    library, findings = read_library(path)
    assert library.track == ("a",) and "cells-too-many" in {finding.rule for finding in findings}
    assert all(finding.cell == "row 3" for finding in findings)


def test_not_a_table(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(UsageError, match="UTF-8"):
        read_library(tmp_path / "l.csv")


def test_digest_depends_on_everything_a_choice_depends_on(tmp_path: Path) -> None:
    first = read_library(write(tmp_path / "a.csv", GOOD))[0].digest
    assert read_library(write(tmp_path / "b.csv", {**GOOD, "title": "other"}))[0].digest == first
    for name, text in (("tempo", "91"), ("contraindications", "voice"), ("track", "z"), ("mode", "minor")):
        assert read_library(write(tmp_path / f"{name}.csv", {**GOOD, name: text}))[0].digest != first


@pytest.mark.parametrize(
    ("column", "values", "says"),
    [
        ("valence", [0.0, np.nan, 0, 0, 0], "see b"),
        ("loudness", [-20.0, -np.inf, -20, -20, -20], "see b"),
        ("tempo", [100.0, 0.0, 100, 100, 100], "tempo above 0; see b"),
        ("energy", [0.5], "as many values of energy"),
        ("track", tuple("abcda"), "the same id"),
    ],
)
def test_a_library_made_in_python_holds_no_track_that_lacks_a_number(
    make_library: Any, column: str, values: Any, says: str
) -> None:
    """A comparison with NaN is never true: no rule would bar such a track."""
    with pytest.raises(UsageError, match=says):
        make_library(**{"track": tuple("abcde"), column: values})


def test_arrays_cannot_be_changed(five: Library) -> None:
    with pytest.raises(ValueError, match="read-only"):
        five.tempo[0] = 1.0


def test_bundled_library_is_what_the_script_makes_and_says_so() -> None:
    library, findings = read_library(bundled_library())
    assert not findings and len(library) == 24
    assert all(title.startswith("Synthesized") for title in library.title)
    text = bundled_library().read_text(encoding="utf-8")
    assert text.count("rated by nobody") == 24
    recipe = make.recipes()[0]
    samples = make.synthesize(recipe)
    assert make.row(recipe, samples)["track"] == "syn01" and len(samples) == make.RATE * make.SECONDS
    assert ",".join(make.row(recipe, samples).values()) in text
    folder = bundled_library().parent
    assert sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) < 1_000_000
    assert {f"{track}.ogg" for track in library.track} <= {path.name for path in folder.iterdir()}


def test_bundled_scores_are_what_the_script_makes(tmp_path: Path) -> None:
    simulate_scores.main(tmp_path / "scores.csv")
    assert (tmp_path / "scores.csv").read_bytes() == (bundled_library().parent / "scores.csv").read_bytes()
