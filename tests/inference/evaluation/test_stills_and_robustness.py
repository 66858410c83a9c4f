"""Folders of labelled stills, scored as they are and perturbed, by a scorer that looks at the light."""

import math

import numpy as np
import pytest

from emostats.errors import FindingsError, UsageError
from emostats.inference.evaluation import (
    Perturbation,
    evaluate,
    frame_rate_agreement,
    predictions,
    read_stills,
    robustness,
    score_stills,
)
from emostats.inference.frames import VideoFrame


class Light:
    """Calls a bright picture smiling; sees no face in a nearly black one."""

    name = "light"
    classes = ("neutral", "smiling")

    def __call__(self, image):
        share = float(image.mean()) / 255
        return None if share < 0.1 else np.array([1 - share, share])


def whole(image):
    return (0.0, 0.0, float(image.shape[1]), float(image.shape[0]))


@pytest.fixture
def folder(tmp_path):
    from PIL import Image

    rows = ["file,subject,expression,age,sex"]
    for subject in range(6):
        for name, light in (("neutral", 70 + 5 * subject), ("smiling", 170 + 5 * subject)):
            file = f"{subject}_{name}.png"
            Image.fromarray(np.full((20, 20, 3), light, dtype=np.uint8)).save(tmp_path / file)
            rows.append(f"{file},{subject},{name},{20 + subject},{'female' if subject % 2 else 'male'}")
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    return tmp_path


def test_a_folder_is_scored_and_evaluated(folder):
    table = score_stills(read_stills(folder), Light())
    assert len(table) == 12
    found = evaluate(predictions(table), n_resamples=200)
    assert found.value("accuracy") == 1.0
    assert found.value("auc") == 1.0
    assert found.value("accuracy", "sex", "Female") == 1.0
    assert found.predictions.n_subjects == 6


def test_pictures_without_a_score_keep_their_reason(folder):
    (folder / "0_neutral.png").write_bytes(b"no picture")
    table = score_stills(read_stills(folder), Light())
    first = table.iloc[0]
    assert math.isnan(first["p_smiling"])
    assert "cannot be read as an image" in first["reason"]
    assert (table["reason"].iloc[1:] == "").all()


def test_other_words_and_other_expressions(folder):
    text = (folder / "labels.csv").read_text(encoding="utf-8")
    (folder / "labels.csv").write_text(
        text.replace("0,smiling", "0,Happy").replace("1,smiling", "1,angry"), encoding="utf-8"
    )
    table = score_stills(read_stills(folder), Light())
    assert len(table) == 11
    assert table["label"].tolist().count("smiling") == 5
    (folder / "labels.csv").write_text("file,subject,expression\n0_neutral.png,0,angry\n", encoding="utf-8")
    with pytest.raises(UsageError, match="the stills show angry"):
        score_stills(read_stills(folder), Light())


def test_folders_that_are_none(folder, tmp_path_factory):
    with pytest.raises(UsageError, match=r"no labels\.csv"):
        read_stills(tmp_path_factory.mktemp("empty"))
    (folder / "labels.csv").write_text("file,person,expression\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no column 'subject'"):
        read_stills(folder)
    (folder / "labels.csv").write_text("file,subject,expression\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no rows"):
        read_stills(folder)
    rows = "file,subject,expression\nnone.png,1,neutral\n0_neutral.png,,neutral\n"
    (folder / "labels.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(FindingsError) as caught:
        read_stills(folder)
    assert [finding.cell for finding in caught.value.findings] == ["row 2", "row 3"]


def test_robustness(folder):
    what = [Perturbation("brightness", 0.5), Perturbation("rotation", 180), Perturbation("brightness", 0.01)]
    table = robustness(read_stills(folder), Light(), whole, perturbations=what)
    found = table.set_index(["perturbation", "level", "metric"])["estimate"]
    assert found.xs("none")[float("nan")].to_dict() == {
        "accuracy": 1.0, "auc": 1.0, "perturbation_agreement": 1.0
    }  # fmt: skip
    assert found["brightness", 0.5, "accuracy"] == 0.5  # all look neutral
    assert found["brightness", 0.5, "auc"] == 1.0  # but in the same order
    assert found["brightness", 0.5, "perturbation_agreement"] == 0.5
    assert found["rotation", 180, "perturbation_agreement"] == 1.0
    dark = table[table["level"] == 0.01].set_index("metric")
    assert dark.loc["accuracy", "estimate"] == 0.0
    assert (dark["n_scored"] == 0).all()
    assert dark.loc["auc", "error"] != ""


def test_frame_rate_agreement():
    def frames():
        return [VideoFrame(i, i / 30, np.full((2, 2, 3), i, dtype=np.uint8)) for i in range(30)]

    def steady(stream):
        return [(frame.time, int(frame.image.mean() > 15)) for frame in stream]

    def counting(stream):
        return [(frame.time, int(number > 5)) for number, frame in enumerate(stream)]

    videos = [("a", frames), ("b", frames)]
    assert frame_rate_agreement(videos, steady, 10).estimate == 1.0
    found = frame_rate_agreement(videos, counting, 10)
    assert (found.estimate, found.n) == (0.6, 20)
