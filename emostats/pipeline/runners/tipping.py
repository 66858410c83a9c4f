"""The tipping point: how far missing values must lie from what is assumed before the conclusion changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from emostats.errors import EmostatsError, ModelError
from emostats.estimates import Estimate
from emostats.pipeline.load import LoadedStudy
from emostats.pipeline.logfile import LOGGER
from emostats.pipeline.runners.base import Advance, Run
from emostats.pipeline.runners.mixed_model import Fitted, fit_or_reason, place_of
from emostats.study.spec import MmrmAnalysis, TippingAnalysis

METHOD = "missing values imputed under MAR (conditional means), paired t of completed data, jackknife"
COLUMNS = ("analysis", "parameter", "visit", "delta", "estimate", "p_value", "alpha", "tipping", "message")


def run_tipping(
    analysis: TippingAnalysis, study: LoadedStudy, earlier: Mapping[str, Run], advance: Advance
) -> Run:
    """For each outcome the change to the last visit with imputed values, and p along the shifts."""
    model = study.spec.analysis(analysis.of)
    if not isinstance(model, MmrmAnalysis):
        raise ModelError(f"the analysis '{analysis.name}' is of '{analysis.of}', not of an mmrm analysis.")
    before = earlier.get(analysis.of, Run(()))
    rows: list[Estimate] = []
    tables: list[pd.DataFrame] = []
    parameters = analysis.parameters or model.parameters
    for done, parameter in enumerate(parameters):
        advance(done / len(parameters))
        fitted = before.fits.get(parameter) or fit_or_reason(model, study, parameter)
        blank = _blank(analysis, model, study, parameter)
        try:
            row, table = _searched(analysis, study, fitted, blank)
        except EmostatsError as error:
            LOGGER.error("%s, %s: %s", analysis.name, parameter, error)
            rows.append(replace(blank, error=str(error)))
            continue
        rows.append(row)
        tables.append(table)
    joined = {"tipping": pd.concat(tables, ignore_index=True)} if tables else {}
    return Run(tuple(rows), _facts(analysis), tables=joined)


def _blank(analysis: TippingAnalysis, model: MmrmAnalysis, study: LoadedStudy, parameter: str) -> Estimate:
    place = replace(
        place_of(model, study, parameter, METHOD),
        analysis=analysis.name,
        conf_level=1 - analysis.alpha,
        planned=study.planned(analysis.name),
    )
    baseline, last = study.spec.baseline.name, study.spec.visit_names[-1]
    return place.row("change", last, "", "", contrast=f"{last} − {baseline}")


def _searched(
    analysis: TippingAnalysis, study: LoadedStudy, fitted: Fitted, blank: Estimate
) -> tuple[Estimate, pd.DataFrame]:
    from emostats.statistics.missing import Ancova, impute
    from emostats.statistics.missing.tipping import search

    if fitted.error:
        raise ModelError(f"the model itself could not be fitted: {fitted.error}")
    imputation = impute(fitted.fit, fitted.data)
    paired = Ancova(baseline=study.spec.baseline.name)
    start = imputation.analyse(paired).table()
    of = {"kind": "change", "AVISIT": blank.visit}
    first = start[(start["kind"] == "change") & (start["AVISIT"].astype(str) == blank.visit)].iloc[0]
    against = -1.0 if float(first["estimate"]) > 0 else 1.0
    found = search(imputation, paired, delta=against, of=of, alpha=analysis.alpha)
    row = replace(
        blank,
        estimate=float(first["estimate"]),
        std_error=float(first["std_error"]),
        statistic=float(first["statistic"]),
        p_value=float(first["p_value"]),
        conf_low=float(first["conf_low"]),
        conf_high=float(first["conf_high"]),
        n=int(imputation.layout.n),
    )
    table = found.grid[["delta", "estimate", "p_value"]].assign(
        analysis=analysis.name,
        parameter=blank.parameter,
        visit=blank.visit,
        alpha=analysis.alpha,
        tipping=float("nan") if found.delta is None else against * found.delta,
        message=found.message,
    )
    return row, table.assign(delta=against * table["delta"])[list(COLUMNS)]


def _facts(analysis: TippingAnalysis) -> dict[str, Any]:
    return {"type": "tipping", "of": analysis.of, "alpha": analysis.alpha, "method": METHOD}
