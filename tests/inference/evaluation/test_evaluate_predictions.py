"""From a table of predictions to every figure, overall and by group."""

import json
import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from emostats.errors import UsageError
from emostats.inference.evaluation import evaluate, predictions, predictions_frame, read_predictions
from emostats.inference.evaluation.drawings import DRAWINGS, drawing
from emostats.pipeline.tables_io import plain

CASE = json.loads(
    (Path(__file__).parents[2] / "reference/metrics/multiclass.json").read_text(encoding="utf-8")
)["cases"][1]


def seven():
    names, prob = CASE["class_names"], np.array(CASE["prob"])
    child = np.array(CASE["cluster"])
    table = pd.DataFrame({"subject": child, "label": [names[i] for i in CASE["y_true"]]})
    table[[f"p_{name}" for name in names]] = prob
    return table.assign(sex=np.where(child % 2, "female", "male"), age=4 + child % 9)


@pytest.fixture(scope="module")
def found():
    return evaluate(predictions(seven()), n_resamples=400)


def row(table, metric, group="", level=""):
    rows = table[(table["metric"] == metric) & (table["group"] == group) & (table["level"] == level)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_figures_are_those_of_the_reference(found):
    expected = {
        "accuracy": CASE["accuracy"]["value"],
        "balanced_accuracy": CASE["balanced_accuracy"],
        "macro_f1": CASE["averages"]["macro"]["f1"],
        "micro_f1": CASE["averages"]["micro"]["f1"],
        "weighted_f1": CASE["averages"]["weighted"]["f1"],
        "harmonic_macro_f1": CASE["averages"]["macro_f1_of_macro_precision_recall"],
        "mcc": CASE["mcc"],
        "kappa": CASE["cohen_kappa"],
        "auc": CASE["auc"]["ovr_macro"],
        "auc_hand_till": CASE["auc"]["ovo_macro_hand_till"],
        "log_loss": CASE["log_loss_clipped_1e-15"],
        "brier": CASE["brier_sum_over_classes"],
        "ece": CASE["calibration_top_label"]["equal_width_10_right_closed"]["ece"],
    }
    overall = found.metrics[found.metrics["group"] == ""].set_index("metric")["estimate"]
    assert overall.to_dict() == pytest.approx(expected, abs=1e-10)
    assert found.counts.tolist() == CASE["confusion_matrix_rows_true"]


def test_every_interval_takes_children_as_units(found):
    overall = found.metrics[found.metrics["group"] == ""].set_index("metric")
    reference = CASE["cluster_bootstrap"]["macro_f1_zero_division_0"]
    assert overall.loc["macro_f1", "std_error"] == pytest.approx(reference["se"], rel=0.15)
    assert overall.loc["accuracy", "std_error"] == pytest.approx(CASE["cluster_accuracy"]["linearised_se"])
    with_limits = overall.drop(index="auc_hand_till")
    assert (with_limits["conf_low"] < with_limits["estimate"]).all()
    assert (with_limits["estimate"] < with_limits["conf_high"]).all()
    assert (overall["n_subjects"] == 60).all()


def test_classes(found):
    happy = found.classes[found.classes["level"] == "happy"].set_index("metric")
    expected, area = CASE["per_class"][1], CASE["one_vs_rest"][1]
    values = happy["estimate"].loc[["recall", "precision", "f1", "specificity", "auc", "average_precision"]]
    names = ("recall", "precision", "f1", "specificity")
    assert values.tolist() == pytest.approx(
        [*(expected[name] for name in names), area["auc"], area["average_precision"]]
    )
    assert happy.loc["auc", "std_error"] == pytest.approx(math.sqrt(area["obuchowski_cluster_var"]))


def test_groups(found):
    groups = found.metrics[["group", "level"]].drop_duplicates().to_numpy().tolist()
    assert groups == [
        ["", ""],
        ["sex", "Female"],
        ["sex", "Male"],
        ["age", "0–6"],
        ["age", "7–12"],
        ["difference", "Female − male"],
    ]
    girls = predictions(seven().query("sex == 'female'"))
    alone = evaluate(girls, n_resamples=400)
    assert found.value("accuracy", "sex", "Female") == alone.value("accuracy")
    sizes = [row(found.metrics, "accuracy", "sex", level)["n"] for level in ("Female", "Male")]
    assert sum(sizes) == len(CASE["y_true"])


def test_the_difference_of_the_sexes_has_an_interval_of_its_own(found):
    for metric in ("accuracy", "auc"):
        girls, boys = (row(found.metrics, metric, "sex", name) for name in ("Female", "Male"))
        gap = row(found.metrics, metric, "difference", "Female − male")
        assert gap["estimate"] == pytest.approx(girls["estimate"] - boys["estimate"])
        assert gap["std_error"] == pytest.approx(math.hypot(girls["std_error"], boys["std_error"]))
        assert gap["conf_low"] < gap["estimate"] < gap["conf_high"]
    alone = evaluate(predictions(two_classes(sex=["F"] * 2 + ["M"] * 6)), n_resamples=200)
    gap = row(alone.metrics, "auc", "difference", "Female − male")
    assert math.isnan(gap["conf_low"]) and "too few people" in gap["error"]


def test_the_summary_is_plain_json(found):
    text = json.dumps(plain(found.summary()), allow_nan=False)
    again = json.loads(text)
    assert again["n_subjects"] == 60
    assert again["confusion_matrix_rows_true"] == CASE["confusion_matrix_rows_true"]
    assert sum(item["n"] for item in again["reliability"]) == len(CASE["y_true"])


@pytest.mark.parametrize("name", DRAWINGS)
@pytest.mark.parametrize("width", [720.0, 360.0])
def test_drawings_are_svg_with_words(found, name, width):
    root = ElementTree.fromstring(drawing(found, name, width=width))
    tags = [item.tag.rsplit("}")[-1] for item in root]
    assert tags[:2] == ["title", "desc"]
    assert float(root.get("width")) == width
    texts = "".join(root.itertext())
    assert {"confusion": "happy", "roc": "AUC 0.817", "reliability": "Probability"}[name] in texts


def two_classes(**columns):
    base = {
        "subject": ["a", "a", "b", "b", "c", "c", "d", "d"],
        "label": ["neutral", "smile"] * 4,
        "p_neutral": [0.9, 0.4, 0.8, 0.1, 0.3, 0.2, 0.7, 0.6],
    }
    table = pd.DataFrame({**base, **columns})
    return table.assign(p_smile=1 - table["p_neutral"])


def test_two_classes_have_one_curve_and_a_plain_brier_score():
    found = evaluate(predictions(two_classes()), n_resamples=300)
    assert len(found.curves) == 1
    assert "auc_hand_till" not in set(found.metrics["metric"])
    expected = np.mean((np.array([0.1, 0.6, 0.2, 0.9, 0.7, 0.8, 0.3, 0.4]) - [0, 1] * 4) ** 2)
    assert found.value("brier") == pytest.approx(expected)


def test_rows_that_were_not_scored_are_counted():
    table = two_classes()
    table.loc[1, ["p_neutral", "p_smile"]] = np.nan
    found = evaluate(predictions(table), n_resamples=300)
    assert found.predictions.unscored.tolist() == [["a", "smile"]]
    assert row(found.metrics, "accuracy")["n"] == 7
    assert "1 of 8 rows were not scored" in found.notes[0]
    assert "accuracy is 0.625" in found.notes[0]  # 5 right of 8


def test_one_subject_gets_figures_without_intervals():
    found = evaluate(predictions(two_classes(subject=["a"] * 8)), n_resamples=300)
    metric = row(found.metrics, "macro_f1")
    assert not math.isnan(metric["estimate"])
    assert math.isnan(metric["conf_low"])
    assert "one subject" in metric["error"]


def test_one_class_only_keeps_its_reason():
    table = two_classes().query("label == 'smile'")
    found = evaluate(predictions(table), n_resamples=300)
    assert math.isnan(found.value("auc"))
    assert "only one of them" in row(found.metrics, "auc")["error"]
    assert found.curves == (None,)
    assert "No row is labelled neutral" in " ".join(found.notes)


def test_a_table_read_is_the_table_written(tmp_path):
    made = predictions(seven())
    predictions_frame(made).to_csv(tmp_path / "p.csv", index=False)
    again = read_predictions(tmp_path / "p.csv")
    assert again.classes == made.classes
    for name in ("truth", "prob", "subject", "sex", "age"):
        assert getattr(again, name).tolist() == getattr(made, name).tolist(), name


def test_probabilities_rounded_to_two_decimals_are_taken_as_given():
    rows = [[0.14] * 7, [0.15] * 6 + [0.13]]
    table = pd.DataFrame(rows, columns=[f"p_{name}" for name in "abcdefg"])
    made = predictions(table.assign(subject=["1", "2"], label=["a", "b"]))
    assert made.prob.tolist() == rows


def test_codes_keep_their_zeros(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("subject,label,p_a,p_b\n007,a,0.9,0.1\n7,b,0.2,0.8\n")
    assert read_predictions(path).subject.tolist() == ["007", "7"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subject": None}, "no subject"),
        ({"label": "smlie"}, "Did you mean 'smile'"),
        ({"p_neutral": 1.4}, "outside 0 to 1"),
        ({"p_neutral": "high"}, "must hold numbers"),
    ],
)
def test_bad_rows_are_explained(change, message):
    table = two_classes().astype(object)
    for column, value in change.items():
        table.loc[2, column] = value
    with pytest.raises(UsageError, match=message):
        predictions(table)


def test_bad_tables_are_explained(tmp_path):
    with pytest.raises(UsageError, match="no column 'subject'"):
        predictions(two_classes().rename(columns={"subject": "child"}))
    with pytest.raises(UsageError, match="one column of probabilities a class"):
        predictions(two_classes().drop(columns="p_smile"))
    with pytest.raises(UsageError, match="do not sum to 1"):
        predictions(two_classes().assign(p_smile=0.5))
    with pytest.raises(UsageError, match="lacks others"):
        predictions(two_classes().assign(p_smile=np.nan))
    with pytest.raises(UsageError, match="nothing was scored"):
        predictions(two_classes().assign(p_smile=np.nan, p_neutral=np.nan))
    with pytest.raises(UsageError, match="cannot be read"):
        read_predictions(tmp_path / "nothing.csv")
    with pytest.raises(UsageError, match="increasing"):
        evaluate(predictions(two_classes(age=5)), age_edges=(7, 3))
    with pytest.raises(UsageError, match="at least 200"):
        evaluate(predictions(two_classes()), n_resamples=10)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_table_from_a_spreadsheet_with_decimal_commas_is_read(mark, tmp_path):
    rows = "007;neutral;0,75;0,25\n008;happy;0,1;0,9\n"
    (tmp_path / "p.csv").write_text(f"{mark}subject;label;p_neutral;p_happy\n{rows}", encoding="utf-8")
    made = read_predictions(tmp_path / "p.csv")
    assert made.prob.tolist() == [[0.75, 0.25], [0.1, 0.9]]
    assert made.subject.tolist() == ["007", "008"]
