"""The reader of grammatical facial expressions: form, timestamps, halves of pairs, bad files."""

from __future__ import annotations

import lzma
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from emostats.errors import Severity, UsageError
from emostats.inference.sequences import Recording, read_folder, read_pair
from emostats.inference.sequences.gfe import seconds

DATA = Path(__file__).resolve().parents[3] / "analyses" / "faces_gfe" / "data"
Make = Callable[..., Recording]
Write = Callable[..., None]


@pytest.mark.parametrize(
    ("text", "expected"), [("7.63", 7.063), ("7.125", 7.125), ("7.5", 7.005), ("7.0", 7.0), ("7", 7.0)]
)
def test_milliseconds_have_no_leading_zeros(text: str, expected: float) -> None:
    assert seconds(text) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("text", ["7.1234", "x", "7.-1", ""])
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        seconds(text)


@pytest.mark.parametrize("ending", [".txt.xz", ".txt"])
def test_a_film_comes_back_as_it_was_written(tmp_path: Path, film: Make, write: Write, ending: str) -> None:
    made = film("p", "brow_raise", seed=3)
    write(tmp_path, made, ending)
    held = read_folder(tmp_path)
    back = held.of("p", "brow_raise")
    assert held.findings == ()
    assert (back.subject, back.expression) == ("p", "brow_raise")
    np.testing.assert_allclose(back.times, made.times, atol=0.0006)
    np.testing.assert_allclose(back.points, made.points, atol=0.0006)
    np.testing.assert_array_equal(back.labels, made.labels)


def test_half_a_pair_is_left_out_with_a_finding(films_folder: Path) -> None:
    held = read_folder(films_folder)
    (finding,) = held.findings
    assert finding.severity is Severity.WARNING
    assert "q_brow_topic has targets but no datapoints" in finding.message
    assert held.complete() == ("brow_raise", "mouth_up")
    assert held.subjects == ("p", "q")
    assert held.of("p", "brow_topic").name == "p_brow_topic"
    with pytest.raises(UsageError, match="no recording of q_brow_topic"):
        held.of("q", "brow_topic")


def test_a_folder_without_a_pair_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no pair"):
        read_folder(tmp_path)
    (tmp_path / "a_x_targets.txt").write_text("0\n")
    with pytest.raises(UsageError, match="halves of pairs are there: a_x"):
        read_folder(tmp_path)
    with pytest.raises(UsageError, match="is not a folder"):
        read_folder(tmp_path / "nowhere")


BAD_POINTS = {
    "line 2: expected numbers": "h\n1.5 " + "x " * 300,
    "line 3: expected a timestamp and x, y, z of 100 points": "h\n1.5 " + "1 " * 300 + "\n1.70 1 2 3",
    "1 labels and .* 2 frames": "h\n1.5 " + "1 " * 300 + "\n1.70 " + "1 " * 300,
    "earlier than the one before": "h\n2.5 " + "1 " * 300 + "\n1.70 " + "1 " * 300,
}


@pytest.mark.parametrize("expected", BAD_POINTS)
def test_bad_points_are_named_with_file_and_line(tmp_path: Path, expected: str) -> None:
    points, targets = tmp_path / "a_x_datapoints.txt", tmp_path / "a_x_targets.txt"
    points.write_text(BAD_POINTS[expected])
    targets.write_text("0\n1" if "earlier" in expected else "0")
    with pytest.raises(UsageError, match=f"a_x.*{expected}"):
        read_pair(points, targets)


def test_labels_are_zero_or_one(tmp_path: Path) -> None:
    points, targets = tmp_path / "a_x_datapoints.txt", tmp_path / "a_x_targets.txt"
    points.write_text("h\n1.5 " + "1 " * 300)
    targets.write_text("2")
    with pytest.raises(UsageError, match=r"label 1: expected 0 .absent. or 1 .present., found '2'"):
        read_pair(points, targets)


def test_a_damaged_archive_is_named(tmp_path: Path, film: Make, write: Write) -> None:
    write(tmp_path, film("p", "x", n_episodes=1))
    broken = tmp_path / "p_x_datapoints.txt.xz"
    broken.write_bytes(broken.read_bytes()[:-40])
    with pytest.raises(UsageError, match=r"p_x_datapoints.txt.xz cannot be read"):
        read_folder(tmp_path)


def test_a_real_film_is_one_film_with_25_showings() -> None:
    """Signer a, affirmative: 1062 frames in 69 s; decimal timestamps would fall back 60 times or more."""
    pair = (DATA / f"a_affirmative_{kind}.txt.xz" for kind in ("datapoints", "targets"))
    real = read_pair(*pair)
    assert real.points.shape == (1062, 100, 3)
    assert len(real.stretches()) == 1
    assert real.episodes().max() + 1 == 25
    assert np.median(np.diff(real.times)) == pytest.approx(0.0625, abs=0.001)
    lines = lzma.decompress((DATA / "a_affirmative_datapoints.txt.xz").read_bytes()).decode().splitlines()
    decimal = np.array([float(line.split()[0]) for line in lines[1:] if line.strip()])
    assert (np.diff(decimal) < 0).sum() > 50
