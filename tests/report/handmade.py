"""Results of a study, made by hand: plausible numbers, a failed subgroup, a failed model, and hostile text.

No estimator runs here. Numbers are typed in or follow from typed ones by plain arithmetic, so that a test of
the report cannot fail because of the statistics.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from emostats.estimates import AnalysisResults, Estimate, estimates_frame
from emostats.study.spec import StudySpec, read_spec

STUDY = Path(__file__).with_name("study.toml")
VISITS = ("BASELINE", "WEEK04", "WEEK08", "WEEK12")
SEEN = {"BASELINE": 182, "WEEK04": 171, "WEEK08": 158, "WEEK12": 149}

LEVELS: tuple[tuple[str, str, int], ...] = (
    ("", "", 182),
    ("SEX:AGEBAND", "Boys, 1–6", 71),
    ("SEX:AGEBAND", "Boys, 7–12", 62),
    ("SEX:AGEBAND", "Girls, 1–6", 27),
    ("SEX:AGEBAND", "Girls, 7–12", 22),
    ("SEX", "Boys", 133),
    ("SEX", "Girls", 49),
    ("AGEBAND", "1–6", 98),
    ("AGEBAND", "7–12", 84),
)
START = {
    "SOCINT": (1.4, 1.28, 1.45, 1.36, 1.52, 1.36, 1.44, 1.31, 1.48),
    "EMORESP": (1.6, 1.55, 1.6, 1.58, 1.67, 1.57, 1.62, 1.56, 1.63),
    "VALENCE": (0.05, 0.04, 0.06, 0.05, 0.07, 0.05, 0.06, 0.04, 0.06),
}
GAIN = {
    "SOCINT": (1.17, 1.26, 1.08, 1.22, 1.11, 1.18, 1.17, 1.25, 1.09),
    "EMORESP": (1.38, 1.31, 1.36, 1.42, 1.45, 1.33, 1.44, 1.35, 1.4),
    "VALENCE": (0.02, 0.03, -0.01, 0.02, 0.04, 0.01, 0.03, 0.03, 0.01),
}
NOT_ESTIMABLE = "not estimable: there are no observations in one of the cells behind this number"

HOSTILE = "<script>alert(1)</script> =cmd()|'/C calc'!A0 \u202eevil\u202c مرحبا بالعالم $x_{"
LONG = "Donaudampfschifffahrtsgesellschaft" * 300


def spec() -> StudySpec:
    """The study file beside this module."""
    return read_spec(STUDY)


def hostile_spec() -> StudySpec:
    """The same with hostile and endless texts wherever a user may write some."""
    study = spec()
    labels = {"SEX": {"M": HOSTILE, "F": LONG[:10_000]}}
    return study.model_copy(
        update={
            "study": study.study.model_copy(
                update={"title": f"{HOSTILE} {LONG[:10_000]}", "design": HOSTILE}
            ),
            "subjects": study.subjects.model_copy(update={"labels": labels}),
            "visits": tuple(v.model_copy(update={"label": f"{HOSTILE} {v.name}"}) for v in study.visits),
            "estimands": tuple(
                e.model_copy(update={"population": HOSTILE, "intercurrent_events": {HOSTILE: LONG[:10_000]}})
                for e in study.estimands
            ),
        }
    )


def _row(
    kind: str, parameter: str, visit: str, subgroup: str, level: str, value: float, se: float, **more: Any
) -> Estimate:
    unit = "" if parameter == "VALENCE" else "points"
    fields: dict[str, Any] = {
        "analysis": "primary",
        "analysis_set": "FAS",
        "unit": unit,
        "estimate": value,
        "std_error": se,
        "num_df": 1.0,
        "den_df": 168.43,
        "conf_low": value - 1.974 * se,
        "conf_high": value + 1.974 * se,
        "conf_level": 0.95,
        "statistic": value / se,
        "p_value": 2e-16 if abs(value / se) > 4 else 0.0312,
        "method": "MMRM (REML), us, kenward-roger-linear",
        **more,
    }
    where = f"{subgroup}={level}" if subgroup else "overall"
    estimate_id = f"{fields['analysis']}/{parameter}/{kind}/{visit or 'all visits'}/{where}"
    return Estimate(
        estimate_id, kind=kind, parameter=parameter, visit=visit, subgroup=subgroup, level=level, **fields
    )


def _n(size: int, visit: str) -> int:
    return round(size * SEEN[visit] / 182)


def _means_and_changes(parameter: str) -> list[Estimate]:
    rows = []
    sd = 0.12 if parameter == "VALENCE" else 0.6
    for position, (subgroup, level, size) in enumerate(LEVELS):
        start, gain = START[parameter][position], GAIN[parameter][position]
        for step, visit in enumerate(VISITS):
            n = _n(size, visit)
            se = sd / size**0.5 * (1 + 0.05 * step)
            mean = start + gain * step / 3
            place = (parameter, visit, subgroup, level)
            rows.append(_row("ls_mean", *place, mean, se, n=n))
            if not step:
                continue
            contrast = f"{visit} − BASELINE"
            change = mean - start
            rows.append(_row("change", *place, change, se * 1.2, n=n, contrast=contrast))
            if parameter != "VALENCE":
                percent = 100 * change / start
                ratio = {"unit": "%", "method": "ratio of LS means, delta method on the log scale"}
                rows.append(_row("percent_change", *place, percent, 8.0, n=n, contrast=contrast, **ratio))
            size_of = {
                "unit": "SD",
                "method": "change of LS means / model-based SD at baseline, delta method",
            }
            rows.append(_row("effect_size", *place, change / sd, 0.11, n=n, contrast=contrast, **size_of))
    return rows


def _comparisons(parameter: str) -> list[Estimate]:
    pairs = (
        ("SEX:AGEBAND", "(Boys, 1–6) − (Boys, 7–12)", 0.18, 0.07),
        ("SEX:AGEBAND", "(Boys, 1–6) − (Girls, 1–6)", 0.04, 0.09),
        ("SEX:AGEBAND", "(Boys, 1–6) − (Girls, 7–12)", 0.15, 0.1),
        ("SEX", "Boys − Girls", 0.01, 0.07),
        ("AGEBAND", "1–6 − 7–12", 0.16, 0.06),
    )
    rows = []
    scale = 0.1 if parameter == "VALENCE" else 1.0
    for subgroup, level, value, se in pairs:
        for step, visit in enumerate(VISITS[1:], 1):
            more = {"n": SEEN[visit], "contrast": f"({visit} − BASELINE): {level}", "p_value": 0.0123}
            difference = value * step / 3 * scale
            rows.append(
                _row(
                    "difference_of_changes", parameter, visit, subgroup, level, difference, se * scale, **more
                )
            )
    for subgroup in ("SEX:AGEBAND", "SEX", "AGEBAND"):
        for visit in (*VISITS[1:], ""):
            when = visit or "all visits"
            term = f"{subgroup} × change from BASELINE ({when})"
            rows.append(
                Estimate(
                    f"primary/{parameter}/test/{when}/{subgroup}=interaction",
                    "primary",
                    "test",
                    parameter,
                    visit=visit,
                    subgroup=subgroup,
                    term=term,
                    num_df=3.0,
                    den_df=166.2,
                    statistic=2.41,
                    p_value=0.0689,
                    n=182,
                )
            )
    return rows


def _model(parameter: str) -> list[Estimate]:
    rows = [
        Estimate(
            f"primary/{parameter}/fit/{term}", "primary", "fit", parameter, term=term, estimate=value, n=182
        )
        for term, value in (("log-likelihood", -412.3341), ("AIC", 844.6682), ("BIC", 876.7089))
    ]
    rows += [
        Estimate(
            f"primary/{parameter}/test/{term}",
            "primary",
            "test",
            parameter,
            term=term,
            num_df=df,
            den_df=170.1,
            statistic=f,
            p_value=p,
            n=182,
        )
        for term, df, f, p in (("AVISIT", 3.0, 181.2, 1e-40), ("SEX:AGEBAND", 1.0, 0.21, 0.647))
    ]
    for term, value in (("(Intercept)", 1.28), ("AVISIT[T.WEEK12]", 1.26), ("SEX[T.F]", 0.08)):
        row = _row("coefficient", parameter, "", "", "", value, 0.07, term=term, n=182)
        rows.append(replace(row, estimate_id=f"primary/{parameter}/coefficient/{term}"))
    for i, one in enumerate(VISITS):
        for other in VISITS[: i + 1]:
            term = f"var({one})" if one == other else f"cov({other}, {one})"
            rows.append(
                Estimate(
                    f"primary/{parameter}/variance/{term}",
                    "primary",
                    "variance",
                    parameter,
                    unit="points²",
                    term=term,
                    estimate=0.36 if one == other else 0.21,
                    n=182,
                )
            )
    return rows


def _bootstrap(rows: list[Estimate]) -> list[Estimate]:
    method = "bootstrap BCa, subject, n_resamples=1000"
    return [
        replace(
            row,
            estimate_id=row.estimate_id.replace("primary", "bootstrap", 1),
            analysis="bootstrap",
            method=method,
            conf_low=(row.conf_low or 0.0) - 0.004,
            conf_high=(row.conf_high or 0.0) + 0.006,
            num_df=None,
            den_df=None,
            statistic=None,
            p_value=None,
        )
        for row in rows
        if row.kind == "change" and row.parameter in ("SOCINT", "EMORESP") and not row.error
    ]


def _agreement() -> list[Estimate]:
    numbers = {"RHYTHM": (0.861, 0.83, 0.887, 0.943), "EMOTION": (0.774, 0.71, 0.82, 0.938)}
    rows = []
    for domain, (icc, low, high, share) in numbers.items():
        for subgroup, level, size in LEVELS[:5]:
            where = f"{subgroup}={level}" if subgroup else "overall"
            common: dict[str, Any] = {
                "analysis": "agreement",
                "parameter": domain,
                "subgroup": subgroup,
                "level": level,
                "n": size,
                "conf_level": 0.95,
            }
            rows.append(
                Estimate(
                    f"agreement/{domain}/icc/all visits/{where}",
                    kind="icc",
                    term="ICC(A,1)",
                    estimate=icc,
                    conf_low=low - (0.1 if subgroup else 0.0),
                    conf_high=high,
                    statistic=19.4,
                    num_df=363.0,
                    den_df=726.0,
                    p_value=1e-90,
                    method="ICC(A,1), generalized limits",
                    **common,
                )
            )
            rows.append(
                Estimate(
                    f"agreement/{domain}/proportion/all visits/{where}",
                    kind="proportion",
                    term="rating of 5 or more",
                    estimate=share,
                    std_error=0.008,
                    conf_low=share - 0.016,
                    conf_high=share + 0.014,
                    method="mean over clips, cluster-robust",
                    **common,
                )
            )
    return rows


def _failed(row: Estimate, reason: str) -> Estimate:
    blank = dict.fromkeys(
        ("estimate", "std_error", "conf_low", "conf_high", "statistic", "p_value", "num_df", "den_df")
    )
    return replace(row, error=reason, **blank)  # type: ignore[arg-type]


def estimates() -> list[Estimate]:
    """All rows; girls of 7–12 cannot be estimated at week 12 for emotional response."""
    rows = [row for p in ("SOCINT", "EMORESP", "VALENCE") for row in _means_and_changes(p)]
    rows = [
        _failed(row, NOT_ESTIMABLE)
        if row.parameter == "EMORESP" and row.level == "Girls, 7–12" and row.visit == "WEEK12"
        else row
        for row in rows
    ]
    for parameter in ("SOCINT", "EMORESP", "VALENCE"):
        rows += [*_comparisons(parameter), *_model(parameter)]
    return [*rows, *_bootstrap(rows), *_agreement()]


def tables() -> dict[str, pd.DataFrame]:
    """The descriptive tables of the run."""
    levels = ["", "Boys, 1–6", "Boys, 7–12", "Girls, 1–6", "Girls, 7–12"]
    sizes = dict(zip(levels, (182, 71, 62, 27, 22), strict=True))
    stages = [
        ("Entered", 1.0, ""),
        ("Baseline answered", 1.0, ""),
        ("Week 4 answered", 0.94, ""),
        ("Week 8 answered", 0.87, ""),
        ("Week 12 answered", 0.82, ""),
        ("Lost", 0.18, ""),
        ("Lost", 0.11, "programme stopped early"),
        ("Lost", 0.07, "reason not recorded"),
        ("Analysed (FAS)", 1.0, ""),
    ]
    flow = [
        {"stage": stage, "level": level, "n": round(size * share), "reason": reason}
        for stage, share, reason in stages
        for level, size in sizes.items()
    ]
    baseline = []
    groups = {"All": 182, **{k: v for k, v in sizes.items() if k}, "Completers": 149, "Lost": 33}
    for level, n in groups.items():
        smd = 0.14 if level in ("Completers", "Lost") else None
        for name, mean, sd in (
            ("Age at baseline (years)", 6.9, 2.9),
            ("Social interest at Baseline", 1.4, 0.61),
        ):
            baseline.append(
                {
                    "variable": name,
                    "category": "",
                    "level": level,
                    "n": n,
                    "mean": mean,
                    "sd": sd,
                    "smd": smd,
                    "median": mean - 0.1,
                    "q1": mean - sd,
                    "q3": mean + sd,
                    "minimum": 0.0,
                    "maximum": 12.0,
                }
            )
        for category, share in (("Boys", 0.73), ("Girls", 0.27)):
            baseline.append(
                {
                    "variable": "Sex",
                    "category": category,
                    "level": level,
                    "n": n,
                    "count": round(n * share),
                    "percent": 100 * share,
                    "smd": smd,
                }
            )
    visits = [
        {
            "parameter": p,
            "visit": visit,
            "level": level,
            "n": _n(size, visit),
            "mean": START[p][0] + 0.4 * step,
            "sd": 0.6,
            "median": 1.4,
            "minimum": 0.0,
            "maximum": 4.0,
            "n_missing": size - _n(size, visit),
        }
        for p in START
        for step, visit in enumerate(VISITS)
        for level, size in sizes.items()
    ]
    patterns = {"1111": 133, "1110": 16, "1100": 11, "1000": 9, "1011": 7, "1101": 6}
    missingness = [{"parameter": p, "pattern": k, "n": n} for p in START for k, n in patterns.items()]
    findings = [
        {
            "rule": "value-out-of-range",
            "severity": "warning",
            "file": "data.xlsx",
            "sheet": f"Family week {week}",
            "cell": f"C{row}",
            "subject": "",
            "visit": "",
            "parameter": "",
            "message": "value out of range",
            "action": "",
        }
        for week, row in ((4, 17), (8, 22), (8, 31))
    ]
    bins = [
        {
            "estimate_id": "bootstrap/SOCINT/change/WEEK12/overall",
            "low": 1.0 + 0.02 * i,
            "high": 1.02 + 0.02 * i,
            "count": count,
        }
        for i, count in enumerate((2, 9, 31, 88, 160, 214, 209, 151, 84, 38, 11, 3))
    ]
    return {
        "flow": pd.DataFrame(flow),
        "baseline": pd.DataFrame(baseline),
        "visits": pd.DataFrame(visits),
        "missingness": pd.DataFrame(missingness),
        "findings": pd.DataFrame(findings),
        "resamples": pd.DataFrame(bins),
    }


def facts() -> dict[str, dict[str, Any]]:
    """What was run."""
    fitted = {"n_subjects": 182, "n_observations": 660, "converged": True, "iterations": 7, "message": ""}
    return {
        "primary": {
            "type": "mmrm",
            "formula": "AVAL ~ AVISIT * SEX * AGEBAND + us(AVISIT | USUBJID)",
            "covariance": "us",
            "df_method": "kenward-roger-linear",
            "vcov": "asymptotic",
            "reml": True,
            "conf_level": 0.95,
            "ls_mean_weights": "equal",
            **fitted,
            "parameters": {p: dict(fitted) for p in ("SOCINT", "EMORESP", "VALENCE")},
        },
        "bootstrap": {
            "type": "bootstrap",
            "of": "primary",
            "method": "bca",
            "n_resamples": 1000,
            "strata": ["SEX", "AGEBAND"],
            "unit": "USUBJID",
            "conf_level": 0.95,
            "parameters": {"SOCINT": {"n_failed": 2}, "EMORESP": {}},
        },
        "agreement": {
            "type": "icc",
            "form": "ICC(A,1)",
            "conf_level": 0.95,
            "matching_threshold": 5.0,
            "n_ratings": 3276,
            "n_raters": 6,
            "n_targets": 546,
            "n_subjects": 182,
            "parameters": {},
        },
    }


def results() -> AnalysisResults:
    """The whole run."""
    return AnalysisResults(estimates_frame(estimates()), tables(), facts())


def hostile_results() -> AnalysisResults:
    """The run with hostile text in every text that comes from a study office."""
    rows = [
        replace(
            row,
            level=row.level.replace("Boys", HOSTILE).replace("Girls", LONG[:10_000]),
            warning=HOSTILE,
            error=f"{HOSTILE} {row.error}" if row.error else "",
            estimate_id=row.estimate_id + HOSTILE,
        )
        for row in estimates()
    ]
    dirty = {
        name: table.assign(
            **{c: table[c].map(_dirty) for c in table.columns if c in ("level", "reason", "message")}
        )
        for name, table in tables().items()
    }
    return AnalysisResults(estimates_frame(rows), dirty, facts())


def _dirty(text: str) -> str:
    return text.replace("Boys", HOSTILE).replace("programme", HOSTILE) if isinstance(text, str) else text


def manifest() -> dict[str, Any]:
    """The manifest of the run."""
    return {
        "run_id": "20251121T235812Z-1a2b3c4d",
        "created": "2025-11-21T23:58:12+00:00",
        "emostats": "0.1.0",
        "python": "3.11.7",
        "packages": {"numpy": "2.4.6", "pandas": "3.1.1", "scipy": "1.17.0", "statsmodels": "0.14.6"},
        "seed": 20251,
        "study_file": "study.toml",
        "inputs": [{"path": "data/handmade.xlsx", "sha256": "a1" * 32, "bytes": 148213}],
        "outputs": [],
        "plan": {
            "hash": "b2" * 32,
            "locked": "2025-11-20T09:00:00+00:00",
            "locked_hash": "c3" * 32,
            "changed": [{"key": "analyses.bootstrap.n_resamples", "locked": 9999, "now": 1000}],
        },
        "status": "complete",
    }
