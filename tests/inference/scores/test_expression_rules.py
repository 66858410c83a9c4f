"""Rules from blendshapes to action units, expressions and valence."""

from __future__ import annotations

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emostats.inference.frames import BLENDSHAPES
from emostats.inference.scores.action_units import RESTING, UNITS, action_units
from emostats.inference.scores.expressions import NAMES, PROTOTYPES, label_expressions
from emostats.inference.scores.valence import valence


def frames(*rows: dict[str, float]) -> pd.DataFrame:
    table = pd.DataFrame(0.0, index=range(len(rows)), columns=list(BLENDSHAPES))
    for number, row in enumerate(rows):
        for name, value in row.items():
            table.loc[number, name] = value
    return table


def units(*rows: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame([{name: row.get(name, 0.0) for name in UNITS} for row in rows])


def test_units_use_shapes_that_exist_and_that_the_model_reports() -> None:
    used = {shape for shapes in UNITS.values() for shape in shapes}
    assert used <= set(BLENDSHAPES)
    assert not {shape for shape in used if shape.startswith(("cheekSquint", "noseSneer", "cheekPuff"))}
    named = {unit for each in PROTOTYPES for unit in (*each.all_of, *each.any_of, *each.none_of)}
    assert named <= set(UNITS)


def test_a_unit_is_the_mean_of_both_sides_above_the_resting_face() -> None:
    rows = [{"mouthSmileLeft": 0.2, "mouthSmileRight": 0.1}] * 9 + [
        {"mouthSmileLeft": 0.9, "mouthSmileRight": 0.6}
    ]
    everything = np.ones(10, bool)
    raw = action_units(frames(*rows), everything, own_neutral=False)["AU12"]
    np.testing.assert_allclose(raw, [0.15] * 9 + [0.75])
    own = action_units(frames(*rows), everything)["AU12"]
    np.testing.assert_allclose(own, [0.0] * 9 + [0.6], atol=1e-12)


def test_frames_that_are_not_usable_are_missing_and_do_not_shape_the_resting_face() -> None:
    rows = [{"jawOpen": 0.5}, {"jawOpen": 0.0}, {"jawOpen": 0.8}]
    usable = np.array([True, False, True])
    found = action_units(frames(*rows), usable)["AU26"]
    resting = np.quantile([0.5, 0.8], RESTING)
    np.testing.assert_allclose(found, [max(0.5 - resting, 0), np.nan, 0.8 - resting])
    assert action_units(frames(*rows), np.zeros(3, bool)).isna().all(axis=None)


def test_noise_in_a_shape_that_never_moves_stays_noise() -> None:
    """Division by its spread would make an expression of it."""
    rng = np.random.default_rng(0)
    table = frames(*[{}] * 200)
    for name in ("eyeWideLeft", "eyeWideRight", "mouthFrownLeft", "mouthFrownRight", "browInnerUp"):
        table[name] = 1e-4 * rng.random(200)
    found = action_units(table, np.ones(200, bool))
    assert found.to_numpy().max() < 1e-3
    assert set(label_expressions(found)) == {"neutral"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, "neutral"),
        ({"AU12": 0.24}, "neutral"),
        ({"AU12": 0.25}, "happiness"),
        ({"AU12": 0.8, "AU10": 0.7}, "happiness"),
        ({"AU10": 0.5}, "disgust"),
        ({"AU10": 0.5, "AU12": 0.15}, "neutral"),  # the beginning of a smile is no disgust
        ({"AU1": 0.5, "AU2": 0.5, "AU26": 0.6}, "surprise"),
        ({"AU1": 0.5, "AU2": 0.5}, "neutral"),
        ({"AU1": 0.5, "AU2": 0.5, "AU4": 0.5, "AU5": 0.4}, "fear"),
        ({"AU1": 0.4, "AU15": 0.3}, "sadness"),
        ({"AU4": 0.6, "AU24": 0.4}, "anger"),
        ({"AU4": 0.6}, "neutral"),
    ],
)
def test_prototypes(row: dict[str, float], expected: str) -> None:
    assert label_expressions(units(row)).tolist() == [expected]


def test_of_several_prototypes_the_strongest_wins() -> None:
    both = {"AU1": 0.3, "AU4": 0.3, "AU15": 0.9, "AU20": 0.3}
    assert label_expressions(units(both)).tolist() == ["sadness"]
    assert label_expressions(units({**both, "AU15": 0.26, "AU20": 0.9})).tolist() == ["fear"]


def test_frames_without_units_have_no_label() -> None:
    table = pd.concat([units({"AU12": 0.9}), pd.DataFrame([dict.fromkeys(UNITS, np.nan)])])
    assert label_expressions(table).tolist() == ["happiness", None]


@given(st.lists(st.floats(0, 1), min_size=len(UNITS), max_size=len(UNITS)))
def test_every_face_has_one_of_seven_labels_and_a_valence_within_one(values: list[float]) -> None:
    table = pd.DataFrame([values], columns=list(UNITS))
    assert label_expressions(table)[0] in NAMES and len(NAMES) == 7
    assert -1 <= valence(table)[0] <= 1


def test_valence_is_smile_minus_frown() -> None:
    np.testing.assert_allclose(valence(units({"AU12": 0.7, "AU4": 0.2}, {"AU4": 0.4})), [0.5, -0.4])


def test_the_rule_on_open_stills_of_adults(make, reader) -> None:  # type: ignore[no-untyped-def]
    """Each adult's neutral still is the own neutral face of the smiling one."""
    with (make.stills / "labels.csv").open() as stream:
        adults = sorted({row["subject"] for row in csv.DictReader(stream)})[::9]
    smiling, neutral = [], []
    for adult in adults:
        found = [reader.still(make.picture(f"{adult}_{name}")).blendshapes for name in ("neutral", "smiling")]
        table = pd.DataFrame([found[0]] * 5 + [found[1]] * 2, columns=list(BLENDSHAPES), dtype=float)
        labels = label_expressions(action_units(table, np.ones(7, bool)))
        neutral.append(labels[0] == "neutral")
        smiling.append(labels[-1] == "happiness")
    assert np.mean(neutral) == 1.0 and np.mean(smiling) >= 0.75
