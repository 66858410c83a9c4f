"""Three readings of stability, pictures made worse, and what a leaky split pretends."""

import numpy as np
import pandas as pd
import pytest

from emostats.errors import UsageError
from emostats.inference.evaluation import (
    STANDARD,
    Perturbation,
    leaky_versus_subject,
    perturb,
    perturbation_agreement,
    run_stability,
    simulated_frames,
    stability_readings,
    temporal_consistency,
    thinned,
)
from emostats.inference.frames import VideoFrame


def test_run_stability_is_one_minus_the_coefficient_of_variation():
    found = run_stability([0.90, 0.80, 0.85, 0.95, 0.75])
    assert found.mean == pytest.approx(0.85)
    assert found.estimate == pytest.approx(1 - np.std([0.90, 0.80, 0.85, 0.95, 0.75], ddof=1) / 0.85)
    assert found.conf_low < found.estimate < found.conf_high < 1


def test_run_stability_interval_covers():
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(600):
        found = run_stability(rng.normal(10, 1, 8))
        inside += found.conf_low <= 0.9 <= found.conf_high
    assert 0.93 <= inside / 600 <= 0.97


def test_runs_that_agree_are_perfectly_stable():
    assert run_stability([[0.9, 0.9], [0.9, 0.9]]).estimate == 1.0


@pytest.mark.parametrize("values", [[0.9], [0.9, np.nan], [-1.0, 1.0]])
def test_run_stability_needs_runs(values):
    with pytest.raises(UsageError):
        run_stability(values)


def test_temporal_consistency_compares_neighbours_of_a_clip():
    label = ["a", "a", "b", "b", "a", "a"]
    clip = ["x", "x", "x", "y", "y", "y"]
    time = [0.0, 0.1, 0.2, 0.0, 0.1, 5.0]  # the last frame is too far from the one before
    found = temporal_consistency(label, clip, time, ["s", "s", "s", "t", "t", "t"])
    assert (found.estimate, found.n) == (1 / 3, 3)
    order = [5, 3, 0, 4, 2, 1]
    shuffled = [np.array(column)[order] for column in (label, clip, time, ["s", "s", "s", "t", "t", "t"])]
    assert temporal_consistency(*shuffled).estimate == 1 / 3
    with pytest.raises(UsageError, match="nothing to compare"):
        temporal_consistency(label, clip, time, ["s"] * 6, max_gap=0.01)
    with pytest.raises(UsageError, match="one value a frame"):
        temporal_consistency(label, clip, time, ["s"])


def test_three_readings_of_a_table():
    rows = [
        (fold, seed, f"{fold}-{subject}", time, subject, label, p)
        for fold, seed in ((0, 0), (1, 0), (0, 1), (1, 1))
        for subject, label, p in (("a", "x", 0.9), ("b", "y", 0.2 + 0.4 * (seed and fold)))
        for time in (0.0, 0.1)
    ]
    table = pd.DataFrame(rows, columns=["fold", "seed", "clip", "time", "subject", "label", "p_x"])
    table["p_y"] = 1 - table["p_x"]
    over_runs, over_time, perturbed = stability_readings(table)
    assert over_runs.estimate == pytest.approx(1 - np.std([1, 1, 1, 0.5], ddof=1) / 0.875)
    assert (over_runs.n, over_time.n, over_time.estimate) == (4, 8, 1.0)  # runs are no neighbours in time
    assert np.isnan(perturbed.estimate) and "--robustness" in perturbed.error
    bare = stability_readings(table[["subject", "label", "p_x", "p_y"]])
    assert all("not measured" in item.error for item in bare)
    unscored = table.assign(p_x=np.nan, p_y=np.nan)
    assert stability_readings(pd.concat([table, unscored]))[0] == over_runs


def test_perturbation_agreement_counts_lost_faces_as_changed():
    found = perturbation_agreement([0, 1, 1, 0], [0, 1, 0, -1], ["a", "b", "c", "d"])
    assert found.estimate == 0.5
    with pytest.raises(UsageError):
        perturbation_agreement([0], [0, 1], ["a"])


@pytest.fixture
def image():
    return np.random.default_rng(1).integers(0, 256, (80, 100, 3), dtype=np.uint8)


FACE = (30.0, 20.0, 70.0, 60.0)


@pytest.mark.parametrize("what", STANDARD, ids=lambda what: what.label)
def test_perturbations_change_a_copy(image, what):
    before = image.copy()
    worse, again = perturb(image, FACE, what), perturb(image, FACE, what)
    assert (image == before).all()
    assert worse.shape == image.shape and worse.dtype == np.uint8
    assert (worse == again).all()
    assert (worse != image).any()


def test_what_perturbations_do(image):
    assert perturb(image, FACE, Perturbation("brightness", 0.5)).mean() == pytest.approx(
        image.mean() / 2, abs=0.5
    )
    covered = perturb(image, FACE, Perturbation("occlusion", 0.5))
    assert (covered[40:60, 30:70] == 127).all()
    changed = (covered != image).any(axis=2)
    assert not changed[:40].any() and not changed[60:].any() and not changed[:, :30].any()
    blurred = perturb(image, FACE, Perturbation("blur", 0.05))
    assert blurred.std() < image.std() / 2
    light = np.zeros((81, 81, 3), dtype=np.uint8)
    light[35:46, 60:71] = 255  # right of the face's middle; anticlockwise by 90 degrees it is above
    turned = perturb(light, (0.0, 0.0, 81.0, 81.0), Perturbation("rotation", 90))
    assert turned[10:21, 35:46].mean() > 250
    rough, fine = (
        np.abs(perturb(image, FACE, Perturbation("compression", quality)).astype(int) - image).mean()
        for quality in (10, 95)
    )
    assert rough > 1.2 * fine


@pytest.mark.parametrize(
    ("kind", "level"),
    [("blurr", 1), ("blur", -1), ("brightness", -1), ("compression", 0), ("occlusion", 1.5)],
)
def test_perturbations_that_make_no_sense(image, kind, level):
    with pytest.raises(UsageError):
        perturb(image, FACE, Perturbation(kind, level))


def test_thinned_frames_keep_their_times():
    frames = [VideoFrame(i, i / 30, np.zeros((1, 1, 3), dtype=np.uint8)) for i in range(61)]
    kept = list(thinned(frames, 10))
    assert [frame.index for frame in kept] == list(range(0, 61, 3))
    assert [frame.index for frame in thinned(frames, 100)] == list(range(61))
    with pytest.raises(UsageError):
        list(thinned(frames, 0))


def test_a_leaky_split_flatters():
    found = leaky_versus_subject(*simulated_frames(n_subjects=24, frames=6), n_folds=4)
    assert found.by_row.estimate > 0.97
    assert found.by_subject.estimate < 0.85
    assert found.inflation.conf_low > 0.1
    assert found.inflation.estimate == pytest.approx(found.by_row.estimate - found.by_subject.estimate)


def test_without_copies_there_is_nothing_to_leak():
    features, label, subject = simulated_frames(n_subjects=60, frames=1, seed=2)
    shuffled = np.random.default_rng(0).permutation(len(label))
    found = leaky_versus_subject(features[shuffled], label, np.arange(len(label)), n_folds=4)
    assert found.inflation.conf_low < 0 < found.inflation.conf_high
    with pytest.raises(UsageError, match="cannot be split"):
        leaky_versus_subject(features, label, subject, n_folds=61)
    with pytest.raises(UsageError, match="rows by columns"):
        leaky_versus_subject(features[0], label, subject)
