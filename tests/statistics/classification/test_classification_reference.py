"""Every metric against scikit-learn, statsmodels and R's pROC and rms."""

import json
from pathlib import Path

import numpy as np
import pytest

from emostats.statistics import classification as cl

FOLDER = Path(__file__).parents[2] / "reference/metrics"
MULTI = json.loads((FOLDER / "multiclass.json").read_text())
ROC = json.loads((FOLDER / "roc_binary.json").read_text())
BINARY = json.loads((FOLDER / "calibration_binary.json").read_text())["cases"][0]
CLOSE = {"abs": 1e-10, "rel": 1e-10}


@pytest.fixture(params=MULTI["cases"], ids=lambda case: case["id"])
def case(request):
    return request.param


@pytest.fixture
def counts(case):
    return cl.confusion_matrix(case["y_true"], case["y_pred"], len(case["classes"]))


def test_labels_and_counts(case, counts):
    assert cl.top_label(case["prob"]).tolist() == case["y_pred"]
    assert counts.tolist() == case["confusion_matrix_rows_true"]


def test_accuracy_and_its_intervals(case):
    expected = case["accuracy"]
    methods = {
        "wilson": "wilson",
        "clopper_pearson": "clopper_pearson",
        "agresti_coull": "agresti_coull",
        "jeffreys": "jeffreys",
        "wald": "wald",
        "wilson_continuity": "wilson_continuity",
    }
    for method, key in methods.items():
        found = cl.accuracy_interval(case["y_true"], case["y_pred"], method)
        assert found.estimate == pytest.approx(expected["value"], **CLOSE)
        assert [found.conf_low, found.conf_high] == pytest.approx(expected[f"ci95_{key}"], **CLOSE)


def test_no_information_rate(case):
    found = cl.no_information(case["y_true"], case["y_pred"])
    assert found.rate == pytest.approx(case["no_information_rate"], **CLOSE)
    assert found.p_value == pytest.approx(case["p_accuracy_gt_nir"], rel=1e-9)


@pytest.mark.parametrize("k", [2, 3])
def test_top_k(case, k):
    found = cl.top_k_right(case["y_true"], case["prob"], k).mean()
    assert found == pytest.approx(case[f"top_{k}_accuracy"], **CLOSE)


def test_per_class(case, counts):
    found = cl.per_class(counts)
    for expected in case["per_class"]:
        k = expected["class"]
        values = [found.support[k], found.predicted[k], found.true_positives[k]]
        assert values == [expected["support"], expected["predicted"], expected["tp"]]
        rates = [found.precision[k], found.recall[k], found.f1[k], found.specificity[k]]
        names = ("precision", "recall", "f1", "specificity")
        assert rates == pytest.approx([expected[name] for name in names], **CLOSE)


def test_intervals_of_class_rates(case, counts):
    from emostats.statistics.effects import proportion

    for expected in case["per_class"]:
        for rate, size in (("recall", "support"), ("precision", "predicted")):
            found = proportion(expected["tp"], expected[size])
            limits = [found.conf_low, found.conf_high]
            assert limits == pytest.approx(expected[f"{rate}_wilson_ci95"], **CLOSE)


def test_averages(case, counts):
    micro = float(cl.accuracy(counts))
    found = {
        "macro": cl.macro(counts),
        "weighted": cl.weighted(counts),
        "micro": cl.Average(micro, micro, micro),
        "macro_over_classes_present_in_y_true": cl.macro(counts, present_only=True),
    }
    for name, average in found.items():
        expected = case["averages"][name]
        for rate in ("precision", "recall", "f1"):
            assert float(getattr(average, rate)) == pytest.approx(expected[rate], **CLOSE), (name, rate)
    harmonic = float(cl.harmonic_macro_f1(counts))
    assert harmonic == pytest.approx(case["averages"]["macro_f1_of_macro_precision_recall"], **CLOSE)


def test_chance_corrected(case, counts):
    assert float(cl.balanced_accuracy(counts)) == pytest.approx(case["balanced_accuracy"], **CLOSE)
    assert float(cl.mcc(counts)) == pytest.approx(case["mcc"], **CLOSE)
    for weights, key in (("identity", ""), ("linear", "_linear"), ("quadratic", "_quadratic")):
        assert float(cl.kappa(counts, weights)) == pytest.approx(case[f"cohen_kappa{key}"], **CLOSE)


def test_one_vs_rest(case):
    areas = cl.one_vs_rest(case["y_true"], case["prob"])
    truth, prob = np.array(case["y_true"]), np.array(case["prob"])
    for expected in case["one_vs_rest"]:
        k = expected["class"]
        area = areas[k]
        assert area.estimate == pytest.approx(expected["auc"], **CLOSE)
        assert area.variance == pytest.approx(expected["delong_var"], **CLOSE)
        assert area.interval("unclipped") == pytest.approx(expected["delong_ci95_unclipped"], **CLOSE)
        found = cl.average_precision(truth == k, prob[:, k])
        assert found == pytest.approx(expected["average_precision"], **CLOSE)


def test_clustered_area():
    case = MULTI["cases"][1]
    areas = cl.one_vs_rest(case["y_true"], case["prob"], case["cluster"])
    expected = [item["obuchowski_cluster_var"] for item in case["one_vs_rest"]]
    assert [area.variance for area in areas] == pytest.approx(expected, **CLOSE)


def test_average_areas(case):
    found, expected = cl.average_areas(case["y_true"], case["prob"]), case["auc"]
    values = [found.macro, found.weighted, found.micro, found.hand_till]
    names = ("ovr_macro", "ovr_weighted", "ovr_micro", "ovo_macro_hand_till")
    assert values == pytest.approx([expected[name] for name in names], **CLOSE)


def test_scores(case):
    loss = cl.log_losses(case["y_true"], case["prob"]).mean()
    assert loss == pytest.approx(case["log_loss_clipped_1e-15"], **CLOSE)
    terms = cl.brier_terms(case["y_true"], case["prob"])
    assert terms.sum(axis=1).mean() == pytest.approx(case["brier_sum_over_classes"], **CLOSE)
    assert terms.mean(axis=0) == pytest.approx(case["brier_per_class"], **CLOSE)


SCHEMES = {
    "equal_width_10_right_closed": (10, "right_closed"),
    "equal_width_15_right_closed": (15, "right_closed"),
    "equal_width_10_left_closed": (10, "left_closed"),
    "equal_mass_10": (10, "equal_mass"),
}


@pytest.mark.parametrize("name", SCHEMES)
def test_calibration_of_the_top_label(case, name):
    n_bins, bins = SCHEMES[name]
    found = cl.top_label_reliability(case["y_true"], case["prob"], n_bins=n_bins, bins=bins)
    expected = case["calibration_top_label"][name]
    assert [found.ece, found.mce] == pytest.approx([expected["ece"], expected["mce"]], **CLOSE)
    for index, (n, said, true) in enumerate(expected["bins_n_conf_acc"]):
        assert found.n[index] == n
        if n:
            assert [found.said[index], found.came_true[index]] == pytest.approx([said, true], **CLOSE)
        else:
            assert np.isnan(found.said[index])


def test_classwise_calibration(case):
    found = cl.classwise_ece(case["y_true"], case["prob"])
    assert found == pytest.approx(case["calibration_classwise_ece_10_right_closed"], **CLOSE)


@pytest.mark.parametrize("kind", ["macro", "micro"])
def test_delta_method(case, counts, kind):
    found, expected = cl.f1_effect(counts, kind), case["delta_method"]
    assert found.estimate == pytest.approx(
        expected[f"{kind}_f1"] if kind == "macro" else case["averages"]["micro"]["f1"], **CLOSE
    )
    assert found.std_error == pytest.approx(expected[f"{kind}_f1_se"], **CLOSE)
    assert [found.conf_low, found.conf_high] == pytest.approx(expected[f"{kind}_f1_ci95"], **CLOSE)


def test_accuracy_by_child():
    case = MULTI["cases"][1]
    expected = case["cluster_accuracy"]
    right = np.array(case["y_true"]) == np.array(case["y_pred"])
    mean = cl.clustered_mean(right, case["cluster"])
    assert mean.estimate == pytest.approx(expected["value"], **CLOSE)
    assert mean.std_error == pytest.approx(expected["linearised_se"], **CLOSE)
    assert mean.n_clusters == expected["n_clusters"]
    assert mean.design_effect == pytest.approx(expected["design_effect"], **CLOSE)
    for limits in ("normal", "t"):
        found = cl.clustered_proportion(right, case["cluster"], limits=limits)
        assert [found.conf_low, found.conf_high] == pytest.approx(expected[f"ci95_{limits}"], **CLOSE)


def test_bootstrap_by_child():
    case = MULTI["cases"][1]
    each = cl.cluster_confusions(case["y_true"], case["y_pred"], case["cluster"], 7)
    found = cl.bootstrap_subjects(
        each, lambda c: np.stack([cl.accuracy(c), cl.macro_f1(c)], axis=1), n_resamples=20_000, seed=1
    )
    for index, name in enumerate(("accuracy", "macro_f1_zero_division_0")):
        expected = case["cluster_bootstrap"][name]
        assert found.std_error[index] == pytest.approx(expected["se"], rel=0.03)
        ends = zip((found.conf_low[index], found.conf_high[index]), expected["percentile_ci95"], strict=True)
        for (value, reference), mc_error in zip(ends, expected["mc_se"], strict=True):
            assert value == pytest.approx(reference, abs=5 * mc_error + 0.002)


def test_two_classifiers():
    pair, case = MULTI["paired_classifiers"][0], MULTI["cases"][1]
    found = cl.compare_accuracy(case["y_true"], case["y_pred"], pair["y_pred_second"], case["cluster"])
    counts = [found.both_right, found.only_first, found.only_second, found.both_wrong]
    assert counts == [pair[key] for key in ("both_right", "only_first", "only_second", "both_wrong")]
    test = found.test
    values = [test.statistic, test.p_value, test.p_value_corrected, test.p_exact, test.p_mid]
    names = ("mcnemar_chi2", "mcnemar_p", "mcnemar_p_cc", "mcnemar_p_exact", "mcnemar_p_mid")
    assert values == pytest.approx([pair[name] for name in names], rel=1e-10)
    assert found.difference.estimate == pytest.approx(pair["accuracy_difference"], **CLOSE)
    assert found.difference.std_error == pytest.approx(pair["wald_se"], **CLOSE)
    limits = [found.difference.conf_low, found.difference.conf_high]
    assert limits == pytest.approx(pair["newcombe_paired_ci95"], **CLOSE)


@pytest.mark.parametrize("case", ROC["roc"], ids=lambda case: case["id"])
def test_area_of_one_score(case):
    area = cl.roc_area(case["y"], case["score"])
    assert [area.n_positive, area.n_negative] == [case["n_pos"], case["n_neg"]]
    assert [area.estimate, area.variance] == pytest.approx([case["auc"], case["delong_var"]], **CLOSE)
    assert area.interval("unclipped") == pytest.approx(case["delong_ci95_unclipped"], **CLOSE)
    assert area.interval("clipped") == pytest.approx(case["pROC_ci95"], **CLOSE)
    assert area.interval("clipped", 0.9) == pytest.approx(case["pROC_ci90"], **CLOSE)
    logit = [float("nan") if value is None else value for value in case["logit_ci95"]]
    assert area.interval("logit") == pytest.approx(logit, nan_ok=True, **CLOSE)
    assert area.p_value == pytest.approx(case["p_vs_half"], abs=1e-9)
    variance = cl.hanley_mcneil_variance(area.estimate, area.n_positive, area.n_negative)
    assert variance == pytest.approx(case["hanley_mcneil_var"], **CLOSE)


@pytest.mark.parametrize("case", ROC["roc"], ids=lambda case: case["id"])
def test_youden_point(case):
    points, expected = cl.youden(case["y"], case["score"]), case["youden"]
    for name in ("threshold", "sensitivity", "specificity"):
        assert [getattr(point, name) for point in points] == pytest.approx(expected[name], **CLOSE)


@pytest.mark.parametrize("case", ROC["paired"], ids=lambda case: case["id"])
def test_paired_areas(case):
    scores = {item["id"].removeprefix("asah_"): item for item in ROC["roc"]}
    first, second = (scores[name] for name in case["id"].split("_vs_"))
    found = cl.paired_auc_test(first["y"], first["score"], second["score"])
    assert [found.first, found.second] == pytest.approx(case["auc"], **CLOSE)
    values = [found.estimate, found.covariance, found.statistic]
    assert values == pytest.approx([case["difference"], case["covariance"], case["z"]], **CLOSE)
    assert found.p_value == pytest.approx(case["p"], abs=1e-9)
    assert [found.conf_low, found.conf_high] == pytest.approx(case["ci95_difference"], **CLOSE)


def test_unpaired_areas():
    case, data = ROC["unpaired"][0], ROC["roc"][0]
    y, score, male = np.array(data["y"]), np.array(data["score"]), np.array(case["gender"]) == "Male"
    found = cl.unpaired_auc_test(cl.roc_area(y[male], score[male]), cl.roc_area(y[~male], score[~male]))
    assert [found.first, found.second] == pytest.approx(case["auc"], **CLOSE)
    assert [found.statistic, found.df] == pytest.approx([case["D"], case["df"]], **CLOSE)
    assert found.p_value == pytest.approx(case["p"], abs=1e-9)


RECALIBRATION = {
    "brier": "brier",
    "log_loss": "log_loss",
    "slope": "calibration_slope",
    "slope_se": "slope_se",
    "intercept": "calibration_intercept_with_slope",
    "in_the_large": "calibration_in_the_large",
    "in_the_large_se": "citl_se",
    "spiegelhalter_z": "spiegelhalter_z",
    "spiegelhalter_p": "spiegelhalter_p",
    "brier_reference": "brier_reference",
    "brier_skill": "brier_skill",
}
VAL_PROB = {
    "dxy": "Dxy",
    "c_index": "C (ROC)",
    "r2": "R2",
    "discrimination": "D",
    "unreliability": "U",
    "quality": "Q",
    "brier": "Brier",
    "error_max": "Emax",
    "error_p90": "E90",
    "error_mean": "Eavg",
    "spiegelhalter_z": "S:z",
    "spiegelhalter_p": "S:p",
}


def test_recalibration():
    found = cl.recalibration(BINARY["y"], BINARY["p"])
    for name, key in RECALIBRATION.items():
        assert getattr(found, name) == pytest.approx(BINARY[key], abs=1e-7), name
    for name, key in VAL_PROB.items():
        assert getattr(found, name) == pytest.approx(BINARY["rms_val_prob"][key], abs=1e-7), name
    # rms stops its iterations earlier: its own slope and intercept are 4e-7 away from the maximum
    assert found.intercept == pytest.approx(BINARY["rms_val_prob"]["Intercept"], abs=1e-6)
    assert found.slope == pytest.approx(BINARY["rms_val_prob"]["Slope"], abs=1e-6)
