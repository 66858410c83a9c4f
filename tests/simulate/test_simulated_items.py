"""The answers: exact in the population by calculation, and by a large simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from emostats.errors import UsageError
from emostats.simulate.design import PUBLISHED_DESIGN, MissingnessDesign
from emostats.simulate.dropout import leave_out
from emostats.simulate.items import (
    draw_answers,
    draw_traits,
    item_difficulties,
    locations,
    scale_items,
    solve_location,
    visit_correlation,
)
from emostats.study.instruments import Instrument, instruments_folder, read_instrument

PER_CELL = 5_000


@pytest.fixture(scope="module")
def instrument() -> Instrument:
    return read_instrument(instruments_folder() / "family_questionnaire.toml")


def expected_by_probabilities(location: float, difficulties: np.ndarray, sd: float) -> float:
    """Σ answer × probability of the answer, written independently of the product's sum of tail areas."""
    total = 0.0
    for difficulty in difficulties:
        cuts = np.array([-np.inf, 0.5, 1.5, 2.5, 3.5, np.inf])
        probability = np.diff(norm.cdf(cuts, loc=location - difficulty, scale=sd))
        total += float(np.arange(5) @ probability)
    return total / difficulties.size


def test_every_latent_mean_gives_exactly_the_stated_population_mean(instrument):
    design = PUBLISHED_DESIGN
    solved = locations(design, instrument)
    for s, scale in enumerate(design.scales):
        for c, cell in enumerate(design.cells):
            for t, target in enumerate(scale.means[cell.key]):
                sd = float(np.hypot(design.trait.sd[t], design.trait.item_sd))
                difficulties = item_difficulties(6, design.trait.item_spread)
                assert expected_by_probabilities(solved[c, t, s], difficulties, sd) == pytest.approx(
                    target, abs=1e-10
                )


def test_without_calibration_the_published_means_would_be_missed():
    """Rounding and the ends of the scale move the mean by more than the tests below can overlook."""
    sd = float(np.hypot(PUBLISHED_DESIGN.trait.sd[3], PUBLISHED_DESIGN.trait.item_sd))
    assert abs(expected_by_probabilities(3.12, item_difficulties(6, 0.8), sd) - 3.12) > 0.1


@pytest.mark.parametrize("target", [0.0, 4.0, -1.0, 4.2])
def test_a_mean_outside_the_answers_is_refused(target):
    with pytest.raises(UsageError, match="inside the answers 0 to 4"):
        solve_location(target, item_difficulties(6, 0.8), 1.0, 0.0, 4.0)


def test_means_near_the_ends_are_reached():
    difficulties = item_difficulties(4, 1.0)
    for target in (0.001, 3.999):
        location = solve_location(target, difficulties, 0.9, 0.0, 4.0)
        assert expected_by_probabilities(location, difficulties, 0.9) == pytest.approx(target, abs=1e-10)


@pytest.fixture(scope="module")
def large(instrument):
    """20,000 children: their cells, complete answers, and answers with some left out."""
    design = PUBLISHED_DESIGN.with_children(PER_CELL)
    rng = np.random.default_rng(314)
    cell = np.repeat(np.arange(4), PER_CELL)
    answers = draw_answers(design, instrument, cell=cell, family=np.arange(cell.size), rng=rng)
    missing = MissingnessDesign(item=0.1, page=0.02)
    return cell, answers, leave_out(answers, scale_items(design, instrument), missing, rng)


def keyed_block(instrument: Instrument, answers: np.ndarray, parameter: str) -> np.ndarray:
    subscale = next(each for each in instrument.subscales if each.id == parameter)
    columns = [instrument.item_ids.index(item) for item in subscale.items]
    block = answers[:, :, columns].copy()
    for position, item in enumerate(subscale.items):
        if item in instrument.reversed_items():
            block[:, :, position] = 4 - block[:, :, position]
    return block


@pytest.mark.parametrize("which", ["complete", "some left out"])
def test_20000_children_have_the_population_means_within_monte_carlo_error(instrument, large, which):
    cell, complete, left_out = large
    answers = complete if which == "complete" else left_out
    z = []
    for scale in PUBLISHED_DESIGN.scales:
        block = keyed_block(instrument, answers, scale.parameter)
        answered = (~np.isnan(block)).sum(axis=2)
        scores = np.full(answered.shape, np.nan)
        np.divide(np.nansum(block, axis=2), answered, out=scores, where=answered >= 5)
        for c, each in enumerate(PUBLISHED_DESIGN.cells):
            mine = scores[cell == c]
            error = np.nanstd(mine, axis=0, ddof=1) / np.sqrt((~np.isnan(mine)).sum(axis=0))
            z.extend((np.nanmean(mine, axis=0) - np.array(scale.means[each.key])) / error)
    z = np.array(z)
    assert z.size == 64
    assert np.abs(z).max() < 4.0
    assert 0.5 < np.sqrt(np.mean(z**2)) < 1.5


def test_answers_are_whole_numbers_in_range_and_every_answer_occurs(large):
    _, answers, left_out = large
    assert set(np.unique(answers)) == {0.0, 1.0, 2.0, 3.0, 4.0}
    assert not np.signbit(answers).any()
    assert np.isnan(left_out).mean() == pytest.approx(1 - 0.9 * 0.98, abs=0.002)


def test_leaving_out_does_not_touch_what_it_is_given(instrument):
    answers = np.ones((50, 4, 24))
    left_out = leave_out(
        answers,
        scale_items(PUBLISHED_DESIGN, instrument),
        MissingnessDesign(item=0.0, page=0.5),
        np.random.default_rng(1),
    )
    assert np.isfinite(answers).all()
    pages = left_out.reshape(50, 4, 4, 6)
    blank = np.isnan(pages)
    assert (blank.all(axis=3) | ~blank.any(axis=3)).all()
    assert 0.4 < blank.mean() < 0.6


def test_reversed_items_are_stored_as_they_were_answered(instrument, large):
    """In an improving cell, the item 'would rather be left alone' goes down while the others go up."""
    cell, answers, _ = large
    boys = answers[cell == 0]
    change = boys[:, 3].mean(axis=0) - boys[:, 0].mean(axis=0)
    item = instrument.item_ids.index
    assert change[item("SI1")] > 0.8
    assert change[item("SI5")] < -0.8


def test_traits_have_the_stated_spread_and_correlation():
    design = PUBLISHED_DESIGN
    traits = draw_traits(design, np.arange(40_000), np.random.default_rng(5))
    assert traits.std(axis=0) == pytest.approx(
        np.array(design.trait.sd)[:, None] * np.ones((1, 4)), abs=0.015
    )
    between_visits = np.corrcoef(traits[:, :, 0].T)
    assert between_visits == pytest.approx(visit_correlation(design.trait, 4), abs=0.015)
    between_scales = np.corrcoef(traits[:, 2, :].T)
    assert between_scales == pytest.approx(np.full((4, 4), 0.5) + 0.5 * np.eye(4), abs=0.015)


def test_the_correlation_between_visits_fades_to_its_stable_part():
    lags = visit_correlation(PUBLISHED_DESIGN.trait, 12)[0]
    assert lags[:4] == pytest.approx([1.0, 0.725, 0.5875, 0.51875])
    assert lags[11] == pytest.approx(0.45, abs=0.001)


def test_siblings_share_the_stated_part_of_a_trait():
    traits = draw_traits(PUBLISHED_DESIGN, np.repeat(np.arange(20_000), 2), np.random.default_rng(6))
    pair = np.corrcoef(traits[0::2, 0, 0], traits[1::2, 0, 0])[0, 1]
    assert pair == pytest.approx(PUBLISHED_DESIGN.trait.family_share, abs=0.025)


def test_a_design_with_means_for_other_visits_is_refused():
    scale = replace(
        PUBLISHED_DESIGN.scales[0], means={cell.key: (1.0, 2.0) for cell in PUBLISHED_DESIGN.cells}
    )
    with pytest.raises(UsageError, match="SOCINT: expected 4 means"):
        replace(PUBLISHED_DESIGN, scales=(scale,))


def test_an_instrument_with_other_scores_is_refused(instrument):
    fewer = replace(PUBLISHED_DESIGN, scales=PUBLISHED_DESIGN.scales[:2])
    with pytest.raises(UsageError, match=r"the design gives means of .*SOCINT.*; the instrument"):
        locations(fewer, instrument)
