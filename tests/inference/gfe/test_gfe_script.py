"""The evaluation across signers, end to end on made films."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from emostats.inference.sequences import Folder, Recording, read_folder, recipe
from emostats.inference.sequences.figures import figures
from emostats.inference.sequences.scores import frame_scores

SCRIPT = Path(__file__).resolve().parents[3] / "analyses" / "faces_gfe" / "analysis.py"


@pytest.fixture(scope="module")
def scripts(import_scripts: Any) -> Iterator[dict[str, ModuleType]]:
    with import_scripts(SCRIPT.parent, "analysis", "train") as modules:
        yield modules


@pytest.fixture(scope="module")
def script(scripts: dict[str, ModuleType]) -> ModuleType:
    return scripts["analysis"]


@pytest.fixture(autouse=True)
def quick_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipe, "TRAINING", replace(recipe.TRAINING, epochs=1))
    monkeypatch.setattr(recipe, "WINDOWS_AN_EPOCH", 4)


def test_one_json_object_with_every_direction(
    script: ModuleType, films_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main([str(films_folder), "--alone", "--seeds", "1", "--jobs", "1"]) == 0
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    found = [(d["expression"], d["train"], d["test"]) for d in report["directions"]]
    assert found == [
        ("brow_raise", "p", "q"), ("brow_raise", "q", "p"), ("mouth_up", "p", "q"), ("mouth_up", "q", "p"),
    ]  # fmt: skip
    for name in ("f1", "auc", "accuracy"):
        values = [d[name]["estimate"] for d in report["directions"]]
        assert report["mean"][script.MODEL][name]["estimate"] == pytest.approx(np.mean(values), abs=1e-4)
    compared = {script.LANDMARKS, script.MEASURES, script.SCRATCH, script.FROZEN, script.TUNED}
    assert set(report["f1_of_the_network_minus"]) == compared
    assert set(report["mean"]) == compared | {script.MODEL}
    assert report["mean"][script.LANDMARKS]["f1"]["estimate"] > 0.9  # made films are easy
    assert any("q_brow_topic has targets but no datapoints" in note for note in report["left_out"])
    assert any("p_brow_topic: not every signer" in note for note in report["left_out"])
    assert report["protocol"]["learned_from"]["p_brow_raise"] == ["p_brow_topic", "p_mouth_up"]
    assert "signer p" in printed.err


def test_labels_of_the_tested_signer_change_nothing(script: ModuleType, films_folder: Path) -> None:
    """All labels of q turned round: what networks that learned from p say of q's films stays the same."""
    held = read_folder(films_folder)

    def lied(film: Recording) -> Recording:
        return replace(film, labels=1 - film.labels) if film.subject == "q" else film

    false = replace(held, recordings=tuple(map(lied, held.recordings)))
    scores: list[dict[int, Any]] = []
    for folder in (held, false):
        directions = [d for d in script.plan(folder, ()) if d.test.subject == "q"]
        assert len(directions) == 2
        seen = recipe.Channelled()
        joint = script.joint(directions, seen, [0], script.Work())
        linear = script.linear(directions, seen, script.landmarks)
        scores.append({0: joint[0], 1: joint[1], 2: linear[0]})
    for k in scores[0]:
        np.testing.assert_array_equal(scores[0][k], scores[1][k])


def test_no_film_of_the_tested_signer_or_of_the_tested_expression_is_among_the_others(
    script: ModuleType, films_folder: Path, film: Callable[..., Recording]
) -> None:
    more = [film("p", "brow_raise"), film("p", "extra"), film("q", "extra"), film("r", "extra")]
    for direction in script.plan(read_folder(films_folder), more):
        assert {f.subject for f in direction.others} == {direction.train.subject}
        assert direction.test.subject != direction.train.subject
        assert direction.expression not in {f.expression for f in direction.others}
        assert "extra" in {f.expression for f in direction.others}


def test_films_from_elsewhere_are_used_of_the_same_person_only(
    script: ModuleType, film: Callable[..., Recording]
) -> None:
    """Names are short: a folder's p and q may be other people than those who bear the names elsewhere."""

    def renamed(one: Recording, subject: str) -> Recording:
        return replace(one, subject=subject)

    def used(*recordings: Recording) -> tuple[set[str], int]:
        films, notes = script.same_people(Folder(recordings, ()), elsewhere)
        return {one.subject for one in films} & {one.subject for one in recordings}, len(notes)

    p, q = (film(name, "brow_raise", seed=seed) for name, seed in (("p", 1), ("q", 2)))
    more = [film("p", "extra", seed=3), film("q", "extra", seed=4)]
    elsewhere = [p, q, *more]
    assert used(p, q) == ({"p", "q"}, 0)
    assert used(film("p", "other", seed=8), film("q", "other", seed=9)) == (
        {"p", "q"}, 0
    )  # fmt: skip
    assert used(renamed(p, "q"), renamed(q, "p")) == (set(), 2)  # the names changed places
    assert used(film("p", "brow_raise", seed=7), q) == ({"q"}, 1)  # another p
    assert used(film("p", "other", seed=8), renamed(more[0], "x")) == (
        set(),
        1,
    )  # p elsewhere is called x here
    assert used(renamed(q, "x"), renamed(p, "y")) == (set(), 0)  # nobody of these names is elsewhere


def test_other_names_and_missing_expressions_need_no_change(
    script: ModuleType, tmp_path: Path, film: Any, write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, (subject, expression) in enumerate(
        [
            ("ana", "brow_raise"),
            ("bo", "brow_raise"),
            ("cy", "brow_raise"),
            ("ana", "mouth_up"),
            ("bo", "mouth_up"),
        ]
    ):
        write(tmp_path, film(subject, expression, n_episodes=3, seed=number), ".txt")
    assert script.main([str(tmp_path), "--quick", "--jobs", "1"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert len(report["directions"]) == 6  # three signers, the one expression that all have
    assert {d["expression"] for d in report["directions"]} == {"brow_raise"}
    assert [note.partition(":")[0] for note in report["left_out"]] == ["ana_mouth_up", "bo_mouth_up"]
    assert report["protocol"]["learned_from"]["ana_brow_raise"] == ["ana_mouth_up"]


def test_the_tested_film_is_not_scaled_by_what_it_shows(script: ModuleType, films_folder: Path) -> None:
    """Centre and spread of the input come from the training signer alone."""
    held = read_folder(films_folder)
    (direction,) = [d for d in script.plan(held, ()) if (d.test.subject, d.expression) == ("q", "mouth_up")]
    seen = recipe.Channelled()
    net = script.joint_net([direction.train, *direction.others], seen, 0, script.Work())
    before = {name: value.clone() for name, value in net.state_dict().items()}
    first = script.scored([net], direction, seen)
    assert all((value == before[name]).all() for name, value in net.state_dict().items())
    own = np.concatenate([seen(film) for film in (direction.train, *direction.others)])
    spread = np.maximum(own.std(axis=0), recipe.NETWORK.floor)
    np.testing.assert_allclose(net.spread.numpy(), spread, rtol=0.02)
    assert not net.centre.numpy().any() and np.isfinite(first).all()


def test_one_signer_is_not_enough(
    script: ModuleType, tmp_path: Path, film: Any, write: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, film("p", "brow_raise", n_episodes=2))
    assert script.main([str(tmp_path), "--alone"]) == 2
    assert "found only p_brow_raise." in capsys.readouterr().err
    assert script.main([str(tmp_path / "nowhere")]) == 2


def test_a_film_with_one_label_only_is_not_tested(
    script: ModuleType, tmp_path: Path, film: Any, write: Any
) -> None:
    for subject in "pq":
        write(tmp_path, film(subject, "brow_raise", n_episodes=1))
        still = film(subject, "brow_topic", n_episodes=1)
        write(tmp_path, replace(still, labels=0 * still.labels) if subject == "q" else still)
    held = read_folder(tmp_path)
    assert {d.expression for d in script.plan(held, ())} == {"brow_raise"}
    assert [note.partition(":")[0] for note in script.single(held)] == ["p_brow_topic", "q_brow_topic"]


def test_weights_are_made_with_a_card_that_reads_back(
    scripts: dict[str, ModuleType], films_folder: Path, tmp_path: Path
) -> None:
    from emostats.inference.weights.files import read

    train = scripts["train"]
    held = read_folder(films_folder)
    card = train.shipped("p", held, tmp_path, train.Work())
    net, again = read(tmp_path / "grammatical-expressions-p")
    assert again == card
    assert card.classes == tuple(net.sizes) == ("brow_raise", "brow_topic", "mouth_up")
    assert [data.use for data in card.data] == ["training: signer p", "test: the other signer"]
    tests = {figure.data for figure in card.figures}
    assert any(text.endswith("brow_raise, from p to q") for text in tests)
    seen = recipe.Channelled()
    film = held.of("q", "mouth_up")
    scores = frame_scores([net], film, seen(film), "mouth_up")
    own = figures(film.labels, scores, film.episodes())
    listed = {(f.metric, f.data.split(", ")[1]): f.estimate for f in card.figures}
    assert listed["f1", "mouth_up"] == pytest.approx(own.f1[0])
    assert listed["auc", "mouth_up"] == pytest.approx(own.auc[0])
