"""Questionnaire answers from latent traits, calibrated so that the expected score is the population mean.

The answer model, for child i, visit t, item j of a subscale with answers L … U:

    y = clip(round(m[cell, t] − d[j] + b[i, t] + e[i, t, j]), L, U),   b ~ N(0, s_t²),   e ~ N(0, s_e²)

Rounding and the ends of the scale bend the mean, so m is not the expected score. With S² = s_t² + s_e²,

    E[y] = L + Σ_{k = L+1 … U} Φ((m − d[j] − k + ½) / S),

and m is the root at which the mean of this over the items equals the target. Reversed items are stored as
they would be answered: L + U − y.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from emostats.errors import UsageError
from emostats.simulate.design import StudyDesign, TraitDesign
from emostats.study.instruments import Instrument

Array = NDArray[np.float64]


def expected_score(location: float, difficulties: Array, sd: float, low: float, high: float) -> float:
    """Expected mean answer of items with `difficulties` for the latent mean `location` and spread `sd`."""
    steps = np.arange(low + 1.0, high + 1.0) - 0.5
    above = ndtr((location - difficulties[:, None] - steps[None, :]) / sd)
    return float(low + above.sum(axis=1).mean())


def solve_location(target: float, difficulties: Array, sd: float, low: float, high: float) -> float:
    """The latent mean whose expected score is `target`, to 1e-12 (the expected score increases strictly).

    Raises
    ------
    UsageError: no latent mean gives this score, because it is not inside the answer range.
    """
    if not low < target < high:
        raise UsageError(
            f"a population mean must lie inside the answers {low:g} to {high:g}; found {target:g}"
        )
    reach = 12.0 * sd + float(np.abs(difficulties).max())

    def gap(location: float) -> float:
        return expected_score(location, difficulties, sd, low, high) - target

    return float(brentq(gap, low - reach, high + reach, xtol=1e-13, rtol=1e-13))


def item_difficulties(n_items: int, spread: float) -> Array:
    """Evenly spaced difficulties with mean zero, `spread` apart from first to last."""
    return np.linspace(-spread / 2, spread / 2, n_items) if n_items > 1 else np.zeros(1)


def visit_correlation(trait: TraitDesign, n_visits: int) -> Array:
    """Correlation of a trait between visits, ``stable + (1 − stable) · decay^lag``: shape visits × visits."""
    lag = np.abs(np.subtract.outer(np.arange(n_visits), np.arange(n_visits)))
    return trait.stable + (1.0 - trait.stable) * trait.decay**lag


def locations(design: StudyDesign, instrument: Instrument) -> Array:
    """Latent means, shape cells × visits × scales, solved from the population means of the design."""
    low, high = _answer_range(design, instrument)
    result = np.empty((len(design.cells), len(design.visits), len(design.scales)))
    for s, scale in enumerate(design.scales):
        difficulties = item_difficulties(len(_items(instrument, scale.parameter)), design.trait.item_spread)
        for c, cell in enumerate(design.cells):
            for t, target in enumerate(scale.means[cell.key]):
                spread = float(np.hypot(design.trait.sd[t], design.trait.item_sd))
                result[c, t, s] = solve_location(target, difficulties, spread, low, high)
    return result


def draw_traits(design: StudyDesign, family: NDArray[np.intp], rng: np.random.Generator) -> Array:
    """Latent traits, shape children × visits × scales; children with one `family` number share a part."""
    trait, shape = design.trait, (len(design.visits), len(design.scales))
    between = np.full((shape[1], shape[1]), trait.between_scales)
    np.fill_diagonal(between, 1.0)
    over_visits = np.linalg.cholesky(visit_correlation(trait, shape[0])) * np.asarray(trait.sd)[:, None]
    over_scales = np.linalg.cholesky(between)
    shared = rng.standard_normal((int(family.max()) + 1, *shape))[family]
    own = rng.standard_normal((family.size, *shape))
    white = np.sqrt(trait.family_share) * shared + np.sqrt(1.0 - trait.family_share) * own
    return np.asarray(np.einsum("tu,nus,rs->ntr", over_visits, white, over_scales))


def draw_answers(
    design: StudyDesign,
    instrument: Instrument,
    *,
    cell: NDArray[np.intp],
    family: NDArray[np.intp],
    rng: np.random.Generator,
) -> Array:
    """Complete answers as a family would tick them: children × visits × items (the instrument's order).

    Parameters
    ----------
    cell: index into `design.cells` of each child. family: family number of each child, from 0.
    """
    low, high = _answer_range(design, instrument)
    scale_latent = locations(design, instrument)[cell] + draw_traits(design, family, rng)
    latent = np.empty((*scale_latent.shape[:2], len(instrument.items)))
    for s, scale in enumerate(design.scales):
        columns = _items(instrument, scale.parameter)
        difficulties = item_difficulties(len(columns), design.trait.item_spread)
        latent[:, :, columns] = scale_latent[:, :, s, None] - difficulties
    latent += design.trait.item_sd * rng.standard_normal(latent.shape)
    answers = np.clip(np.rint(latent), low, high) + 0.0  # no negative zero
    turned = np.array([item.reverse for item in instrument.items])
    answers[:, :, turned] = low + high - answers[:, :, turned]
    return np.asarray(answers)


def scale_items(design: StudyDesign, instrument: Instrument) -> tuple[NDArray[np.intp], ...]:
    """Column positions of the items of each scale of the design: the pages of the form."""
    return tuple(_items(instrument, scale.parameter) for scale in design.scales)


def _items(instrument: Instrument, parameter: str) -> NDArray[np.intp]:
    position = {item: index for index, item in enumerate(instrument.item_ids)}
    subscale = next(each for each in instrument.subscales if each.id == parameter)
    return np.array([position[item] for item in subscale.items], dtype=np.intp)


def _answer_range(design: StudyDesign, instrument: Instrument) -> tuple[float, float]:
    """The one answer range, after checking that this model can stand for the instrument.

    Raises
    ------
    UsageError: the subscales are not those of the design, items have ranges of their own or belong to several
        subscales, or a score is not a plain mean.
    """
    wanted = sorted(scale.parameter for scale in design.scales)
    found = sorted(subscale.id for subscale in instrument.subscales)
    if wanted != found:
        raise UsageError(
            f"the design gives means of {wanted}; the instrument {instrument.id!r} scores {found}"
        )
    used = sorted(item for subscale in instrument.subscales for item in subscale.items)
    rules = {instrument.rule(subscale).aggregate for subscale in instrument.subscales}
    own_range = [item.id for item in instrument.items if item.range is not None]
    if used != sorted(instrument.item_ids) or rules != {"mean"} or own_range:
        raise UsageError(
            "the generator needs an instrument with one answer range, scores that are means, and every item "
            f"in one subscale; {instrument.id!r} is not of that kind"
        )
    return instrument.answers.range
