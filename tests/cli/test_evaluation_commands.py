"""emostats evaluate and emostats train at the terminal."""

import json
import re
import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from emostats.cli.app import app
from emostats.inference.cards import from_dict
from emostats.inference.evaluation import scorers

CASE = json.loads(
    (Path(__file__).parents[1] / "reference/metrics/multiclass.json").read_text(encoding="utf-8")
)["cases"][1]
STILLS = Path(__file__).parents[2] / "analyses/faces_london/data"


def emostats(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("predictions") / "predictions.csv"
    names = CASE["class_names"]
    rows = pd.DataFrame({"subject": CASE["cluster"], "label": [names[i] for i in CASE["y_true"]]})
    rows[[f"p_{name}" for name in names]] = np.array(CASE["prob"])
    rows.assign(sex=np.where(rows["subject"] % 2, "f", "m")).to_csv(path, index=False)
    return path


def test_evaluate_prints_tables(table):
    result = emostats("evaluate", table, "--resamples", 200)
    assert result.exit_code == 0, result.output
    assert "476 rows of 60 people" in result.stdout
    assert re.search(r"Accuracy +0\.422\d* ", result.stdout)
    assert re.search(r"Female +Accuracy", result.stdout)
    assert "Over time: neighbouring frames" in result.stdout
    assert re.search(r"neutral +66 +10 +13 +15 +15 +23 +9", result.stdout)


def test_evaluate_as_json(table):
    result = emostats("evaluate", table, "--resamples", 200, "--json")
    found = json.loads(result.stdout)
    by_name = {row["metric"]: row for row in found["metrics"] if row["group"] == ""}
    assert by_name["accuracy"]["estimate"] == CASE["accuracy"]["value"]
    assert by_name["auc"]["conf_low"] < by_name["auc"]["estimate"] < by_name["auc"]["conf_high"]
    assert found["confusion_matrix_rows_true"] == CASE["confusion_matrix_rows_true"]
    assert found["figures"]["macro_f1"]["estimate"] == by_name["macro_f1"]["estimate"]


def test_evaluate_writes_a_page(table, tmp_path):
    result = emostats("evaluate", table, "--resamples", 200, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    written = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")}
    assert written == {
        "evaluation.html", "evaluation.json", "metrics.csv", "classes.csv", "confusion.csv",
        "predictions.csv", "figures/confusion.svg", "figures/roc.svg", "figures/reliability.svg",
    }  # fmt: skip
    page = (tmp_path / "out/evaluation.html").read_text(encoding="utf-8")
    assert "Reliability of the top label" in page and page.count("<svg") == 6
    assert "<script" not in page and "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    again = emostats("evaluate", tmp_path / "out/predictions.csv", "--resamples", 200, "--json")
    assert json.loads(again.stdout)["n"] == 476


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Say what to evaluate"),
        (["p.csv", "--faces", "."], "Say what to evaluate"),
        (["p.csv", "--robustness"], "go with --faces"),
        (["--clips", "c.csv"], "needs the weights"),
        (["none.csv"], "cannot be read"),
        (["--faces", "none"], "no labels.csv"),
    ],
)
def test_evaluate_says_what_is_wrong(arguments, message):
    result = emostats("evaluate", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_a_file_in_the_place_of_the_output_folder(table, tmp_path):
    (tmp_path / "out").write_text("")
    result = emostats("evaluate", table, "--resamples", 200, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr


@pytest.fixture
def stills(tmp_path):
    """Four real stills of two adults (Face Research Lab London Set, CC BY 4.0)."""
    rows = ["file,subject,expression,age,sex"]
    for subject, sex in (("002", "female"), ("004", "male")):
        for name in ("neutral", "smiling"):
            shutil.copy(STILLS / f"{subject}_{name}.jpg", tmp_path)
            rows.append(f"{subject}_{name}.jpg,{subject},{name},25,{sex}")
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    return tmp_path


def test_evaluate_faces_by_rule(stills):
    arguments = ("--faces", stills, "--model", "rule", "--json", "--resamples", 200, "--quiet")
    found = json.loads(emostats("evaluate", *arguments).stdout)
    assert (found["n"], found["n_subjects"], found["n_unscored"]) == (4, 2, 0)
    assert found["model"].startswith("smile blendshapes")
    auc = next(row for row in found["metrics"] if row["metric"] == "auc" and row["group"] == "")
    assert auc["estimate"] == 1.0  # both smile more when they smile
    assert "separated" in auc["error"]


def test_evaluate_faces_by_the_shipped_weights(stills, tmp_path):
    arguments = ("--faces", stills, "--out", tmp_path / "page", "--json", "--resamples", 200, "--quiet")
    result = emostats("evaluate", *arguments)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["model"], found["classes"]) == ("neutral-smile", ["neutral", "smiling"])
    assert found["figures"]["auc"]["estimate"] == 1.0
    assert "4 of 4 stills were in the training data" in " ".join(found["notes"])
    page = (tmp_path / "page/evaluation.html").read_text(encoding="utf-8")
    assert "not validated on children with autism" in page  # the card is on the page


def card_of(data):
    figure = {"metric": "auc", "label": "AUC", "estimate": 0.9, "n": 1, "n_subjects": 1, "data": "stills"}
    return from_dict(
        {
            "name": "a",
            "version": "1",
            "created": "2025-01-01",
            "task": "a",
            "architecture": "a",
            "n_parameters": 1,
            "weights": {"file": "a", "sha256": "0" * 64, "bytes": 1},
            "data": [data],
            "protocol": "a",
            "figures": [figure],
            "intended_use": "a",
            "not_for": ["a"],
            "limitations": ["Not validated on children with autism."],
            "licence": "a",
        }
    )


def test_stills_of_the_training_data_are_told(stills):
    file = stills / "002_neutral.jpg"
    data = {
        "name": "Stills", "source": "here", "licence": "CC0", "population": "adults", "n_subjects": 1,
        "n_items": 1, "items": "stills", "sha256": [sha256(file.read_bytes()).hexdigest()],
    }  # fmt: skip
    files = [file, stills / "004_neutral.jpg"]
    for use, seen in (("training and, by folds, test", 1), ("pretraining", 1), ("test", 0)):
        assert scorers.seen_in_training(card_of({**data, "use": use}), files) == seen


def test_unknown_weights(stills):
    result = emostats("evaluate", "--faces", stills, "--model", "smiles")
    assert result.exit_code == 2
    assert "no weights 'smiles'" in result.stderr


def test_train_says_what_is_wrong(tmp_path):
    (tmp_path / "c.toml").write_text('name = "x"\n[data]\ncorpus = "tabel"\npath = "x.csv"\n')
    result = emostats("train", tmp_path / "c.toml")
    assert result.exit_code == 2
    assert "'card' is required" in result.stderr


def test_train_from_real_faces_to_weights(tmp_path, stills):
    """Two people, two clips of two pictures each: from pictures to weights, their card and a page."""
    rows = ["video,subject,label"]
    for picture in sorted(stills.glob("*.jpg")):
        place = tmp_path / "clips" / picture.stem
        place.mkdir(parents=True)
        for copy in ("0.jpg", "1.jpg"):
            shutil.copy(picture, place / copy)
        rows.append(f"clips/{picture.stem},{picture.stem[:3]},{picture.stem[4:]}")
    (tmp_path / "clips.csv").write_text("\n".join(rows))
    (tmp_path / "lab.toml").write_text(LAB)
    result = emostats("train", tmp_path / "lab.toml", "--json", "--quiet")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["n_subjects"] == 2
    assert [item["name"] for item in found["stability"]] == ["over_runs", "over_time", "perturbed"]
    assert Path(found["weights"]).is_file() and Path(found["page"]).is_file()
    page = Path(found["page"]).read_text(encoding="utf-8")
    assert "Not validated on children with autism." in page
    again = emostats(
        "evaluate", "--faces", stills, "--model", found["weights"], "--json", "--resamples", 200, "--quiet"
    )
    assert json.loads(again.stdout)["model"] == "tiny"
    clips = emostats(
        "evaluate", "--clips", tmp_path / "clips.csv", "--model", found["weights"], "--robustness", "--json",
        "--resamples", 200, "--quiet",
    )  # fmt: skip
    scored = json.loads(clips.stdout)
    assert (scored["n"], scored["n_subjects"]) == (4, 2)
    assert "4 of 4 clips were in the training data" in " ".join(scored["notes"])
    agreement = {
        row["level"]: row["estimate"]
        for row in scored["robustness"]
        if row["metric"] == "perturbation_agreement"
    }
    assert agreement[None] == 1.0 and set(agreement) == {None, 10.0, 5.0}


LAB = """name = "tiny"
[data]
corpus = "table"
path = "clips.csv"
least_frames = 2
[folds]
n = 2
[windows]
length = 2
stride = 1
[network]
graph_widths = [8]
width = 16
temporal_layers = 1
temporal_heads = 2
temporal_hidden = 16
[training]
epochs = 1
validation_share = 0.0
[card]
source = "Face Research Lab London Set (DeBruine & Jones, 2017)"
data_licence = "CC BY 4.0"
population = "adults, posed"
intended_use = "A test"
not_for = ["people"]
licence = "Apache-2.0"
"""
