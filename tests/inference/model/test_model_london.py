"""The analysis of the London stills on six adults, and the shipped weights on the same stills."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from emostats.inference.cards import NOT_VALIDATED
from emostats.inference.network import predict
from emostats.inference.pretrain import fidelity
from emostats.inference.weights import card, load, names
from emostats.statistics.classification import roc_area

ANALYSIS = Path(__file__).resolve().parents[3] / "analyses" / "faces_london"
SUBJECTS = ("002", "003", "004", "005", "006", "007")


@pytest.fixture(scope="module")
def scripts(import_scripts: Any) -> Any:
    with import_scripts(ANALYSIS, "folds", "figures", "stills", "models", "analysis") as modules:
        yield modules


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve stills and their labels.csv."""
    place = tmp_path_factory.mktemp("faces")
    with (ANALYSIS / "data" / "labels.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["subject"] in SUBJECTS]
    assert len(rows) == 12
    with (place / "labels.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        shutil.copy(ANALYSIS / "data" / row["file"], place)
    return place


@pytest.fixture(scope="module")
def stills(scripts: dict[str, ModuleType], folder: Path) -> Any:
    return scripts["stills"].read_stills(folder, folder / "cache")


def test_landmarks_are_read_once(scripts: dict[str, ModuleType], folder: Path, stills: Any) -> None:
    assert stills.views.shape == (12, 10, 146, 3) and stills.without_face == ()
    assert sorted(stills.labels) == [0] * 6 + [1] * 6
    before = {path: path.stat().st_mtime_ns for path in (folder / "cache").iterdir()}
    again = scripts["stills"].read_stills(folder, folder / "cache")
    assert np.array_equal(again.views, stills.views)
    assert before == {path: path.stat().st_mtime_ns for path in (folder / "cache").iterdir()}


def test_the_looks_at_a_still_agree(stills: Any) -> None:
    apart = np.abs(stills.views[..., :2] - stills.views[:, :1, :, :2]).mean()
    between = np.abs(stills.views[:, 0, :, :2] - stills.views[:, 0, :, :2].mean(axis=0)).mean()
    assert apart < 0.6 * between


def test_the_analysis_prints_every_model_on_the_folds_of_a_folder(
    scripts: dict[str, ModuleType], folder: Path, stills: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysis = scripts["analysis"]
    short = replace(scripts["models"].FINE_TUNING, epochs=2, unfreeze_at=1)
    monkeypatch.setattr(analysis, "FINE_TUNING", short)
    monkeypatch.setattr(analysis, "FROM_SCRATCH", replace(short, freeze=(), unfreeze_at=None))
    found = analysis.main([str(folder), "--folds", "2", "--repeats", "1", "--cache", str(folder / "cache")])
    assert (found["n_subjects"], found["n_stills"]) == (6, 12)
    wanted = {
        "blendshapes_logistic",
        "linear_probe",
        "network_frozen",
        "network_fine_tuned",
        "network_from_scratch",
        "network_with_appearance",
        "appearance_logistic",
    }
    assert wanted <= set(found["single_still"])
    for each in (*found["single_still"].values(), found["headline"]):
        for name in ("auc", "accuracy"):
            assert each[name]["conf_low"] <= each[name]["estimate"] <= each[name]["conf_high"]
            assert len(each[name]["by_repeat"]) == 1
    assert "labels unseen" in found["own_reference"]["rule"]
    assert found["single_still"]["linear_probe"]["auc"]["estimate"] > 0.6


def test_folds_share_no_subject_and_cover_everybody(scripts: dict[str, ModuleType]) -> None:
    subjects = np.repeat([f"s{i}" for i in range(11)], 2)
    tested = []
    for train_rows, test_rows in scripts["folds"].folds(subjects, 4, seed=1):
        assert not set(subjects[train_rows]) & set(subjects[test_rows])
        assert len(train_rows) + len(test_rows) == 22
        tested += list(test_rows)
    assert sorted(tested) == list(range(22))


def test_a_model_never_sees_the_labels_of_its_test_fold(scripts: dict[str, ModuleType], stills: Any) -> None:
    """Labels of test rows turned round: the scores stay."""
    models, rows = scripts["models"], np.arange(12)
    train_rows, test_rows = rows[:8], rows[8:]
    features = stills.views.mean(axis=1).reshape(12, -1).astype(float)
    flipped = stills.labels.copy()
    flipped[test_rows] = 1 - flipped[test_rows]
    scores = [
        models.Logistic(features, labels)(train_rows, test_rows, 0) for labels in (stills.labels, flipped)
    ]
    assert np.array_equal(*scores)
    short = replace(models.FINE_TUNING, epochs=1)
    nets = [
        models.Network(stills.views, labels, stills.subjects, None, short)
        for labels in (stills.labels, flipped)
    ]
    assert np.array_equal(*(net(train_rows, test_rows, 0) for net in nets))
    seeing = [models.WithAppearance(net, stills.appearance)(train_rows, test_rows, 0) for net in nets]
    assert np.array_equal(*seeing) and not np.array_equal(seeing[0], nets[0](train_rows, test_rows, 0))


def test_points_and_appearance_have_equal_say(scripts: dict[str, ModuleType], stills: Any) -> None:
    models, rows = scripts["models"], np.arange(12)
    seen = stills.appearance.astype(float)
    short = replace(models.FINE_TUNING, epochs=1)
    net = models.fitted(stills.views, stills.labels, stills.subjects, rows, None, short, 0)
    line = models.calibrated(seen, stills.labels, stills.subjects, rows)
    both = models.with_appearance(net, line, stills.views, stills.appearance)
    points, picture = models.log_odds(net, stills.views), line(seen)
    expected = (points * picture.std() / points.std() + picture) / 2
    np.testing.assert_allclose(
        models.log_odds(both, stills.views, stills.appearance), expected, rtol=1e-3, atol=1e-3
    )
    alone = models.log_odds(both, stills.views)
    assert np.corrcoef(alone, points)[0, 1] > 0.999


def test_ridge_is_that_of_scikit_learn_and_calibration_keeps_the_order(
    scripts: dict[str, ModuleType], stills: Any
) -> None:
    from sklearn.linear_model import LogisticRegression

    models, rows = scripts["models"], np.arange(12)
    seen = stills.appearance.astype(float)
    line = models.ridge(seen, stills.labels, rows[:8], floor=0.05, penalties=(0.5,))
    standard = (seen - seen[:8].mean(axis=0)) / np.maximum(seen[:8].std(axis=0), 0.05)
    fit = LogisticRegression(C=0.5 / seen.shape[1] * 10, max_iter=2000, tol=1e-6)
    fit.fit(standard[:8], stills.labels[:8])
    np.testing.assert_allclose(line(seen), fit.decision_function(standard), atol=2e-3)
    plain, stretched = (
        models.ridge(seen, stills.labels, rows)(seen),
        models.calibrated(seen, stills.labels, stills.subjects, rows)(seen),
    )
    slope, _ = np.polyfit(plain, stretched, 1)
    np.testing.assert_allclose(stretched - stretched[0], slope * (plain - plain[0]), atol=1e-8)
    assert slope > 0
    few = np.flatnonzero(stills.subjects == stills.subjects[0])
    assert (
        models.calibrated(seen, stills.labels, stills.subjects, few).bias
        == models.ridge(seen, stills.labels, few).bias
    )


def test_figures_of_perfect_and_of_useless_scores(scripts: dict[str, ModuleType]) -> None:
    labels, subjects = np.tile([0, 1], 20), np.repeat(np.arange(20), 2)
    perfect = np.where(labels == 1, 1.0, -1.0)[None]
    found = scripts["figures"].figures(perfect, labels, subjects, n_resamples=50)
    assert found["auc"]["estimate"] == found["accuracy"]["conf_low"] == 1.0
    useless = scripts["figures"].figures(np.ones((1, 40)), labels, subjects, n_resamples=50)
    assert useless["auc"]["estimate"] == useless["accuracy"]["estimate"] == 0.5
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(3, 40)).round(1) + labels
    areas = [roc_area(labels, row).estimate for row in scores]
    found = scripts["figures"].figures(scores, labels, subjects, n_resamples=50)
    assert found["auc"]["estimate"] == pytest.approx(np.mean(areas), abs=1e-4)
    assert found["auc"]["by_repeat"] == pytest.approx(areas, abs=1e-4)
    apart = scripts["figures"].difference(perfect, np.ones((1, 40)), labels, subjects, n_resamples=50)
    assert apart["accuracy"] == {"estimate": 0.5, "conf_low": 0.5, "conf_high": 0.5}


def test_what_is_shipped_says_what_it_is() -> None:
    assert {"blendshape-encoder", "neutral-smile"} <= set(names())
    for name in ("blendshape-encoder", "neutral-smile"):
        shown = card(name)
        assert any(NOT_VALIDATED in text for text in shown.limitations)
        assert shown.figures[0].conf_low is not None
        assert any("DeBruine" in text for text in shown.attribution)
        assert 200_000 < shown.n_parameters < 400_000


def test_the_cards_figures_are_those_of_the_analysis() -> None:
    found = json.loads((ANALYSIS / "figures.json").read_text())
    for shown in card("neutral-smile").figures:
        printed = found["single_still"][found["headline"]["model"]][shown.metric]
        assert (shown.estimate, shown.conf_low) == (printed["estimate"], printed["conf_low"])
    assert found["headline"]["auc"] == found["single_still"]["network_with_appearance"]["auc"]


def test_the_shipped_encoder_knows_the_teachers_answers_on_real_faces(stills: Any) -> None:
    found = fidelity(load("blendshape-encoder")[0], stills.views[:, 0])
    assert found["mean_absolute_error"] < 0.03
    assert found["median_correlation"] > 0.75


def test_the_shipped_head_tells_smiles(scripts: dict[str, ModuleType], stills: Any) -> None:
    net, shown = load("neutral-smile")
    assert shown.classes == ("neutral", "smiling")
    odds = scripts["models"].log_odds(net, stills.views, stills.appearance)
    assert ((odds > 0) == stills.labels).mean() >= 11 / 12
    by_points = predict(net, stills.views.mean(axis=1), window=1, stride=1)["expression"]
    assert (by_points.argmax(axis=1) == stills.labels).mean() >= 11 / 12
