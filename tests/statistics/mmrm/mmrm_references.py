"""Reading the figures of R mmrm and SAS, fitting each case once, and comparing tidily.

Used by the tests and by the script that writes the validation table. The files and what their numbers
mean are described in ``tests/reference/mmrm/README.md``.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from emostats.errors import EmostatsWarning

FOLDER = Path(__file__).parents[2] / "reference" / "mmrm"

METHODS = {
    ("Satterthwaite", "Asymptotic"): ("satterthwaite", "asymptotic"),
    ("Satterthwaite", "Empirical"): ("satterthwaite", "empirical"),
    ("Kenward-Roger", "Kenward-Roger"): ("kenward-roger-r", "asymptotic"),
    ("Kenward-Roger", "Kenward-Roger-Linear"): ("kenward-roger-linear", "asymptotic"),
    ("Residual", "Asymptotic"): ("residual", "asymptotic"),
    ("Residual", "Empirical"): ("residual", "empirical"),
}
"""R's (method, vcov) → our (df_method, vcov)."""


@cache
def _json(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@cache
def _data(name: str) -> pd.DataFrame:
    frame = pd.read_csv(FOLDER / f"{name}.csv", dtype=str)
    for column, schema in _json("data_schema.json")[name]["columns"].items():
        if schema["type"] in (
            "double",
            "integer",
        ):  # Python's own conversion: exact in every version of pandas
            values = [float(text) if isinstance(text, str) else np.nan for text in frame[column]]
            frame[column] = np.array(values) if schema["type"] == "double" else np.array(values, dtype=int)
        elif schema.get("levels"):
            frame[column] = pd.Categorical(frame[column], categories=schema["levels"])
    return frame


def fev_data() -> pd.DataFrame:
    """800 rows, 200 subjects, 4 visits; factors as categoricals in R's order of levels."""
    return _data("fev_data").copy()


def bcva_data() -> pd.DataFrame:
    """8605 rows, 1000 subjects, up to 10 visits."""
    return _data("bcva_data").copy()


@cache
def r_cases() -> dict[str, dict[str, Any]]:
    """The R fits by id."""
    cases: dict[str, dict[str, Any]] = {}
    for structure in ("us", "ar1", "cs", "csh", "toep"):
        cases.update(_json(f"fev_{structure}.json"))
    return cases


@cache
def sas_cases() -> dict[str, dict[str, Any]]:
    """The PROC MIXED figures by id."""
    return {**_json("sas_figures.json"), **_json("sas_figures_more.json")}


@cache
def package_figures() -> dict[str, Any]:
    """Figures that R mmrm's own tests state, see the README."""
    return _json("r_package_figures.json")


def contrasts() -> dict[str, Any]:
    """Contrast matrices of the R cases, columns in the order of ``coef_names``."""
    return _json("contrasts_fev.json")


def r_blocks() -> Iterator[tuple[str, dict[str, Any]]]:
    """(case id, inference block) over every R case."""
    for case_id, case in r_cases().items():
        for block in case["inference"]:
            yield case_id, block


def full_formula(case: dict[str, Any]) -> str:
    """Formula with its covariance term. PROC MIXED's ``FEV1 ~ 1`` keeps its intercept."""
    model = case.get("formula") or case["model"]
    return f"{model} + {case['covariance']}"


@cache
def fit(case_id: str, df_method: str = "satterthwaite", vcov: str = "asymptotic") -> Any:
    """The engine's fit of a case, made once for every (df_method, vcov)."""
    import emostats as em

    case = r_cases().get(case_id) or sas_cases()[case_id]
    data = fev_data()
    if str(case.get("data", "")).startswith("rows 1..50"):
        data = data.head(50)
    with warnings.catch_warnings():
        if "+ ARMCD:AVISIT" in full_formula(case):  # eight cells and an intercept: one is aliased
            warnings.filterwarnings("ignore", "Not estimable.*ARMCDTRT:AVISITVIS4", EmostatsWarning)
        return em.mmrm(
            full_formula(case),
            data,
            reml=case["reml"],
            weights=case.get("weights"),
            df_method=df_method,
            vcov=vcov,
        )


# ------------------------------------------------------------------------------------------
# Comparing
# ------------------------------------------------------------------------------------------


TIGHT = 1e-8
"""Estimates in standard errors, standard errors relative. A hundredth of what the README asks: R's figures
carry 15 digits at a vanishing gradient, and the engine reaches about 1e-12."""


@dataclass(frozen=True)
class Deviation:
    """The worst of one quantity: in units of its scale, and in multiples of its tolerance."""

    quantity: str
    place: str
    got: float
    expected: float
    deviation: float
    tolerance: float

    @property
    def ok(self) -> bool:
        return bool(self.deviation <= self.tolerance)

    def __str__(self) -> str:
        return (
            f"{self.quantity}[{self.place}]: got {self.got:.12g}, expected {self.expected:.12g}, "
            f"deviation {self.deviation:.3g} of tolerance {self.tolerance:.3g}"
        )


def worst(
    quantity: str,
    got: Any,
    expected: Any,
    *,
    tolerance: Any,
    scale: Any = None,
    places: Any = None,
) -> Deviation:
    """Largest |got - expected| / scale of two arrays of one shape; scale None means |expected| (relative).

    `tolerance` may be an array: the entry nearest to, or furthest over, its own tolerance is reported.
    """
    got, expected = np.asarray(got, float), np.asarray(expected, float)
    if got.shape != expected.shape:
        raise AssertionError(f"{quantity}: shape {got.shape}, expected {expected.shape}")
    if got.size == 0:
        raise AssertionError(f"{quantity}: nothing to compare")
    scale = np.abs(expected) if scale is None else np.broadcast_to(np.asarray(scale, float), got.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.where(got == expected, 0.0, np.abs(got - expected) / scale)
    deviation = np.where(np.isnan(deviation), np.inf, deviation)
    tolerance = np.broadcast_to(np.asarray(tolerance, float), got.shape)
    index = np.unravel_index(np.argmax(deviation / tolerance), got.shape)
    place = str(tuple(int(i) for i in index)) if places is None else str(np.asarray(places, object)[index])
    return Deviation(
        quantity,
        place,
        float(got[index]),
        float(expected[index]),
        float(deviation[index]),
        float(tolerance[index]),
    )


def check(*deviations: Deviation) -> None:
    """Fail with every quantity that is out of tolerance, the worst first."""
    bad = sorted((d for d in deviations if not d.ok), key=lambda d: -d.deviation / d.tolerance)
    if bad:
        raise AssertionError("out of tolerance:\n  " + "\n  ".join(map(str, bad)))


def p_tolerance(p: Any) -> np.ndarray:
    """1e-6 relative, 1e-5 below 1e-10."""
    return np.where(np.asarray(p, float) < 1e-10, 1e-5, 1e-6)


def table_deviations(
    quantity: str, table: pd.DataFrame, reference: dict[str, Any], *, places: Any, se_tolerance: float = TIGHT
) -> list[Deviation]:
    """estimate, std_error, df, statistic, p_value and limits of a t-type table against R's block."""
    names = {"lower": "conf_low", "upper": "conf_high", "t": "statistic", "p": "p_value", "se": "std_error"}
    expected = {
        names.get(key, key): np.asarray(value, float) for key, value in reference.items() if key in _T_KEYS
    }
    se = expected["std_error"]
    rules: dict[str, tuple[Any, Any]] = {  # column → (tolerance, scale); None: relative
        "estimate": (TIGHT, se),
        "std_error": (se_tolerance, None),
        "df": (10 * TIGHT, None),
        "statistic": (TIGHT + se_tolerance, np.maximum(1.0, np.abs(expected["statistic"]))),
        "p_value": (p_tolerance(expected["p_value"]), np.maximum(expected["p_value"], 1e-290)),
        "conf_low": (TIGHT + 4 * se_tolerance, se),
        "conf_high": (TIGHT + 4 * se_tolerance, se),
    }
    return [
        worst(
            f"{quantity}.{column}", table[column], expected[column], tolerance=tol, scale=scale, places=places
        )
        for column, (tol, scale) in rules.items()
        if column in expected
    ]


_T_KEYS = ("estimate", "se", "df", "t", "p", "lower", "upper")


def f_deviations(
    quantity: str,
    table: pd.DataFrame,
    reference: dict[str, Any],
    *,
    places: Any,
    f_tolerance: float = 10 * TIGHT,
) -> list[Deviation]:
    """num_df, den_df, statistic and p_value of an F-type table against R's block."""
    p = np.atleast_1d(np.asarray(reference["p"], float))
    columns: dict[str, tuple[str, Any]] = {
        "num_df": ("num_df", 1e-12),
        "den_df": ("den_df", 10 * TIGHT),
        "statistic": ("F", f_tolerance),
        "p_value": ("p", np.maximum(p_tolerance(p), 20 * f_tolerance)),
    }
    return [
        worst(
            f"{quantity}.{column}",
            np.atleast_1d(table[column]),
            np.atleast_1d(np.asarray(reference[key], float)),
            tolerance=tol,
            places=places,
        )
        for column, (key, tol) in columns.items()
    ]


def lower_triangle(rows: list[list[float]]) -> np.ndarray:
    """A symmetric matrix from its lower triangle row by row."""
    full = np.zeros((len(rows), len(rows)))
    for i, row in enumerate(rows):
        full[i, : len(row)] = row
        full[: len(row), i] = row
    return full


def covariance_deviation(quantity: str, got: Any, expected: Any, *, tolerance: float) -> Deviation:
    """Covariance matrices, entry (i, j) in units of the two standard deviations."""
    expected = np.asarray(expected, float)
    sd = np.sqrt(np.diag(expected))
    return worst(quantity, got, expected, tolerance=tolerance, scale=np.outer(sd, sd))


def treatment_coding(data: pd.DataFrame, *terms: str) -> np.ndarray:
    """Intercept and treatment-coded columns for terms like ``"ARMCD"`` or ``"ARMCD:AVISIT"``, by hand."""

    def dummies(name: str) -> np.ndarray:
        levels = data[name].cat.categories[1:]
        return np.column_stack([(data[name] == level).to_numpy(float) for level in levels])

    columns = [np.ones((len(data), 1))]
    for term in terms:
        block = np.ones((len(data), 1))
        for name in term.split(":"):
            factor = (
                dummies(name)
                if isinstance(data[name].dtype, pd.CategoricalDtype)
                else data[[name]].to_numpy()
            )
            # the first factor varies fastest, as R orders the columns of an interaction
            block = np.column_stack(
                [block[:, i] * factor[:, j] for j in range(factor.shape[1]) for i in range(block.shape[1])]
            )
        columns.append(block)
    return np.hstack(columns)
