"""Speed and memory of the MMRM engine beside its peers.

    python tests/benchmarks/mmrm_benchmark.py [--quick] [--repeat 5] [--write docs/mmrm-benchmark.md]

Every case runs in a process of its own with one thread, from a DataFrame with categorical columns to the
coefficient table with df. Medians of the repeats after one warm-up; the formula is parsed once, before, and
its time reported apart. statsmodels' MixedLM with a random intercept (the nearest that Python has; it has no
residual covariance and no df) is always timed; R's mmrm, nlme::gls and lme4::lmer when an ``Rscript`` has
them, and the figures of R mmrm 0.3.18 measured earlier on such a machine are quoted beside them. Prints
Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve()
REFERENCE = HERE.parents[1] / "reference" / "mmrm"
FEV = "FEV1 ~ RACE + SEX + ARMCD * AVISIT + us(AVISIT | USUBJID)"
BCVA = "BCVA_CHG ~ BCVA_BL + RACE + ARMCD * AVISIT + us(AVISIT | USUBJID)"
SIMULATED = "Y ~ BASE + ARM * VISIT + us(VISIT | ID)"


@dataclass(frozen=True)
class Case:
    """One line of the table: what to fit, and what R was measured at (seconds; None: not measured)."""

    title: str
    data: str
    formula: str
    df_method: str = "satterthwaite"
    vcov: str = "asymptotic"
    stored_r: str = "–"
    stored_seconds: float | None = None
    goal: str = "–"
    r: tuple[str, ...] = ()
    mixedlm: bool = False
    quick: bool = True
    repeat: int | None = None


CASES: dict[str, Case] = {
    "fev": Case(
        "fev_data (197 × 4), us",
        "fev",
        FEV,
        stored_r="0.039",
        stored_seconds=0.039,
        goal="≥ 5×, engine ≤ 4 ms",
        r=("mmrm", "gls", "lmer"),
        mixedlm=True,
    ),
    "fev-kr": Case(
        "fev_data, us, Kenward-Roger",
        "fev",
        FEV,
        "kenward-roger",
        stored_r="0.068",
        stored_seconds=0.068,
        r=("mmrm",),
    ),
    "bcva": Case(
        "bcva_data (1000 × 10), us",
        "bcva",
        BCVA,
        stored_r="1.9",
        stored_seconds=1.9,
        goal="≥ 8×",
        r=("mmrm", "gls", "lmer"),
        mixedlm=True,
    ),
    "bcva-kr": Case(
        "bcva_data, us, Kenward-Roger-linear",
        "bcva",
        BCVA,
        "kenward-roger-linear",
        stored_r="27.8",
        stored_seconds=27.8,
        goal="≥ 50×",
        r=("mmrm",),
    ),
    "10k": Case(
        "10,000 × 5 simulated, us",
        "10000",
        SIMULATED,
        stored_r="3.7–4.4",
        stored_seconds=3.7,
        r=("mmrm", "lmer"),
        mixedlm=True,
        quick=False,
    ),
    "100k": Case(
        "100,000 × 5 simulated, us",
        "100000",
        SIMULATED,
        stored_r="42–51 (3.3 GB)",
        stored_seconds=42.0,
        goal="≥ 200×",
        quick=False,
    ),
    "1m": Case(
        "1,000,000 × 5 simulated, us",
        "1000000",
        SIMULATED,
        goal="< 4 s, < 3 GB",
        quick=False,
        repeat=3,
    ),
    "empirical-2k": Case(
        "2,000 × 5 simulated, us, empirical",
        "2000",
        SIMULATED,
        vcov="empirical",
        stored_r="13.4 (5.8 GB)",
        stored_seconds=13.4,
        r=("mmrm",),
    ),
    "empirical-20k": Case(
        "20,000 × 5 simulated, us, empirical",
        "20000",
        SIMULATED,
        vcov="empirical",
        goal="linear",
        quick=False,
    ),
    "empirical-200k": Case(
        "200,000 × 5 simulated, us, empirical",
        "200000",
        SIMULATED,
        vcov="empirical",
        goal="linear",
        quick=False,
        repeat=3,
    ),
}


# ------------------------------------------------------------------------------------------
# Data
# ------------------------------------------------------------------------------------------


def load(name: str) -> pd.DataFrame:
    """fev, bcva, or a number of simulated subjects."""
    if name in ("fev", "bcva"):
        return _reference(f"{name}_data")
    return simulated(int(name))


def _reference(name: str) -> pd.DataFrame:
    frame = pd.read_csv(REFERENCE / f"{name}.csv")
    schema = json.loads((REFERENCE / "data_schema.json").read_text(encoding="utf-8"))[name]["columns"]
    for column, entry in schema.items():
        if column == "USUBJID" or entry.get("levels"):
            frame[column] = pd.Categorical(frame[column], categories=entry.get("levels"))
    return frame


def simulated(n_subjects: int, n_visits: int = 5) -> pd.DataFrame:
    """Simulated trial: two arms, an unstructured covariance, dropout and gaps (about a fifth missing)."""
    rng = np.random.default_rng(20250101)
    visits = [f"V{t + 1}" for t in range(n_visits)]
    lag = np.abs(np.subtract.outer(np.arange(n_visits), np.arange(n_visits)))
    sd = np.linspace(4.0, 7.0, n_visits)
    errors = rng.standard_normal((n_subjects, n_visits)) @ np.linalg.cholesky(0.7**lag * np.outer(sd, sd)).T
    arm = np.arange(n_subjects) % 2
    base = rng.normal(50, 8, n_subjects)
    mean = 0.3 * base[:, None] + np.arange(n_visits) + 0.8 * arm[:, None] * np.arange(n_visits)
    y = mean + errors
    last = np.where(rng.uniform(size=n_subjects) < 0.2, rng.integers(1, n_visits, n_subjects), n_visits)
    gone = (np.arange(n_visits) >= last[:, None]) | (rng.uniform(size=y.shape) < 0.08)
    gone[:, 0] = False
    y[gone] = np.nan
    return pd.DataFrame(
        {
            "ID": np.repeat(np.arange(n_subjects, dtype=np.int64), n_visits),
            "VISIT": pd.Categorical.from_codes(np.tile(np.arange(n_visits), n_subjects), visits),
            "ARM": pd.Categorical.from_codes(np.repeat(arm, n_visits), ["PBO", "TRT"]),
            "BASE": np.repeat(base, n_visits),
            "Y": y.reshape(-1),
        }
    )


# ------------------------------------------------------------------------------------------
# One case, in its own process
# ------------------------------------------------------------------------------------------


def timed(function: Callable[[], Any], repeat: int, warm_up: bool = True) -> list[float]:
    """Seconds of each of `repeat` calls, after one that does not count."""
    if warm_up:
        function()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return seconds


def peak_memory() -> float:
    """Largest resident memory of this process so far, in GB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9


def run_ours(case: Case, repeat: int) -> dict[str, Any]:
    """Median seconds from the DataFrame to the coefficient table, parsing apart, and the peak of memory."""
    import emostats as em
    from emostats.statistics.mmrm.covariance import STRUCTURES
    from emostats.statistics.mmrm.design.formula import parse_once

    data = load(case.data)
    before = peak_memory()

    def fit() -> Any:
        fitted = em.mmrm(case.formula, data, df_method=case.df_method, vcov=case.vcov)
        return fitted, fitted.coefficients()

    start = time.perf_counter()
    fitted, table = fit()
    first = time.perf_counter() - start
    parse = timed(lambda: parse_once.__wrapped__(case.formula, tuple(STRUCTURES)), 5)
    long = first > 1.0
    repeat = min(repeat, 3) if long else max(repeat, 15)
    busy = time.process_time()
    seconds = timed(fit, repeat, warm_up=False)
    busy = (time.process_time() - busy) / repeat
    return {
        "seconds": median(seconds), "processor": busy, "first": first, "parse": median(parse),
        "memory": peak_memory(), "data": before,
        "deviance": fitted.deviance, "iterations": fitted.convergence.iterations,
        "estimate": float(table["estimate"].iloc[-1]), "std_error": float(table["std_error"].iloc[-1]),
    }  # fmt: skip


def run_strings(n_subjects: int) -> dict[str, Any]:
    """The same trial with text in place of categoricals: what turning text into levels costs."""
    import emostats as em

    data = simulated(n_subjects)
    text = data.assign(
        VISIT=data["VISIT"].astype(str), ARM=data["ARM"].astype(str), ID="S" + data["ID"].astype(str)
    )
    fits = {
        name: median(timed(lambda d=frame: em.mmrm(SIMULATED, d).coefficients(), 3))
        for name, frame in (("categorical", data), ("text", text))
    }
    return {**fits, "memory": peak_memory()}


def run_mixedlm(case: Case, repeat: int) -> dict[str, Any]:
    """statsmodels' MixedLM with a random intercept by subject, on the same rows and effects."""
    import warnings

    import statsmodels.formula.api as smf

    effects = case.formula.split(" + us(")[0]
    group = case.formula.rsplit("|", 1)[1].strip(" )")
    data = load(case.data)
    data = data.dropna(subset=[effects.split("~")[0].strip()])
    warnings.simplefilter("ignore")

    def fit() -> Any:
        return smf.mixedlm(effects, data, groups=data[group].astype(str)).fit(reml=True).summary()

    start = time.perf_counter()
    fit()
    first = time.perf_counter() - start
    return {"seconds": median(timed(fit, 1 if first > 5 else repeat, warm_up=False)), "memory": peak_memory()}


R_SCRIPT = """
arguments <- commandArgs(TRUE)
data <- read.csv(arguments[1], stringsAsFactors = TRUE)
id <- arguments[5]; visit <- arguments[6]; response <- arguments[7]
data[[id]] <- factor(data[[id]])
data <- data[!is.na(data[[response]]), ]
data <- data[order(data[[id]], data[[visit]]), ]
data$visit_number <- as.integer(data[[visit]])
effects <- arguments[2]; package <- arguments[3]; repeats <- as.integer(arguments[4])
fit <- switch(package,
  mmrm = { options <- strsplit(arguments[8], ";")[[1]]
    function() summary(mmrm::mmrm(as.formula(paste0(effects, " + us(", visit, " | ", id, ")")), data = data,
                                  method = options[1], vcov = if (options[2] == "") NULL else options[2])) },
  gls = function() summary(nlme::gls(as.formula(effects), data = data, method = "REML",
      correlation = nlme::corSymm(form = as.formula(paste("~ visit_number |", id))),
      weights = nlme::varIdent(form = as.formula(paste("~ 1 |", visit))))),
  lmer = function() summary(lme4::lmer(as.formula(paste0(effects, " + (0 + ", visit, " | ", id, ")")),
      data = data,
      control = lme4::lmerControl(check.nobs.vs.nRE = "ignore", calc.derivs = FALSE)))
)
seconds <- function() system.time(suppressWarnings(suppressMessages(fit())))[["elapsed"]]
first <- seconds()
cat(if (first > 5) first else median(sapply(seq_len(repeats), function(i) seconds())), "\\n")
"""
R_PACKAGES = {"mmrm": "mmrm", "gls": "nlme", "lmer": "lme4"}
R_METHODS = {
    "satterthwaite": "Satterthwaite",
    "kenward-roger": "Kenward-Roger",
    "kenward-roger-linear": "Kenward-Roger",
}


def r_has(package: str) -> bool:
    """Whether there is an Rscript with the package."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return False
    found = subprocess.run([rscript, "-e", f"quit(status = !requireNamespace('{package}', quietly = TRUE))"],
                           capture_output=True, check=False)  # fmt: skip
    return found.returncode == 0


def run_r(case: Case, engine: str, repeat: int) -> float:
    """Median seconds of an R engine on the same rows, timed inside R after a warm-up (one call if slow)."""
    response, effects = (part.strip() for part in case.formula.split(" + us(")[0].split("~"))
    visit, subject = (part.strip(" )") for part in case.formula.split("us(")[1].split("|"))
    vcov = {"empirical": "Empirical"}.get(case.vcov, "")
    if case.df_method == "kenward-roger-linear":
        vcov = "Kenward-Roger-Linear"
    with tempfile.TemporaryDirectory() as folder:
        script, data = Path(folder) / "time.R", Path(folder) / "data.csv"
        script.write_text(R_SCRIPT, encoding="utf-8")
        load(case.data).to_csv(data, index=False)
        options = f"{R_METHODS[case.df_method]};{vcov} "
        command = [
            "Rscript",
            script,
            data,
            f"{response} ~ {effects}",
            engine,
            repeat,
            subject,
            visit,
            response,
            options,
        ]
        done = subprocess.run(
            [*map(str, command)], capture_output=True, text=True, check=True, env=one_thread()
        )
    return float(done.stdout.strip().splitlines()[-1])


# ------------------------------------------------------------------------------------------
# What grows with the number of subjects
# ------------------------------------------------------------------------------------------


def run_scaling(n_subjects: int) -> dict[str, float]:
    """Seconds of a whole fit, and of every step after the pass over the data, for one number of subjects."""
    import emostats as em
    from emostats.statistics.mmrm.optimise import maximise

    data = simulated(n_subjects)
    repeat = 5 if n_subjects <= 100_000 else 2
    fitted = em.mmrm(SIMULATED, data, df_method="kenward-roger")
    inference = fitted.inference

    def fresh() -> Any:
        """The same fit with nothing remembered but its inference."""
        copy = replace(fitted)
        copy.__dict__["inference"] = inference
        return copy

    steps: dict[str, tuple[Callable[[], Any], int]] = {
        "whole fit": (lambda: em.mmrm(SIMULATED, data, df_method="kenward-roger").coefficients(), repeat),
        "optimise": (lambda: maximise(fitted.problem), 15),
        "Kenward-Roger": (lambda: replace(fitted).inference, 15),
        "coefficients": (lambda: fresh().coefficients(), 15),
        "LS means, contrasts": (lambda: fresh().emmeans("ARM | VISIT").contrasts("pairwise").table(), 15),
        "type III tests": (lambda: fresh().anova(type=3), 15),
    }
    return {name: median(timed(step, times)) for name, (step, times) in steps.items()}


# ------------------------------------------------------------------------------------------
# The tables
# ------------------------------------------------------------------------------------------


def one_thread() -> dict[str, str]:
    """The environment with every numerical library held to one thread."""
    limits = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(limits, "1")}


def in_own_process(*arguments: str) -> dict[str, Any]:
    """Run this script for one measurement and read its JSON."""
    done = subprocess.run(
        [sys.executable, str(HERE), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=one_thread(),
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def show(seconds: float | None) -> str:
    """Seconds in the unit a reader would take."""
    if seconds is None:
        return "–"
    return f"{seconds * 1000:.2g} ms" if seconds < 0.1 else f"{seconds:.2f} s"


def speed_table(names: list[str], repeat: int) -> str:
    """One line a case."""
    engines = [engine for engine, package in R_PACKAGES.items() if r_has(package)]
    head = ["case", "emostats", "processor time", "parsing", "first call", "peak memory", "MixedLM"]
    head += [f"R {engine} here" for engine in engines] + [
        "R mmrm 0.3.18 (stored, s)",
        "× faster than R mmrm",
        "goal",
    ]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in names:
        case = CASES[name]
        ours = in_own_process("--case", name, "--repeat", str(case.repeat or repeat))
        peer = in_own_process("--mixedlm", name, "--repeat", str(repeat))["seconds"] if case.mixedlm else None
        r = {engine: run_r(case, engine, repeat) if engine in case.r else None for engine in engines}
        base = r.get("mmrm") or case.stored_seconds
        cells = [case.title, *(show(ours[key]) for key in ("seconds", "processor", "parse", "first"))]
        cells += [
            f"{ours['memory']:.2f} GB (data {ours['data']:.2f})",
            show(peer),
            *(show(r[e]) for e in engines),
        ]
        cells += [case.stored_r, f"{base / ours['seconds']:.0f}" if base else "–", case.goal]
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], file=sys.stderr)
    return "\n".join(lines)


def scaling_table(sizes: list[int]) -> str:
    """Seconds of each stage by number of subjects."""
    rows = {size: in_own_process("--scaling", str(size)) for size in sizes}
    stages = list(next(iter(rows.values())))
    lines = ["| subjects (× 5 visits) | " + " | ".join(stages) + " |", "|" + "---|" * (len(stages) + 1)]
    lines += [
        f"| {size:,} | " + " | ".join(show(row[stage]) for stage in stages) + " |"
        for size, row in rows.items()
    ]
    return "\n".join(lines)


def strings_line(n_subjects: int) -> str:
    """What text columns cost."""
    result = in_own_process("--strings", str(n_subjects))
    return (
        f"Text in place of categorical columns ({n_subjects:,} × 5, subject, visit and arm as text): "
        f"{show(result['text'])} against {show(result['categorical'])}."
    )


def machine() -> str:
    """What the figures were measured on."""
    import emostats as em

    return (
        f"{platform.machine()}, {os.cpu_count()} CPUs (one thread used), Python "
        f"{platform.python_version()}, NumPy {np.__version__}, pandas {pd.__version__}, "
        f"emostats {em.__version__}; "
        f"load average {os.getloadavg()[0]:.1f} (processor time is what the fit itself needed)"
    )


def report(quick: bool, repeat: int) -> str:
    """Everything as Markdown."""
    names = [name for name, case in CASES.items() if case.quick or not quick]
    sizes = [300, 3_000, 30_000] if quick else [1_000, 10_000, 100_000, 1_000_000]
    return "\n\n".join(
        [
            f"Measured on: {machine()}.",
            speed_table(names, repeat),
            strings_line(2_000 if quick else 100_000),
            "Stages by number of subjects (unstructured, Kenward-Roger):",
            scaling_table(sizes),
        ]
    )


def main() -> None:
    """Measure one thing (as a child process) or print the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small cases only")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--write", type=Path, help="put the tables into this page, after its marker line")
    for child in ("--case", "--mixedlm", "--scaling", "--strings"):
        parser.add_argument(child, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(run_ours(CASES[options.case], options.repeat)))
    elif options.mixedlm:
        print(json.dumps(run_mixedlm(CASES[options.mixedlm], options.repeat)))
    elif options.scaling:
        print(json.dumps(run_scaling(int(options.scaling))))
    elif options.strings:
        print(json.dumps(run_strings(int(options.strings))))
    else:
        text = report(options.quick, options.repeat)
        print(text)
        if options.write:
            put_into(options.write, text)


MARKER = "<!-- benchmark -->"


def put_into(page: Path, text: str) -> None:
    """Replace what follows the marker line of a page."""
    kept = (
        page.read_text(encoding="utf-8").split(MARKER)[0].rstrip()
        if page.exists()
        else "# How fast is the MMRM?"
    )
    page.write_text(f"{kept}\n\n{MARKER}\n\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
