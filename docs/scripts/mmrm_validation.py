"""Write the validation tables of the MMRM engine into docs/mmrm-validation.md.

    python docs/scripts/mmrm_validation.py [--check]

For each covariance structure and method: the largest difference to R mmrm, to SAS PROC MIXED, and to a slow
dense implementation of the papers. Figures and comparison are those of the tests. ``--check`` writes nothing
and fails when a difference exceeds its tolerance.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "statistics" / "mmrm"))

import mmrm_references as ref  # noqa: E402
import test_against_slow_reference as against_slow  # noqa: E402
import test_sas_references as against_sas  # noqa: E402
from mmrm_references import Deviation, worst  # noqa: E402

from emostats.statistics.mmrm.covariance import STRUCTURES  # noqa: E402

PAGE = ROOT / "docs" / "mmrm-validation.md"
MARKER = "<!-- made by docs/scripts/mmrm_validation.py: everything below this line -->"

GROUPS = {
    "estimate": "estimates (SE)",
    "conf_low": "limits (SE)",
    "conf_high": "limits (SE)",
    "std_error": "standard errors",
    "df": "df",
    "den_df": "df",
    "statistic": "t and F",
    "p_value": "p",
}
Row = dict[str, float]


# ------------------------------------------------------------------------------------------
# R
# ------------------------------------------------------------------------------------------


def r_rows() -> tuple[dict[tuple[str, str], Row], list[Deviation]]:
    """(structure, method) → largest deviation by kind of quantity, and every deviation."""
    rows: dict[tuple[str, str], Row] = defaultdict(dict)
    everything: list[Deviation] = []
    for case_id, block in ref.r_blocks():
        case = ref.r_cases()[case_id]
        method = ref.METHODS[block["method"], block["vcov"]]
        structure = case["covariance"].split("(")[0] + (", weighted" if case["weights"] else "")
        row = rows[structure, method_name(*method)]
        deviations = list(r_deviations(ref.fit(case_id, *method), block))
        everything += deviations
        for deviation in deviations:
            note(row, GROUPS[deviation.quantity.rsplit(".", 1)[1]], deviation.deviation)
        fit_deviations = list(r_fit_deviations(ref.fit(case_id, *method), case))
        everything += fit_deviations
        for deviation in fit_deviations:
            note(row, deviation.quantity, deviation.deviation)
    return rows, everything


def r_fit_deviations(fitted: Any, case: dict[str, Any]) -> Iterator[Deviation]:
    varcor = np.array(case["fit"]["varcor"])
    yield worst("−2 log L", fitted.deviance, case["fit"]["deviance"], tolerance=1e-6, scale=1.0)
    yield worst("Σ", fitted.covariance.to_numpy(), varcor, tolerance=ref.TIGHT, scale=np.abs(varcor).max())


def r_deviations(fitted: Any, block: dict[str, Any]) -> Iterator[Deviation]:
    """Every number of an inference block."""
    loose = 1e-7 if block["vcov"] == "Kenward-Roger" else ref.TIGHT
    table = fitted.coefficients()
    yield from ref.table_deviations("coef", table, block["coef"], places=table["term"], se_tolerance=loose)
    for key, weights in (("emmeans", "equal"), ("emmeans_proportional", "proportional")):
        if key in block:
            means = fitted.emmeans("ARMCD | AVISIT", weights=weights)
            places = block[key]["AVISIT"]
            yield from ref.table_deviations(key, means.table(), block[key], places=places, se_tolerance=loose)
            pairs, key = means.contrasts("revpairwise").table(), key.replace("emmeans", "pairs")
            yield from ref.table_deviations(
                key, pairs, block[key], places=block[key]["AVISIT"], se_tolerance=loose
            )
    for kind, key in ((2, "anova_II"), (3, "anova_III")):
        table = fitted.anova(type=kind)
        yield from f_deviations(key, table, block[key], table["term"], loose)
    for name, reference in block["df_md"].items():
        table = fitted.test(np.array(ref.contrasts()["df_md"][name], float))
        yield from f_deviations(f"df_md[{name}]", table, reference, [name], loose)


def f_deviations(name: str, table: Any, reference: Any, places: Any, loose: float) -> Iterator[Deviation]:
    for deviation in ref.f_deviations(name, table, reference, places=places, f_tolerance=10 * loose):
        if not deviation.quantity.endswith("num_df"):
            yield deviation


def method_name(df_method: str, vcov: str) -> str:
    """How a reader names the pair."""
    return df_method if vcov == "asymptotic" else f"{df_method}, {vcov}"


def note(row: Row, key: str, value: float) -> None:
    """Keep the largest."""
    row[key] = max(row.get(key, 0.0), value)


# ------------------------------------------------------------------------------------------
# SAS
# ------------------------------------------------------------------------------------------


def sas_rows() -> dict[tuple[str, str], Row]:
    """(structure, method) → largest differences at SAS' full printed precision."""
    rows: dict[tuple[str, str], Row] = defaultdict(dict)
    for case_id in against_sas.CONVERGED:
        case, fitted = ref.sas_cases()[case_id], against_sas.sas_fit(case_id)
        structure = case["covariance"].split("(")[0] + (", by group" if "/" in case["covariance"] else "")
        structure += ", weighted" if case.get("weights") else ""
        settings = fitted.settings
        row = rows[structure, method_name(settings.df_method, settings.vcov)]
        note(row, "−2 log L", abs(case["minus2ll"] - fitted.deviance))
        if "trt_minus_pbo_full_precision" in case:
            full, ours = case["trt_minus_pbo_full_precision"], treatment_difference(fitted)
            note(row, "estimate (SE)", abs(ours["estimate"] - full["estimate"]) / full["se"])
            note(row, "standard error", abs(ours["std_error"] / full["se"] - 1))
            note(row, "df (absolute)", abs(ours["df"] - full["df"]))
        if "beta_covariance_full_precision" in case:
            expected = np.array(case["beta_covariance_full_precision"])
            note(
                row,
                "coefficients' covariance",
                float(np.max(np.abs(fitted.beta_vcov.to_numpy() / expected - 1))),
            )
        if "fixed" in case and case_id not in against_sas.UNTESTED_DF:
            note(row, "df, printed whole", listed_df(case, fitted))
    return rows


def treatment_difference(fitted: Any) -> Any:
    return fitted.emmeans("ARMCD").contrasts("revpairwise").table().iloc[0]


def listed_df(case: dict[str, Any], fitted: Any) -> float:
    names = fitted.coefficients()["term"].tolist()
    origin = against_sas.reference_cell(case["fixed"])
    L = np.array([against_sas.coefficient_row(names, row["effect"], origin) for row in case["fixed"]])
    return float(np.max(np.abs(fitted.contrast(L)["df"] - [row["df"] for row in case["fixed"]])))


# ------------------------------------------------------------------------------------------
# The papers
# ------------------------------------------------------------------------------------------


def slow_rows() -> dict[tuple[str, str], Row]:
    """(setting, method) → largest differences to the slow dense implementation on a small simulated trial."""
    rows: dict[tuple[str, str], Row] = defaultdict(dict)
    for setting in against_slow.SETTINGS:
        fitted, model = against_slow.engine(setting), against_slow.slow(setting)
        row = rows[str(setting), "satterthwaite"]
        note(row, "−2 log L", abs(fitted.deviance - model.deviance))
        note(row, "covariance", covariance_difference(fitted, model.phi))
        note(
            row, "df", df_difference(fitted, [model.satterthwaite_df(against_slow.unit(i)) for i in range(8)])
        )
        if setting.reml:
            for method in ("kenward-roger", "kenward-roger-linear"):
                fitted, linear = against_slow.engine(setting, method), method.endswith("linear")
                row = rows[str(setting), method]
                note(row, "covariance", covariance_difference(fitted, model.phi_adjusted(linear)))
                f = model.kenward_roger_f(against_slow.CONTRAST, linear)
                got = fitted.test(against_slow.CONTRAST).iloc[0]
                note(row, "df", abs(got["den_df"] / f.den_df - 1))
                note(row, "F", abs(got["statistic"] / f.statistic - 1))
        for vcov, kind in (
            ("empirical", "CR0"),
            ("empirical-bias-reduced", "CR2"),
            ("empirical-jackknife", "CR3"),
        ):
            fitted = against_slow.engine(setting, "satterthwaite", vcov)
            row = rows[str(setting), vcov]
            note(row, "covariance", covariance_difference(fitted, model.empirical(kind)))
            df = [model.bell_mccaffrey_df(against_slow.unit(i), kind) for i in range(8)]
            note(row, "df", df_difference(fitted, df))
    return rows


def covariance_difference(fitted: Any, expected: np.ndarray) -> float:
    sd = np.sqrt(np.diag(expected))
    return float(np.max(np.abs(fitted.beta_vcov.to_numpy() - expected) / np.outer(sd, sd)))


def df_difference(fitted: Any, expected: list[float]) -> float:
    return float(np.max(np.abs(fitted.coefficients()["df"].to_numpy() / expected - 1)))


# ------------------------------------------------------------------------------------------
# The page
# ------------------------------------------------------------------------------------------


def table(rows: dict[tuple[str, str], Row], columns: Iterable[str], first: str) -> str:
    """A Markdown table, one line a (structure, method)."""
    columns = list(columns)
    lines = [f"| {first} | method | " + " | ".join(columns) + " |", "|---|---|" + "---|" * len(columns)]
    for (structure, method), row in sorted(rows.items(), key=lambda item: place(*item[0])):
        cells = [f"{row[column]:.1e}" if column in row else "–" for column in columns]
        lines.append(f"| {structure} | {method} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def place(structure: str, method: str) -> tuple[Any, ...]:
    """Sort key: structures in the order of the documentation, plain before weighted and grouped."""
    token = structure.replace(",", "-").split("-")[0]
    return list(STRUCTURES).index(token), len(structure), structure, method


R_COLUMNS = ("−2 log L", "Σ", "estimates (SE)", "standard errors", "df", "t and F", "limits (SE)", "p")
SAS_COLUMNS = (
    "−2 log L",
    "estimate (SE)",
    "standard error",
    "df (absolute)",
    "coefficients' covariance",
    "df, printed whole",
)
SLOW_COLUMNS = ("−2 log L", "covariance", "df", "F")

ABOUT_R = """{fits} fits, {numbers:,} numbers of inference. Largest difference over the REML and ML fits of a
structure; estimates and limits in standard errors, −2 log L absolute, Σ relative to its largest
entry, the rest relative. R's `Kenward-Roger` is our `kenward-roger-r`."""

ABOUT_SAS = """What is left is SAS' own distance from the optimum: its −2 log L is never below ours by more
than its last printed digit. The last column is a listing that rounds df to whole numbers, so up
to 0.5 and that distance."""

ABOUT_PAPERS = """A dense implementation that goes subject by subject through the formulas as published, with
numerical derivatives, on a small simulated trial with gaps. Relative, −2 log L absolute,
covariances in units of the two standard errors. It covers what neither program's figures do:
`ad`, grouped and weighted fits with every method, CR2 and CR3. Its own second derivatives are
good to about 1e-8."""


def page(r: dict[tuple[str, str], Row]) -> str:
    """Everything below the marker."""
    numbers = sum(len(_numbers(block)) for _, block in ref.r_blocks())
    return "\n\n".join(
        [
            "## Against R mmrm 0.3.18",
            ABOUT_R.format(fits=len(ref.r_cases()), numbers=numbers),
            table(r, R_COLUMNS, "structure"),
            "## Against SAS 9.4 PROC MIXED",
            ABOUT_SAS,
            table(sas_rows(), SAS_COLUMNS, "structure"),
            "## Against the papers",
            ABOUT_PAPERS,
            table(slow_rows(), SLOW_COLUMNS, "model"),
        ]
    )


def _numbers(block: Any) -> list[float]:
    if isinstance(block, dict):
        return [x for value in block.values() for x in _numbers(value)]
    if isinstance(block, list):
        return [x for value in block for x in _numbers(value)]
    return [block] if isinstance(block, (int, float)) else []


def main() -> None:
    """Write the page, or check that every difference is within its tolerance."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    rows, everything = r_rows()
    ref.check(*everything)
    if options.check:
        print(f"{len(everything)} comparisons within tolerance")
        return
    head = PAGE.read_text(encoding="utf-8").split(MARKER)[0].rstrip()
    PAGE.write_text(f"{head}\n\n{MARKER}\n\n{page(rows)}\n", encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
