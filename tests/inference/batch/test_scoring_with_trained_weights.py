"""Weights that `emostats train` wrote score sessions: a column a class, at the frame rate of training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from emostats.cli.app import app
from emostats.errors import UsageError
from emostats.inference import clip_model
from emostats.inference.graph import face_graph
from emostats.inference.lab.clips import ClipScorer
from emostats.inference.network import LandmarkNet, NetworkConfig
from emostats.inference.reading import Reading, read_frames
from emostats.inference.weights import files

SMALL = NetworkConfig(graph_widths=(8,), width=8, temporal_layers=1, temporal_heads=2, temporal_hidden=8)


def card(**training: Any) -> dict[str, Any]:
    data = {
        "name": "made", "source": "this test", "licence": "none", "use": "training", "population": "nobody",
        "n_subjects": 1, "n_items": 1, "items": "clips",
    }  # fmt: skip
    figure = {
        "metric": "accuracy", "label": "Accuracy", "estimate": 0.5, "n": 1, "n_subjects": 1, "data": "made",
    }  # fmt: skip
    return {
        "task": "a test", "classes": ["happy", "not sure"], "data": [data], "protocol": "none",
        "figures": [figure], "intended_use": "a test", "not_for": ["people"], "licence": "Apache-2.0",
        "limitations": ["Not validated on children with autism."], "training": training,
    }  # fmt: skip


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that nobody trained: it reads ten frames a second in windows of eight."""
    torch.manual_seed(3)
    net = LandmarkNet(face_graph(), {"expression": 2}, config=SMALL).eval()
    stem = tmp_path_factory.mktemp("weights") / "mine"
    windows = {"length": 8, "stride": 4, "own_face": True}
    files.save(stem, net, card(data={"fps": 10.0}, windows=windows))
    return stem.with_name("mine.safetensors")


def test_the_frames_have_the_probabilities_that_evaluate_gives(
    weights: Path, smiling_clip: Path, tmp_path: Path
) -> None:
    sha256, fps = clip_model.about(str(weights))
    frames = read_frames(smiling_clip, Reading(fps=fps, model=str(weights), model_sha256=sha256))
    found = frames[["P_HAPPY", "P_NOT_SURE"]].to_numpy()
    np.testing.assert_allclose(found.sum(axis=1), 1)
    (tmp_path / "clips.csv").write_text(f"video,subject,label\n{smiling_clip},1,happy\n")
    table = ClipScorer(str(weights)).score(tmp_path / "clips.csv").frames
    np.testing.assert_allclose(found, table[["p_happy", "p_not sure"]].to_numpy(), atol=1e-6)
    np.testing.assert_allclose(frames["TIME"], table["time"])


def test_the_table_has_their_mean_and_their_hash(weights: Path, smiling_clip: Path, tmp_path: Path) -> None:
    out, kept = tmp_path / "s.csv", tmp_path / "f.csv"
    words = ["--model", weights, "--out", out, "--frames", kept, "--min-seconds", 1, "-q"]
    done = CliRunner().invoke(app, ["score", str(smiling_clip), *map(str, words)])
    assert done.exit_code == 0
    (row,) = pd.read_csv(out).to_dict("records")
    frames = pd.read_csv(kept)
    assert len(frames) == 20  # two seconds at ten frames a second
    assert row["P_HAPPY"] == pytest.approx(frames["P_HAPPY"].mean(), rel=1e-3)
    assert row["P_HAPPY"] + row["P_NOT_SURE"] == pytest.approx(1)
    assert row["MODEL_SHA256"] == clip_model.about(str(weights))[0]


def test_a_session_without_a_face_has_no_probability(weights: Path, make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    nobody = make.write_video(tmp_path / "nobody.mp4", [np.full((96, 128, 3), 90, np.uint8)] * 6)
    assert read_frames(nobody, Reading(model=str(weights)))["P_HAPPY"].isna().all()


def test_kept_frames_are_known_by_the_hash_of_the_weights() -> None:
    one = Reading(model="a.safetensors", model_sha256="x").key("v")
    assert one == Reading(model="moved/a.safetensors", model_sha256="x").key("v")
    assert one != Reading(model="a.safetensors", model_sha256="y").key("v") != Reading().key("v")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--fps", "5"], "trained on 10 frames a second"),
        (["--model", "nosuch"], "There are no weights 'nosuch'"),
        (["--model", "gone.safetensors"], "there is no model card"),
    ],
)
def test_what_cannot_be_used_is_said(
    more: list[str], message: str, weights: Path, smiling_clip: Path
) -> None:
    done = CliRunner().invoke(app, ["score", str(smiling_clip), "--model", str(weights), "-q", *more])
    assert isinstance(done.exception, UsageError | SystemExit) and message in (
        done.output + str(done.exception)
    )


def test_classes_whose_columns_would_be_one_are_refused(tmp_path: Path) -> None:
    net = LandmarkNet(face_graph(), {"expression": 2}, config=SMALL).eval()
    files.save(tmp_path / "twins", net, {**card(), "classes": ["very happy", "very-happy"]})
    with pytest.raises(UsageError, match="columns of one name"):
        clip_model.about(str(tmp_path / "twins.safetensors"))
