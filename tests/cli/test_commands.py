"""Each command from the outside: what it prints where, what it writes, and its exit code."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import emostats.cli
from emostats.cli.app import app
from emostats.errors import PrivacyError

ANALYSES = Path(__file__).resolve().parents[2] / "analyses"
VSAE = ANALYSES / "autism_vsae" / "data" / "autism_vsae_hlmdiag.csv"

STUDY = """
schema = 1
[study]
id = "tiny"
title = "A tiny simulated study"
simulated = true
[sources.scores]
file = "scores.csv"
[subjects]
source = "scores"
columns = { USUBJID = "child", SEX = "sex" }
levels = { SEX = ["M", "F"] }
[subgroups]
factors = ["SEX"]
[[visits]]
name = "BASELINE"
value = "v0"
baseline = true
[[visits]]
name = "WEEK12"
value = "v1"
[[measurements]]
source = "scores"
columns = { USUBJID = "child", AVISIT = "visit" }
[measurements.parameters]
SOCIAL = { column = "social", label = "Social interest", unit = "points", range = [0, 20] }
[[analyses]]
name = "primary"
type = "mmrm"
parameters = ["SOCIAL"]
formula = "AVAL ~ AVISIT * SEX + us(AVISIT | USUBJID)"
"""


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [
        (f"k{child:02d}", "MF"[child % 2], visit, 5 + child % 3 + late * (2 + child % 4))
        for child in range(24)
        for late, visit in enumerate(("v0", "v1"))
    ]
    pd.DataFrame(rows, columns=["child", "sex", "visit", "social"]).to_csv(
        tmp_path / "scores.csv", index=False
    )
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path / "study.toml"


def spoil(study: Path) -> None:
    table = study.parent / "scores.csv"
    table.write_text(table.read_text().replace("k00,M,v0,5", "k00,M,v0,55"))


def test_version() -> None:
    result = invoke("--version")
    assert (result.exit_code, result.stdout) == (0, f"emostats {emostats.__version__}\n")


def test_the_module_is_the_command_too() -> None:
    command = [sys.executable, "-m", "emostats", "--version"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed == f"emostats {emostats.__version__}\n"


def test_help_names_the_commands_and_the_exit_codes() -> None:
    text = " ".join(invoke("--help").stdout.split())
    for command in ("demo", "init", "plan", "validate", "run", "verify", "report", "mmrm", "icc"):
        assert re.search(rf"\b{command}\b", text)
    for code in ("0 all went well", "1 the data", "2 the command", "3 a model failed", "4 stopped"):
        assert code in text


@pytest.mark.parametrize(
    "command", ["demo", "init", "validate", "run", "verify", "report", "mmrm", "icc", "plan lock"]
)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = invoke(*command.split(), "--help")
    assert result.exit_code == 0
    assert f"emostats {command}" in " ".join(result.stdout.split())
    assert "Example" in result.stdout
    assert "--json" in result.stdout


def test_run_prints_the_report_and_nothing_else_on_stdout(study: Path) -> None:
    result = invoke("run")
    assert result.exit_code == 0, result.stderr
    page = Path(result.stdout.strip())
    assert page.name == "report.html"
    assert page.is_file()
    assert page.parents[1] == Path("runs")
    assert "Reading the study" in result.stderr


def test_run_as_json_and_quiet(study: Path) -> None:
    result = invoke("run", study, "--output", "elsewhere", "--json", "--quiet")
    found = json.loads(result.stdout)
    assert result.exit_code == 0
    assert result.stderr.strip() in ("", result.stderr.strip()) and "Reading" not in result.stderr
    assert Path(found["report"]).is_file()
    assert found["failures"] == []


def test_findings_end_with_one_and_are_told_in_full(study: Path) -> None:
    spoil(study)
    for command in ("run", "validate"):
        result = invoke(command, study, "--json")
        assert result.exit_code == 1
        assert not Path("runs").exists()
        (finding,) = json.loads(result.stdout)["findings"]
        assert finding["rule"]
        assert "55" in finding["message"]
    plain = invoke("run", study)
    assert plain.stdout == ""
    assert "55" in plain.stderr
    assert "scores.csv" in plain.stderr
    assert "Traceback" not in plain.stderr


def test_validate_counts_what_it_found(study: Path) -> None:
    result = invoke("validate", study)
    assert (result.exit_code, result.stdout) == (0, "24 children, 0 errors, 0 other findings.\n")


def test_hundreds_of_findings_of_one_kind_are_counted(study: Path) -> None:
    table = study.parent / "scores.csv"
    table.write_text(re.sub(r"(v1),\d+", r"\1,99", table.read_text()))
    short, long = invoke("validate", study), invoke("validate", study, "--all")
    assert "and 19 more of this kind" in short.stdout
    assert "24 errors" in short.stdout
    assert long.stdout.count("99") >= 24
    assert "more of this kind" not in long.stdout


def test_a_study_file_with_an_unknown_key_is_a_usage_error_with_a_hint(study: Path) -> None:
    study.write_text(STUDY.replace("title =", "tittle ="), encoding="utf-8")
    result = invoke("run", study)
    assert result.exit_code == 2
    assert "Did you mean 'title'" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "nowhere.toml"),
        ("verify", "nowhere"),
        ("report", "nowhere"),
        ("mmrm", "nowhere.csv", "y ~ x + us(v | id)"),
        ("icc", "nowhere.csv"),
        ("init", "nowhere.xlsx"),
        ("mmrm", "", "y ~ x + us(v | id)"),
        ("icc", "", "--columns", "a,b"),
        ("init", ""),
        ("plan", "lock", "nowhere.toml"),
        ("run", "--no-such-option"),
        ("no-such-command",),
    ],
)
def test_what_does_not_exist_is_a_usage_error_without_a_traceback(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert result.stderr.strip()
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_link_to_itself_is_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    result = invoke("report", tmp_path / "loop")
    assert result.exit_code == 2
    assert "no run folder" in result.stderr


def test_a_model_that_fails_ends_with_three_and_leaves_the_report(study: Path) -> None:
    table = study.parent / "scores.csv"
    kept = [
        row for row in table.read_text().splitlines() if not re.match(r"k\d[02468],.*v1|k\d[13579],.*v0", row)
    ]
    table.write_text("\n".join(kept) + "\n")
    result = invoke("run", study)
    assert result.exit_code == 3
    assert "not identifiable" in result.stderr
    assert Path(result.stdout.strip()).is_file()


def test_a_stop_for_privacy_ends_with_four(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise PrivacyError("an output would name a child.")

    monkeypatch.setattr("emostats.pipeline.write.scan", stop)
    result = invoke("run", study)
    assert result.exit_code == 4
    assert "an output would name a child." in result.stderr
    assert list(Path("runs").iterdir()) == []


def test_an_interrupt_is_said_and_leaves_nothing(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("emostats.pipeline.run.analyse", interrupt)
    result = invoke("run", study)
    assert result.exit_code == 130
    assert "Stopped" in result.stderr
    assert list(Path("runs").iterdir()) == []


def test_an_interrupt_while_the_program_is_loaded_leaves_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("emostats.cli.app.app", interrupt)
    with pytest.raises(SystemExit) as stopped:
        emostats.cli.main()
    assert stopped.value.code == 130


def test_plan_lock_once_and_again_only_when_asked(study: Path) -> None:
    first = invoke("plan", "lock", study, "--json")
    assert first.exit_code == 0
    assert re.fullmatch(r"[0-9a-f]{64}", json.loads(first.stdout)["hash"])
    again = invoke("plan", "lock", study)
    assert again.exit_code == 2
    assert "locked" in again.stderr
    assert invoke("plan", "lock", study, "--replace").exit_code == 0


def test_verify_holds_then_does_not(study: Path) -> None:
    run = Path(invoke("run", study).stdout.strip()).parent
    good = invoke("verify", run)
    assert good.exit_code == 0, good.stdout
    assert "The run holds" in good.stdout
    assert "byte for byte" in good.stdout
    (run / "report.html").write_text("other", encoding="utf-8")
    bad = invoke("verify", run, "--hashes-only", "--json")
    assert bad.exit_code == 1
    found = json.loads(bad.stdout)
    assert found["holds"] is False
    assert found["outputs"] == ["report.html was changed after the run"]
    spoken = invoke("verify", run, "--hashes-only")
    assert "report.html was changed after the run" in spoken.stdout
    assert "does not hold" in spoken.stdout


def test_report_is_written_again_beside_the_run(study: Path) -> None:
    run = Path(invoke("run", study).stdout.strip()).parent
    result = invoke("report", run)
    assert result.exit_code == 0
    page = Path(result.stdout.strip())
    assert page.name == f"report-{run.name}.html"
    assert page.read_bytes() == (run / "report.html").read_bytes()
    assert invoke("report", run).exit_code == 2  # it is there already
    assert invoke("verify", run, "--hashes-only").exit_code == 0


def test_mmrm_gives_the_figures_of_r(tmp_path: Path) -> None:
    """R mmrm 0.3.18 on the same file; see analyses/autism_vsae/README.md."""
    formula = "vsae ~ sicdegp*age2 + gender + us(age2 | childid)"
    data = pd.read_csv(VSAE)
    data["age2"] = "a" + data["age2"].astype(str).str.zfill(2)
    data.to_csv(tmp_path / "vsae.csv", index=False)
    result = invoke("mmrm", tmp_path / "vsae.csv", formula, "--emmeans", "sicdegp | age2", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["fit"]["aic"] == pytest.approx(4336.778, abs=5e-4)
    male = next(row for row in found["tables"]["Coefficients"] if row["term"] == "gendermale")
    assert male["estimate"] == pytest.approx(-0.6569, abs=5e-5)
    assert male["df"] == pytest.approx(156.50, abs=0.01)
    means = found["tables"]["LS means of sicdegp | age2"]
    last = {row["sicdegp"]: row["estimate"] for row in means if row["age2"] == "a11"}
    assert last == pytest.approx({"high": 95.8, "low": 42.0, "med": 49.6}, abs=0.05)


def test_mmrm_prints_tables_that_people_read() -> None:
    formula = "vsae ~ sicdegp*age2 + us(age2 | childid)"
    result = invoke(
        "mmrm", VSAE, formula, "--emmeans", "sicdegp | age2", "--contrasts", "pairwise", "--adjust", "holm"
    )
    assert result.exit_code == 0, result.stderr
    for text in (
        "Coefficients",
        "Type III tests",
        "LS means of sicdegp | age2",
        "high - low",
        "holm",
        "155 subjects",
    ):
        assert text in result.stdout


@pytest.mark.parametrize(
    ("formula", "options", "message"),
    [
        ("vsae ~ gendr + us(age2 | childid)", (), "gender"),
        ("vsae ~ gender", (), "covariance"),
        ("vsae ~ gender + us(age2 | childid)", ("--df", "satterthwait"), "satterthwaite"),
        ("vsae ~ gender + us(age2 | childid)", ("--emmeans", "gendr"), "gender"),
        ("vsae ~ gender + us(age2 | childid)", ("--conf-level", "95"), "conf_level"),
    ],
)
def test_mmrm_explains_what_is_wrong(formula: str, options: tuple[str, ...], message: str) -> None:
    result = invoke("mmrm", VSAE, formula, *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr


SHROUT_FLEISS = "target,a,b,c,d\n1,9,2,5,8\n2,6,1,3,2\n3,8,4,6,8\n4,7,1,2,6\n5,10,5,6,9\n6,6,2,4,7\n"
"""Shrout & Fleiss (1979), table 2; their table 4 has the six coefficients."""


def test_icc_of_a_wide_and_of_a_long_table(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text(SHROUT_FLEISS)
    wide = pd.read_csv(tmp_path / "wide.csv")
    wide.melt("target", var_name="judge", value_name="score").to_csv(tmp_path / "long.csv", index=False)
    first = json.loads(invoke("icc", tmp_path / "wide.csv", "--columns", "a,b,c,d", "--json").stdout)
    names = ("--targets", "target", "--raters", "judge", "--ratings", "score")
    second = json.loads(invoke("icc", tmp_path / "long.csv", *names, "--json").stdout)
    for found in (first, second):
        by_form = {row["alias"]: row["estimate"] for row in found["table"]}
        expected = {
            "ICC(1,1)": 0.17, "ICC(2,1)": 0.29, "ICC(3,1)": 0.71,
            "ICC(1,k)": 0.44, "ICC(2,k)": 0.62, "ICC(3,k)": 0.91,
        }  # fmt: skip
        assert by_form == pytest.approx(expected, abs=0.005)
    assert "ICC(A,1)" in invoke("icc", tmp_path / "wide.csv", "--columns", "a,b,c,d").stdout


@pytest.mark.parametrize("width", ["0", "20", "80", "200"])
def test_no_number_is_cut_however_narrow_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    (tmp_path / "wide.csv").write_text(SHROUT_FLEISS)
    arguments = ["icc", str(tmp_path / "wide.csv"), "--columns", "a,b,c,d"]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": width})
    rows = [line.split() for line in result.stdout.splitlines() if line.startswith("ICC(")]
    assert [row[:3] for row in rows[:2]] == [
        ["ICC(1)", "ICC(1,1)", "0.166"],
        ["ICC(A,1)", "ICC(2,1)", "0.290"],
    ]
    assert len(rows) == 6
    assert "…" not in result.stdout


def test_icc_says_which_columns_there_are(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text(SHROUT_FLEISS)
    result = invoke("icc", tmp_path / "wide.csv")
    assert result.exit_code == 2
    assert "--targets" in result.stderr
    assert "target, a, b, c, d" in result.stderr
    assert "Did you mean" in invoke("icc", tmp_path / "wide.csv", "--columns", "a,B2").stderr


def test_an_error_as_json_is_json(tmp_path: Path) -> None:
    result = invoke("verify", tmp_path / "nowhere", "--json")
    found = json.loads(result.stdout)
    assert found["exit_code"] == result.exit_code == 2
    assert "nowhere" in found["error"]


def test_demo_keeps_an_earlier_demo_and_its_changes(study: Path, tmp_path: Path) -> None:
    """A demo folder with a study in it is analysed as it is; tests/packaging runs the big simulation."""
    demo = tmp_path / "emostats-demo"
    demo.mkdir()
    for name in ("study.toml", "scores.csv"):
        shutil.copy(tmp_path / name, demo)
    before = {path: path.read_bytes() for path in demo.iterdir()}
    first, second = invoke("demo"), invoke("demo")
    assert first.exit_code == second.exit_code == 0, first.stderr
    assert first.stdout != second.stdout
    assert len([path for path in (demo / "runs").iterdir() if path.is_dir()]) == 2
    assert all(path.read_bytes() == content for path, content in before.items())
    assert "simulated" in first.stderr


def test_demo_writes_the_study_when_there_is_none(
    tmp_path: Path, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(folder: Path) -> None:
        folder.mkdir()
        for name in ("study.toml", "scores.csv"):
            shutil.copy(tmp_path / name, folder)

    monkeypatch.setattr("emostats.simulate.write_study", small)
    result = invoke("demo", "--output", "there")
    assert result.exit_code == 0
    assert Path(result.stdout.strip()).is_relative_to("there/runs")


def run_emostats(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from emostats.cli import main; main()", *arguments]
    return subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "COLUMNS": "200", **variables},
    )


def test_the_real_program_ends_with_its_code(study: Path) -> None:
    good = run_emostats("validate", cwd=study.parent)
    assert (good.returncode, good.stdout) == (0, "24 children, 0 errors, 0 other findings.\n")
    spoil(study)
    bad = run_emostats("validate", "--json", cwd=study.parent)
    assert bad.returncode == 1
    assert json.loads(bad.stdout)["errors"] == 1
    missing = run_emostats("run", "nowhere.toml", cwd=study.parent)
    assert missing.returncode == 2
    assert missing.stdout == ""
    assert "Traceback" not in missing.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    code = f"""
import sys
from emostats.cli import main
sys.argv = ["emostats", *{arguments!r}]
try:
    main()
except SystemExit:
    pass
heavy = {{"numpy", "pandas", "scipy", "matplotlib", "statsmodels", "pingouin", "torch", "openpyxl", "jinja2"}}
print("LOADED", sorted(heavy & {{name.split(".")[0] for name in sys.modules}}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "LOADED []", done.stderr


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("kind", "encoding", "written"),
    [
        (Terminal, "cp1252", b"1.28 ? 2.54 \xe9\n"),
        (io.TextIOWrapper, "cp1252", "1.28 → 2.54 é\n".encode()),
        (io.TextIOWrapper, "ascii", "1.28 → 2.54 é\n".encode()),
        (io.TextIOWrapper, "utf-8", "1.28 → 2.54 é\n".encode()),
    ],
)
def test_every_character_can_be_printed(kind: type, encoding: str, written: bytes) -> None:
    raw = io.BytesIO()
    stream = kind(raw, encoding=encoding, newline="\n")
    emostats.cli.speak_plainly(stream)
    print("1.28 → 2.54 é", file=stream, flush=True)
    assert raw.getvalue() == written


def test_a_system_that_knows_ascii_alone_gets_utf8(study: Path) -> None:
    folder = study.parent / "Größe 一"
    folder.mkdir()
    for name in ("study.toml", "scores.csv"):
        shutil.copy(study.parent / name, folder)
    spoil(folder / "study.toml")
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    shown = run_emostats("mmrm", "--help", cwd=folder, **plain)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "trt.vs.ctrl, …" in shown.stdout
    named = run_emostats("init", "scores.csv", "-o", "Übung.toml", cwd=folder, **plain)
    assert (named.returncode, named.stdout) == (0, "Übung.toml\n")
    (folder / "ü.csv").write_text(SHROUT_FLEISS)
    agreed = run_emostats("icc", "ü.csv", "--columns", "a,b,c,d", cwd=folder, **plain)
    assert (agreed.returncode, agreed.stderr) == (0, "")
    wrong = run_emostats("icc", "ä.csv", "--columns", "a,b", cwd=folder, **plain)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "ä.csv" in wrong.stderr
    bad = run_emostats("validate", f"{folder}/study.toml", "--json", cwd=folder.parent, **plain)
    assert json.loads(bad.stdout)["errors"] == 1
