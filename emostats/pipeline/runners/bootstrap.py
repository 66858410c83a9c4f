"""Repeats a mixed model on resampled children, for intervals that do not rest on its distribution."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from emostats.errors import EmostatsError, ModelError
from emostats.estimates import Estimate
from emostats.pipeline.load import LoadedStudy
from emostats.pipeline.logfile import LOGGER
from emostats.pipeline.runners.base import Advance, Run, seed_for
from emostats.pipeline.runners.mixed_model import Fitted, fit_or_reason, place_of
from emostats.pipeline.runners.questions import VISIT, fixed_variables, subgroup_question
from emostats.statistics.subgroups import Line, Place, change_lines, evaluate, with_counts
from emostats.study.spec import BootstrapAnalysis, MmrmAnalysis

if TYPE_CHECKING:
    from emostats.statistics.resampling import BootstrapResult

UNIT = "USUBJID"
SHOWN = {"bca": "BCa"}
BINS = 40
"""Bars of the histogram that is kept of the resampled changes of all children."""


@dataclass(frozen=True)
class _Resampled:
    """One parameter: its rows, facts about the draws, and rows of the table of histograms."""

    estimates: Sequence[Estimate]
    facts: dict[str, Any]
    bins: Sequence[dict[str, Any]] = ()


def run_bootstrap(
    analysis: BootstrapAnalysis, study: LoadedStudy, earlier: Mapping[str, Run], advance: Advance
) -> Run:
    """The changes of the model that `of` names with bootstrap intervals; children are drawn within strata."""
    model = study.spec.analysis(analysis.of)
    if not isinstance(model, MmrmAnalysis):
        raise ModelError(f"the bootstrap '{analysis.name}' is of '{analysis.of}', not of an mmrm analysis.")
    if VISIT not in fixed_variables(model.formula):
        raise ModelError(
            f"the formula of '{analysis.of}' has no {VISIT}, so there are no changes to resample."
        )
    fits = earlier[analysis.of].fits if analysis.of in earlier else {}
    parameters = analysis.parameters or model.parameters
    found: dict[str, _Resampled] = {}
    for position, parameter in enumerate(parameters):
        fitted = fits.get(parameter) or fit_or_reason(model, study, parameter)
        part = _part(advance, position, len(parameters))
        found[parameter] = _of_parameter(analysis, model, study, parameter, fitted, part)
    return Run(
        tuple(row for item in found.values() for row in item.estimates),
        {**_facts(analysis), "parameters": {name: item.facts for name, item in found.items()}},
        tables={"resamples": _table(row for item in found.values() for row in item.bins)},
    )


def _part(advance: Advance, position: int, total: int) -> Callable[[int, int], None]:
    """Progress within one of several parameters, as a bootstrap reports it."""
    return lambda done, of: advance((position + done / max(of, 1)) / total)


def _table(bins: Iterable[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(bins, columns=["estimate_id", "low", "high", "count"])


def _of_parameter(
    analysis: BootstrapAnalysis,
    model: MmrmAnalysis,
    study: LoadedStudy,
    parameter: str,
    fitted: Fitted,
    progress: Callable[[int, int], None],
) -> _Resampled:
    question = subgroup_question(study.spec, model, parameter)
    lines = change_lines(fitted.fit, question, _place(analysis, model, study, parameter))
    try:
        if fitted.error:
            raise ModelError(f"the model itself could not be fitted: {fitted.error}")
        found = _resampled(analysis, study, parameter, fitted, lines, progress)
    except EmostatsError as error:
        LOGGER.error("%s, %s: %s", analysis.name, parameter, error)
        rows = [replace(line.row, error=str(error)) for line in lines]
        found = _Resampled(rows, {"n_failed": None, "message": str(error)})
    return replace(found, estimates=list(with_counts(found.estimates, fitted.data, question)))


def _place(analysis: BootstrapAnalysis, model: MmrmAnalysis, study: LoadedStudy, parameter: str) -> Place:
    return replace(
        place_of(model, study, parameter, _method(analysis, analysis.method)),
        analysis=analysis.name,
        conf_level=analysis.conf_level,
        planned=study.planned(analysis.name),
    )


def _method(analysis: BootstrapAnalysis, used: str) -> str:
    return f"bootstrap {SHOWN.get(used, used)}, subject, n_resamples={analysis.n_resamples}"


def _resampled(
    analysis: BootstrapAnalysis,
    study: LoadedStudy,
    parameter: str,
    fitted: Fitted,
    lines: Sequence[Line],
    progress: Callable[[int, int], None],
) -> _Resampled:
    """Draws children with all their visits and refits the whole model to each draw."""
    usable = {line.row.estimate_id: line.L for line in lines if np.isfinite(line.L).all()}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = fitted.fit.bootstrap(
            usable,
            strata=list(analysis.strata) or None,
            n_resamples=analysis.n_resamples,
            method=analysis.method,
            conf_level=analysis.conf_level,
            seed=seed_for(study.spec.study.seed, analysis.name, parameter),
            progress=progress,
        )
    said = tuple(dict.fromkeys(str(item.message) for item in caught))
    n_failed = max(_by_name(result, "n_failed").values(), default=0)
    LOGGER.info("%s, %s: %s resamples, %s failed", analysis.name, parameter, analysis.n_resamples, n_failed)
    rows = [_row(analysis, row, result, said) for row in evaluate(fitted.fit, lines)]
    bins = [item for row in rows if not row.subgroup for item in _histogram(result, row.estimate_id)]
    return _Resampled(rows, {"n_failed": n_failed, "message": "; ".join(said)}, bins)


def _histogram(result: BootstrapResult, name: str) -> list[dict[str, Any]]:
    """`BINS` bars of equal width over the resampled values of one quantity; none where there are none."""
    values = np.asarray(_by_name(result, "distribution").get(name, ()), dtype=float)
    values = values[np.isfinite(values)]
    if values.size == 0:
        return []
    counts, edges = np.histogram(values, bins=BINS)
    return [
        {"estimate_id": name, "low": float(low), "high": float(high), "count": int(count)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]


def _row(
    analysis: BootstrapAnalysis, row: Estimate, result: BootstrapResult, said: Sequence[str]
) -> Estimate:
    """The model's row with the bootstrap's uncertainty in place of its own."""
    name = row.estimate_id
    own = [text.replace(f"'{name}'", "this number") for text in said if f"'{name}'" in text]
    if row.error:
        return row
    return replace(
        row,
        std_error=float(_by_name(result, "std_error")[name]),
        conf_low=float(_by_name(result, "conf_low")[name]),
        conf_high=float(_by_name(result, "conf_high")[name]),
        num_df=None,
        den_df=None,
        statistic=None,
        p_value=None,
        method=_method(analysis, _by_name(result, "method_used")[name]),
        warning="; ".join(filter(None, (row.warning, *own))),
    )


def _by_name(result: BootstrapResult, field: str) -> Mapping[str, Any]:
    """A field of the result by the name of the quantity, also where there is only one."""
    value = getattr(result, field)
    return value if isinstance(value, Mapping) else {result.names[0]: value}


def _facts(analysis: BootstrapAnalysis) -> dict[str, Any]:
    return {
        "type": "bootstrap",
        "of": analysis.of,
        "method": analysis.method,
        "n_resamples": analysis.n_resamples,
        "strata": list(analysis.strata),
        "unit": UNIT,
        "conf_level": analysis.conf_level,
    }
