"""The ratings: ICC(A,1) and matching accuracy of the rounded ratings are what the design states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from emostats.errors import UsageError
from emostats.simulate.design import PUBLISHED_DESIGN
from emostats.simulate.population import POPULATION_COLUMNS, population_values
from emostats.simulate.ratings import calibrate, draw_clips, draw_ratings, rounded_moments

RATINGS = PUBLISHED_DESIGN.ratings


def icc_a1(table: np.ndarray) -> float:
    """ICC(A,1) from the two-way mean squares of a complete table (McGraw & Wong 1996, table 4)."""
    n, k = table.shape
    grand = table.mean()
    ms_rows = k * ((table.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    ms_columns = n * ((table.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    residual = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0, keepdims=True) + grand
    ms_error = (residual**2).sum() / ((n - 1) * (k - 1))
    return float((ms_rows - ms_error) / (ms_rows + (k - 1) * ms_error + k * (ms_columns - ms_error) / n))


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_moments_of_rounded_ratings_agree_with_the_bivariate_normal(share):
    mean, sd = 6.05, 1.1
    steps = np.arange(1.5, 7.0)
    pair = multivariate_normal([0.0, 0.0], [[1.0, share], [share, 1.0]])
    above = norm.sf((steps - mean) / sd)
    # ratings are 1 + the number of steps passed, so E[xy] sums the joint upper tails
    joint = sum(pair.cdf([-(a - mean) / sd, -(b - mean) / sd]) for a in steps for b in steps)
    covariance = joint - above.sum() ** 2
    probability = np.diff(np.concatenate([[0.0], norm.cdf((steps - mean) / sd), [1.0]]))
    value = np.arange(1, 8)
    expected = (
        value @ probability,
        value**2 @ probability - (value @ probability) ** 2,
        covariance,
    )
    assert rounded_moments(mean, sd, share, 1, 7) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("domain", RATINGS.domains, ids=lambda domain: domain.name)
def test_each_cell_has_the_stated_icc_and_accuracy_by_calculation(domain):
    for cell in PUBLISHED_DESIGN.cells:
        solved = calibrate(domain, RATINGS, cell.key)
        assert solved.covariance / solved.variance == pytest.approx(domain.icc, abs=1e-10)
        reached = norm.sf((RATINGS.threshold - 0.5 - solved.mean) / domain.latent_sd)
        assert reached == pytest.approx(domain.accuracy[cell.key], abs=1e-12)


def test_the_population_lies_in_the_published_range():
    table = population_values()
    assert tuple(table.columns) == POPULATION_COLUMNS
    icc = table.loc[table["quantity"] == "icc", "value"]
    accuracy = table.loc[table["quantity"] == "matching accuracy", "value"]
    assert icc.size == accuracy.size == 10
    assert icc.between(0.75, 0.91).all()
    assert accuracy.between(0.93, 0.96).all()
    assert (accuracy > 0.94).any()


def test_exactly_the_four_published_means_are_marked_as_published():
    table = population_values()
    published = table[table["source"] == "paper, abstract"]
    rows = published[["quantity", "parameter", "visit", "sex", "age_band", "value"]].values.tolist()
    assert rows == [
        ["mean", "SOCINT", "BASELINE", "M", "1–6", 1.280],
        ["mean", "SOCINT", "WEEK12", "M", "1–6", 2.540],
        ["mean", "EMORESP", "BASELINE", "F", "7–12", 1.670],
        ["mean", "EMORESP", "WEEK12", "F", "7–12", 3.120],
    ]


def test_large_studies_have_the_population_icc_and_accuracy_within_monte_carlo_error():
    """30 studies with raters of their own: 200 clips of each cell, 25 raters."""
    design = replace(
        PUBLISHED_DESIGN, ratings=replace(RATINGS, raters=tuple(f"R{number}" for number in range(25)))
    )
    population = population_values(PUBLISHED_DESIGN.with_children(200))
    truth = population[(population["sex"] == "") & (population["parameter"].isin(["RHYTHM", "EMOTION"]))]
    truth = truth.set_index(["quantity", "parameter"])["value"]
    cell = np.repeat(np.arange(4), 200)
    results = []
    for rng in map(np.random.default_rng, np.random.SeedSequence(77).spawn(30)):
        ratings = draw_ratings(design, cell=cell, child=np.arange(800), rng=rng).astype(float)
        results.append([(icc_a1(ratings[:, :, d]), (ratings[:, :, d] >= 5).mean()) for d in range(2)])
    results = np.array(results)
    error = results.std(axis=0, ddof=1) / np.sqrt(len(results))
    for d, name in enumerate(["RHYTHM", "EMOTION"]):
        for q, quantity in enumerate(["icc", "matching accuracy"]):
            assert error[d, q] < 0.004
            assert abs(results[:, d, q].mean() - truth[quantity, name]) < 3.5 * error[d, q]


def test_the_icc_over_all_children_counts_the_differences_between_cells():
    """Cells of very different accuracy, raters without bias: two ratings a clip give both moments."""
    unequal = {"M:young": 0.55, "M:old": 0.99, "F:young": 0.75, "F:old": 0.99}
    domain = replace(RATINGS.domains[0], icc=0.6, accuracy=unequal, rater_share=0.0)
    design = replace(PUBLISHED_DESIGN, ratings=replace(RATINGS, domains=(domain,), raters=("R1", "R2")))
    table = population_values(design)
    (truth,) = table.loc[(table["quantity"] == "icc") & (table["sex"] == ""), "value"]
    assert truth > 0.65
    cell = np.repeat(np.arange(4), [2_000 * each.children for each in design.cells])
    child = np.arange(cell.size)
    pairs = draw_ratings(design, cell=cell, child=child, rng=np.random.default_rng(10))[:, :, 0]
    assert np.corrcoef(pairs.T.astype(float))[0, 1] == pytest.approx(truth, abs=0.004)


def test_an_icc_that_leaves_no_room_for_the_raters_is_refused():
    domain = replace(RATINGS.domains[0], icc=0.97, rater_share=0.3)
    with pytest.raises(UsageError, match=r"RHYTHM: an ICC of 0\.97 cannot be reached"):
        calibrate(domain, RATINGS, "M:young")


def test_clips_come_from_visits_of_children_that_still_took_part():
    taking_part = np.array([[True] * 4, [True, False, False, False], [True, True, False, False]])
    clips = draw_clips(
        PUBLISHED_DESIGN, np.array(["001", "002", "003"], dtype=object), taking_part, np.random.default_rng(3)
    )
    assert clips["Child ID"].value_counts().to_dict() == {"001": 2, "002": 1, "003": 2}
    assert clips["Clip"].is_unique
    assert not clips.duplicated(["Child ID", "Visit"]).any()
    assert set(clips.loc[clips["Child ID"] == "003", "Visit"]) == {"BASELINE", "WEEK04"}
