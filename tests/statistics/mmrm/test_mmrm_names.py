"""Names and order of the columns, as R's model.matrix has them."""

from __future__ import annotations

import pytest
from small_data import small_trial

import emostats as em


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        ("ARM * VISIT - ARM", ["VISITV2", "VISITV3", "VISITV4", *(f"ARMB:VISITV{v}" for v in range(1, 5))]),
        ("VISIT + poly(DAY, 2)", ["VISITV2", "VISITV3", "VISITV4", "poly(DAY, 2)1", "poly(DAY, 2)2"]),
        ("VISIT:ARM - 1", [f"VISITV{v}:ARM{arm}" for arm in "AB" for v in range(1, 5)]),
    ],
)
def test_columns_are_named_and_ordered_as_in_r(terms: str, names: list[str]) -> None:
    fit = em.mmrm(f"Y ~ {terms} + ind(VISIT | ID)", small_trial())
    assert [name for name in fit.coefficient_names if name != "(Intercept)"] == names


@pytest.mark.parametrize(
    ("coding", "names"),
    [
        ("contr.sum", ["1", "2", "3"]),
        ("contr.helmert", ["1", "2", "3"]),
        ("contr.poly", [".L", ".Q", ".C"]),
        ("contr.treatment('V2')", ["V1", "V3", "V4"]),
    ],
)
def test_chosen_contrasts_are_named_as_in_r(coding: str, names: list[str]) -> None:
    fit = em.mmrm(f"Y ~ C(VISIT, {coding}) + ind(VISIT | ID)", small_trial())
    assert list(fit.coefficient_names[1:]) == [f"C(VISIT, {coding}){name}" for name in names]
