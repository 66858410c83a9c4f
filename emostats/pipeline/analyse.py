"""Second step: every analysis of the study file. One that fails keeps its rows, and the others go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from emostats.errors import EmostatsError, PrivacyError
from emostats.estimates import Estimate
from emostats.pipeline.load import LoadedStudy
from emostats.pipeline.logfile import LOGGER
from emostats.pipeline.progress import Progress
from emostats.pipeline.runners import RUNNERS, Advance, Run
from emostats.study.spec import Analysis


def analyse(study: LoadedStudy, progress: Progress) -> dict[str, Run]:
    """Runs the analyses; the result is in the order of the study file, whatever depends on what."""
    order = {kind: position for position, kind in enumerate(RUNNERS)}
    queue = sorted(study.spec.analyses, key=lambda analysis: order[analysis.type])
    done: dict[str, Run] = {}
    for position, analysis in enumerate(queue):
        advance = _within(progress, f"Analysis '{analysis.name}' ({analysis.type})", position, len(queue))
        advance(0.0)
        done[analysis.name] = _run(analysis, study, done, advance)
    progress("Analyses", len(queue), len(queue))
    return {analysis.name: done[analysis.name] for analysis in study.spec.analyses}


def _within(progress: Progress, step: str, position: int, total: int) -> Advance:
    """Progress within one step of several."""
    return lambda share: progress(step, position + min(max(share, 0.0), 0.999), total)


def _run(analysis: Analysis, study: LoadedStudy, done: Mapping[str, Run], advance: Advance) -> Run:
    LOGGER.info("analysis '%s' (%s)", analysis.name, analysis.type)
    try:
        run = RUNNERS[analysis.type](analysis, study, done, advance)
    except PrivacyError:
        raise
    except Exception as error:  # whatever goes wrong in one analysis must not lose the others
        LOGGER.exception("analysis '%s' failed", analysis.name)
        said = str(error) if isinstance(error, EmostatsError) else f"{type(error).__name__}: {error}"
        return _lost(analysis, said)
    facts = {**run.facts, "seed": study.spec.study.seed}
    return replace(run, facts=facts)


def _lost(analysis: Analysis, reason: str) -> Run:
    """One row that says an analysis gave nothing, and why."""
    row = Estimate(f"{analysis.name}/failed", analysis.name, "fit", term="analysis", error=reason)
    return Run((row,), {"type": analysis.type, "converged": False, "message": reason})
