"""What must hold for any predictions; scikit-learn and statsmodels as second opinions."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.errors import ModelError, UsageError
from emostats.statistics import classification as cl
from emostats.statistics.classification.auc import area
from emostats.statistics.effects import proportion


def predictions(seed, n=60, k=4, sharp=1.0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k)) + sharp * np.eye(k)[truth]
    prob = np.exp(logits)
    return truth, prob / prob.sum(axis=1, keepdims=True), rng.integers(0, 12, n)


seeds = st.integers(0, 10_000)


@given(seeds)
@settings(max_examples=15)
def test_scikit_learn_agrees(seed):
    from sklearn import metrics

    truth, prob, _ = predictions(seed)
    said = cl.top_label(prob)
    counts = cl.confusion_matrix(truth, said, 4)
    assert counts.tolist() == metrics.confusion_matrix(truth, said, labels=range(4)).tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert float(cl.macro_f1(counts)) == pytest.approx(metrics.f1_score(truth, said, average="macro"))
        assert float(cl.mcc(counts)) == pytest.approx(metrics.matthews_corrcoef(truth, said))
        assert float(cl.kappa(counts)) == pytest.approx(metrics.cohen_kappa_score(truth, said))
    areas = cl.average_areas(truth, prob)
    for ours, how, average in (
        (areas.macro, "ovr", "macro"),
        (areas.weighted, "ovr", "weighted"),
        (areas.hand_till, "ovo", "macro"),
    ):
        theirs = metrics.roc_auc_score(truth, prob, multi_class=how, average=average)
        assert ours == pytest.approx(theirs)
    assert cl.log_losses(truth, prob).mean() == pytest.approx(metrics.log_loss(truth, prob))
    score = np.round(prob[:, 0], 1)  # with ties
    assert cl.average_precision(truth == 0, score) == pytest.approx(
        metrics.average_precision_score(truth == 0, score)
    )
    fpr, tpr, _ = metrics.roc_curve(truth == 0, score, drop_intermediate=False)
    curve = cl.roc_curve(truth == 0, score)
    assert curve.false_positive_rate == pytest.approx(fpr)
    assert curve.sensitivity == pytest.approx(tpr)


@given(seeds)
@settings(max_examples=15)
def test_doubled_rows_tell_nothing_new(seed):
    truth, prob, subject = predictions(seed)
    twice, both, who = np.tile(truth, 2), np.tile(prob, (2, 1)), np.tile(subject, 2)
    once = cl.roc_area(truth == 1, prob[:, 1], subject)
    again = cl.roc_area(twice == 1, both[:, 1], who)
    assert [again.estimate, again.variance] == pytest.approx([once.estimate, once.variance])
    right, right_twice = cl.top_label(prob) == truth, cl.top_label(both) == twice
    first, second = cl.clustered_mean(right, subject), cl.clustered_mean(right_twice, who)
    assert second.std_error == pytest.approx(first.std_error)
    alike = first.design_effect <= 1  # then the cap at n rows holds, and n has doubled
    assert alike or cl.effective_size(second) == pytest.approx(cl.effective_size(first))
    macro = [
        cl.average_areas(t, p, s).macro_variance for t, p, s in ((truth, prob, subject), (twice, both, who))
    ]
    assert macro[1] == pytest.approx(macro[0])


@given(seeds)
@settings(max_examples=15)
def test_each_row_its_own_subject(seed):
    truth, prob, _ = predictions(seed)
    alone = np.arange(len(truth))
    plain, clustered = (cl.roc_area(truth == 2, prob[:, 2], unit) for unit in (None, alone))
    assert clustered.variance == pytest.approx(plain.variance)
    pair = [cl.paired_auc_test(truth == 2, prob[:, 2], prob[:, 1], unit) for unit in (None, alone)]
    assert pair[1].std_error == pytest.approx(pair[0].std_error)
    counts = cl.confusion_matrix(truth, cl.top_label(prob), 4)
    each = cl.cluster_confusions(truth, cl.top_label(prob), None, 4)
    n = len(truth)
    assert cl.clustered_std_error(each, cl.macro_f1_gradient) == pytest.approx(
        cl.multinomial_std_error(counts, cl.macro_f1_gradient) * np.sqrt(n / (n - 1))
    )


@given(seeds)
@settings(max_examples=15)
def test_swapping_the_classes_mirrors_the_area(seed):
    truth, prob, subject = predictions(seed)
    up, down = cl.roc_area(truth == 0, prob[:, 0], subject), cl.roc_area(truth != 0, prob[:, 0], subject)
    assert up.estimate == pytest.approx(1 - down.estimate)
    assert up.variance == pytest.approx(down.variance)
    assert up.interval("logit") == pytest.approx([1 - end for end in reversed(down.interval("logit"))])


@given(seeds)
@settings(max_examples=10)
def test_macro_f1_gradient_is_the_derivative(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 9, (3, 3)).astype(float)
    gradient, total = cl.macro_f1_gradient(counts), counts.sum()
    for cell in np.ndindex(3, 3):
        step = np.zeros((3, 3))
        step[cell] = 1e-6 * total
        slope = (cl.macro_f1(counts + step) - cl.macro_f1(counts - step)) / 2e-6
        assert float(slope) == pytest.approx(gradient[cell], abs=1e-6)


@given(seeds)
@settings(max_examples=15)
def test_areas_by_ranks_are_those_by_pairs(seed):
    rng = np.random.default_rng(seed)
    y, score = rng.permutation([0, 1] * 8), rng.integers(0, 5, 16)  # many ties
    wins = [(a > b) + (a == b) / 2 for a in score[y == 1] for b in score[y == 0]]
    assert cl.placements(y, score).estimate == pytest.approx(np.mean(wins))
    assert area(y, score) == pytest.approx(np.mean(wins))


def test_two_classes_have_one_area():
    truth, prob, _ = predictions(3, n=200, k=2)
    both, one = cl.average_areas(truth, prob), cl.roc_area(truth, prob[:, 1])
    assert both.macro == pytest.approx(one.estimate)
    assert both.macro_variance == pytest.approx(one.variance, rel=0.02)


def test_variance_of_the_macro_area_is_that_of_a_bootstrap():
    truth, prob, _ = predictions(5, n=150, k=3)
    rng = np.random.default_rng(1)
    drawn = [rng.integers(0, 150, 150) for _ in range(400)]
    spread = np.var([cl.average_areas(truth[rows], prob[rows]).macro for rows in drawn], ddof=1)
    assert cl.average_areas(truth, prob).macro_variance == pytest.approx(spread, rel=0.2)


def test_resampled_matrices_are_evaluated_at_once():
    truth, prob, subject = predictions(4)
    each = cl.cluster_confusions(truth, cl.top_label(prob), subject, 4)
    assert each.sum(axis=0).tolist() == cl.confusion_matrix(truth, cl.top_label(prob), 4).tolist()
    for metric in (cl.accuracy, cl.macro_f1, cl.balanced_accuracy, cl.mcc, cl.kappa, cl.harmonic_macro_f1):
        one_by_one = [float(metric(counts)) for counts in each]
        assert metric(each).tolist() == pytest.approx(one_by_one, nan_ok=True)


def test_bootstrap_draws_subjects_and_repeats_itself():
    shares = np.array([[8.0, 10.0], [1.0, 10.0], [5.0, 10.0], [9.0, 10.0]])

    def share(sums):
        return (sums[:, 0] / sums[:, 1])[:, None]

    first, second = (cl.bootstrap_subjects(shares, share, n_resamples=200, seed=7) for _ in range(2))
    assert first.replicates.tolist() == second.replicates.tolist()
    assert set(np.round(first.replicates[:, 0] * 40).astype(int)) <= {
        a + b + c + d for a in (8, 1, 5, 9) for b in (8, 1, 5, 9) for c in (8, 1, 5, 9) for d in (8, 1, 5, 9)
    }
    assert cl.bootstrap_subjects(shares, share, n_resamples=200, seed=8).conf_low != first.conf_low


def test_one_subject_has_no_bootstrap_limits():
    found = cl.bootstrap_subjects([[3.0, 4.0]], lambda s: s[:, :1] / s[:, 1:], n_resamples=50)
    assert found.estimate.tolist() == [0.75]
    assert np.isnan([found.std_error, found.conf_low, found.conf_high]).all()


def test_all_right_keeps_an_interval_by_subjects():
    found = cl.clustered_proportion(np.ones(40), np.repeat(np.arange(8), 5))
    assert (found.estimate, found.conf_high) == (1.0, 1.0)
    assert found.conf_low == pytest.approx(8 / (8 + 1.959963984540054**2))  # Wilson with 8 of 8


def test_independent_rows_have_wilson_limits():
    right = [1, 1, 0, 1, 1, 0, 1, 1]
    found, expected = cl.clustered_proportion(right), proportion(6, 8)
    assert [found.conf_low, found.conf_high] == [expected.conf_low, expected.conf_high]


def test_limits_hold_the_truth_as_often_as_they_say():
    """Six subjects with ten rows each, intraclass correlation 0.3: independent rows would cover 72 %."""
    rng = np.random.default_rng(0)
    who = np.repeat(np.arange(6), 10)
    held = 0
    for _ in range(500):
        share = rng.beta(0.8 * 0.7 / 0.3, 0.2 * 0.7 / 0.3, 6)
        found = cl.clustered_proportion(rng.random(60) < share[who], who)
        held += found.conf_low <= 0.8 <= found.conf_high
    assert 0.92 <= held / 500 <= 0.98


def test_alike_rows_widen_the_interval():
    right = np.repeat([1, 0, 1, 1, 0, 1], 10)
    by_row, by_child = (cl.clustered_proportion(right, who) for who in (None, np.repeat(np.arange(6), 10)))
    assert by_child.conf_low < by_row.conf_low < by_row.conf_high < by_child.conf_high


def test_constant_scores_order_nothing():
    area = cl.roc_area([0, 0, 1, 1], [0.3] * 4)
    assert (area.estimate, area.variance) == (0.5, 0.0)
    assert area.interval("logit") == (0.5, 0.5)


def test_complete_separation_says_why_there_is_no_interval():
    effect = cl.roc_area([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]).effect("auc", "AUC")
    assert effect.estimate == 1.0
    assert np.isnan(effect.conf_low)
    assert "separated" in effect.error


def test_too_few_subjects_of_a_class():
    area = cl.roc_area([1, 1, 0, 0], [0.9, 0.1, 0.2, 0.3], ["a", "a", "b", "c"])
    assert np.isnan(area.variance)
    assert "too few" in area.effect("auc", "AUC").error


def test_the_same_scores_do_not_differ():
    y, score = [0, 1, 0, 1, 1, 0], [0.2, 0.4, 0.5, 0.9, 0.3, 0.1]
    found = cl.paired_auc_test(y, score, score)
    assert (found.estimate, found.std_error, found.p_value) == (0.0, 0.0, 1.0)


def test_classes_that_do_not_occur():
    counts = cl.confusion_matrix([0, 0, 1, 1], [0, 2, 1, 1], 4)
    assert float(cl.balanced_accuracy(counts)) == 0.75
    assert float(cl.macro_f1(counts)) == pytest.approx((2 / 3 + 1) / 4)
    assert float(cl.macro_f1(counts, present_only=True)) == pytest.approx((2 / 3 + 1) / 2)
    prob = np.full((4, 4), 0.25)
    assert cl.one_vs_rest([0, 0, 1, 1], prob)[2] is None
    assert cl.average_areas([0, 0, 1, 1], prob).hand_till == 0.5


def test_one_class_only():
    counts = cl.confusion_matrix([1, 1], [1, 1], 2)
    assert np.isnan(float(cl.mcc(counts)))
    assert np.isnan(float(cl.kappa(counts)))
    with pytest.raises(ModelError, match="only one of them"):
        cl.roc_area([1, 1], [0.2, 0.3])
    with pytest.raises(ModelError, match="all rows have the same"):
        cl.average_areas([1, 1], [[0.4, 0.6], [0.1, 0.9]])


def test_edges_of_bins():
    said, true = [0.0, 0.1, 0.2, 1.0], [0, 1, 0, 1]
    assert cl.reliability(said, true).n.tolist() == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert cl.reliability(said, true, bins="left_closed").n.tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0, 1]
    assert cl.reliability(said, true, n_bins=3, bins="equal_mass").n.tolist() == [2, 1, 1]


def test_separated_probabilities_have_no_recalibration():
    with pytest.raises(ModelError, match="separate"):
        cl.recalibration([0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.7, 0.8, 0.9])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cl.confusion_matrix([0, 1], [0], 2), "same rows"),
        (lambda: cl.confusion_matrix([0, 5], [0, 1], 2), "between 0 and 1"),
        (lambda: cl.confusion_matrix([0.5, 1], [0, 1], 2), "class numbers"),
        (lambda: cl.confusion_matrix(["a", "b"], [0, 1], 2), "class numbers"),
        (lambda: cl.confusion_matrix([], [], 2), "at least one row"),
        (lambda: cl.confusion_matrix([0], [0], 1), "two classes"),
        (lambda: cl.log_losses([0, 1], [[0.5, 0.5]]), "Not the same rows"),
        (lambda: cl.log_losses([0], [[0.9, 0.9]]), "sum to"),
        (lambda: cl.log_losses([0], [[-0.1, 1.1]]), "between 0 and 1"),
        (lambda: cl.log_losses([0], [[np.nan, 1.0]]), "between 0 and 1"),
        (lambda: cl.roc_area([0, 1], [0.1]), "without missing"),
        (lambda: cl.roc_area([0, 1], [0.1, np.nan]), "without missing"),
        (lambda: cl.roc_area([0, 1], [0.1, 0.2], ["a", None]), "name no subject"),
        (lambda: cl.roc_area([0, 1], [0.1, 0.2], ["a"]), "one column of 2 rows"),
        (lambda: cl.roc_area([0, 1], [0.1, 0.2]).interval("logits"), "logit"),
        (lambda: cl.clustered_proportion([1, 0], limits="wilsn"), "wilson"),
        (lambda: cl.top_k_right([0], [[0.4, 0.6]], 3), "k must"),
        (lambda: cl.reliability([0.2], [1], bins="quantile"), "equal_mass"),
        (lambda: cl.compare_accuracy([0, 1], [0, 1], [0]), "row by row"),
        (lambda: cl.bootstrap_subjects([[1.0]], lambda s: s, n_resamples=1), "two resamples"),
    ],
)
def test_bad_input_is_explained(call, message):
    with pytest.raises(UsageError, match=message):
        call()
