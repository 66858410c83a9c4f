"""Loudness against the standard's own numbers, keys, and one real scan of a bundled piece."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from emostats.errors import FindingsError, UsageError
from emostats.music.library import bundled_library, read_library
from emostats.music.loudness import SILENT, _high_pass, _shelf, loudness
from emostats.music.scan import RATED, estimated_key, onsets, proposed_energy, scan, write_rows


def sine(rate: int, level: float = 0.0, seconds: float = 4.0) -> np.ndarray:
    return 10 ** (level / 20) * np.sin(2 * np.pi * 997.0 * np.arange(round(rate * seconds)) / rate)


def test_filters_are_those_of_the_standard_at_48_khz() -> None:
    """ITU-R BS.1770-4, tables 1 and 2."""
    b, a = _shelf(48_000)
    np.testing.assert_allclose(b, [1.53512485958697, -2.69169618940638, 1.19839281085285], atol=1e-8)
    np.testing.assert_allclose(a, [1.0, -1.69065929318241, 0.73248077421585], atol=1e-8)
    b, a = _high_pass(48_000)
    np.testing.assert_allclose(b, [1.0, -2.0, 1.0])
    np.testing.assert_allclose(a, [1.0, -1.99004745483398, 0.99007225036621], atol=1e-8)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_full_scale_sine_reads_minus_3_01(rate: int) -> None:
    assert loudness(sine(rate), rate) == pytest.approx(-3.01, abs=0.05)
    assert loudness(sine(rate, -20.0), rate) == pytest.approx(-23.01, abs=0.05)


def test_two_channels_add_up_and_pauses_are_gated() -> None:
    tone = sine(48_000, -20.0)
    assert loudness(np.stack([tone, tone]), 48_000) == pytest.approx(-20.0, abs=0.05)
    paused = np.concatenate([tone, np.zeros(48_000 * 8)])
    assert loudness(paused, 48_000) == pytest.approx(-23.01, abs=0.2)
    assert loudness(np.zeros(48_000), 48_000) == SILENT


@pytest.mark.parametrize(
    ("notes", "key"),
    [
        ((0, 2, 4, 5, 7, 9, 11), "C major"),
        ((9, 11, 0, 2, 4, 5, 8), "A minor"),
        ((7, 9, 11, 0, 2, 4, 6), "G major"),
    ],
)
def test_keys_of_scales(notes: tuple[int, ...], key: str) -> None:
    chroma = np.full(12, 0.05)
    chroma[list(notes)] = 0.5
    chroma[notes[0]] = 1.0  # the tonic sounds most, then third and fifth
    chroma[notes[2]] = chroma[notes[4]] = 0.8
    assert estimated_key(chroma)[0] == key


def test_proposed_energy_grows_with_each_part() -> None:
    assert proposed_energy(2.0, 1500.0, 100.0) == pytest.approx(0.5)
    assert proposed_energy(4.0, 1500.0, 100.0) > 0.5 < proposed_energy(2.0, 1500.0, 140.0)


def test_onsets_of_pulses_and_of_nothing() -> None:
    """Pulses every 0.5 s in a little noise: each is found once, and steady noise and silence have none."""
    noise = np.random.default_rng(3).uniform(0.0, 0.02, 400)
    pulses = np.arange(20, 400, 21)
    flux = noise.copy()
    flux[pulses] += np.linspace(0.5, 1.0, len(pulses))
    flux[pulses + 1] += 0.2  # each dies away over two frames
    assert onsets(flux).tolist() == pulses.tolist()
    assert len(onsets(np.zeros(50))) == 0
    assert len(onsets(5.0 + flux)) == len(pulses)


@pytest.mark.xdist_group("librosa")  # it compiles at first use, and two processes must not do that at once
def test_scan_of_bundled_pieces_and_of_files_that_are_none(tmp_path: Path) -> None:
    folder = tmp_path / "audio"
    folder.mkdir()
    source = bundled_library().parent
    (folder / "piece.ogg").write_bytes((source / "syn15.ogg").read_bytes())
    (folder / "broken.wav").write_bytes(b"RIFF no audio")
    (folder / "notes.txt").write_text("no audio", encoding="utf-8")
    measured, findings = scan(folder)
    assert [item.file for item in measured] == ["piece.ogg"]
    assert [finding.file for finding in findings] == ["broken.wav"]
    library, _ = read_library(bundled_library())
    row = library.index["syn15"]
    found = measured[0]
    assert found.tempo == pytest.approx(library.tempo[row], rel=0.04)
    assert found.loudness == pytest.approx(library.loudness[row], abs=0.3)
    assert found.duration == 8.0 and found.mode == "major" and found.onset_rate > 2
    target = tmp_path / "library.csv"
    assert (target.parent / "audio" / "piece.ogg").exists()
    write_rows(measured, target, folder)
    assert ",audio/piece.ogg," in target.read_text(encoding="utf-8")  # from the library's folder
    with pytest.raises(FindingsError) as caught:
        read_library(target)
    blank = {item.message.split(", ")[1].split(":")[0] for item in caught.value.findings[:-1]}
    assert blank == {"valence", "arousal", "licence"} < set(RATED)
    assert caught.value.findings[-1].rule == "library-empty"


@pytest.mark.xdist_group("librosa")
def test_recordings_that_cannot_be_measured_are_left_out_and_the_rest_is_not_lost(tmp_path: Path) -> None:
    import soundfile

    rate = 8_000
    tone = 0.1 * np.sin(2 * np.pi * 440.0 * np.arange(2 * rate) / rate)
    broken = tone.copy()
    broken[100:102] = np.inf, np.nan
    for name, samples in {
        "silent": 0 * tone, "inaudible": 1e-6 * tone, "short": tone[:4000], "none": tone[:0],
        "broken": broken, "opposite": np.column_stack([tone, -tone]),
    }.items():  # fmt: skip
        soundfile.write(tmp_path / f"{name}.wav", samples, rate, subtype="FLOAT")
    (tmp_path / "empty.flac").write_bytes(b"")
    measured, findings = scan(tmp_path)
    said = {finding.file: finding.message for finding in findings}
    assert [item.file for item in measured] == ["opposite.wav"] and measured[0].brightness > 300
    assert set(said) == {f"{n}.wav" for n in ("silent", "inaudible", "short", "none", "broken")} | {
        "empty.flac"
    }
    assert "is silent" in said["silent.wav"] and "is silent" in said["inaudible.wav"]
    assert "no numbers" in said["broken.wav"] and "0.50 s" in said["short.wav"]


def test_folders_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        scan(tmp_path / "none")
    with pytest.raises(UsageError, match="holds no audio file"):
        scan(tmp_path)


def test_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(UsageError, match=r'pip install "emostats\[music\]"'):
        scan(tmp_path)
