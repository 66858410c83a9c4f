"""The shipped networks of grammatical expressions say of real films what their cards say they do."""

from __future__ import annotations

from pathlib import Path

import pytest

from emostats.inference.cards import ModelCard
from emostats.inference.sequences import EYES, motion_channels, read_pair
from emostats.inference.sequences.figures import figures
from emostats.inference.sequences.recipe import NETWORK
from emostats.inference.sequences.scores import frame_scores
from emostats.inference.weights import load, names

DATA = Path(__file__).resolve().parents[3] / "analyses" / "faces_gfe" / "data"
OTHER = {"a": "b", "b": "a"}


def _of(card: ModelCard, metric: str, words: str) -> float:
    (found,) = [f.estimate for f in card.figures if f.metric == metric and words in f.data]
    return found


@pytest.mark.parametrize("signer", ["a", "b"])
def test_a_real_film_of_the_other_signer_gives_the_figures_of_the_card(signer: str) -> None:
    net, card = load(f"grammatical-expressions-{signer}")
    film = read_pair(*(DATA / f"{OTHER[signer]}_affirmative_{k}.txt.xz" for k in ("datapoints", "targets")))
    scores = frame_scores([net], film, motion_channels(film, EYES), "affirmative")
    found = figures(film.labels, scores, film.episodes(), n_resamples=2)
    where = f"affirmative, from {signer} to {OTHER[signer]}"
    assert found.f1[0] == pytest.approx(_of(card, "f1", where), abs=0.005)
    assert found.auc[0] == pytest.approx(_of(card, "auc", where), abs=0.002)
    assert net.config == NETWORK


def test_the_cards_keep_the_signers_apart_and_beat_their_comparator() -> None:
    assert {"grammatical-expressions-a", "grammatical-expressions-b"} <= set(names())
    cards = {signer: load(f"grammatical-expressions-{signer}")[1] for signer in OTHER}
    for signer, card in cards.items():
        train, test = card.data
        assert train.use == f"training: signer {signer}"
        assert not set(train.sha256) & set(test.sha256)
        assert len(card.classes) == train.n_items == 6
        mean = {figure.metric: figure.estimate for figure in card.figures if "mean" in figure.data}
        simple = {figure.metric: figure.estimate for figure in card.comparators}
        assert all(mean[metric] > simple[metric] for metric in ("f1", "auc", "accuracy"))
    means = [_of(card, "f1", "mean over expressions") for card in cards.values()]
    areas = [_of(card, "auc", "mean over expressions") for card in cards.values()]
    assert sum(means) / 2 >= 0.80
    assert sum(areas) / 2 >= 0.88
