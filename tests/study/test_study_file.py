"""The study file: what is written is what is meant, and every problem is named with its key and its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.errors import FindingsError, UsageError
from emostats.resources import resource
from emostats.study import StudyFileError, read_spec
from emostats.study.keys import key_path, line_of
from emostats.study.spec import BootstrapAnalysis, IccAnalysis, MmrmAnalysis
from emostats.study.spec.check_analyses import formula_variables
from emostats.study.spec.paths import OutsideError, inside

FULL = (resource("analyses") / "emomusik_182" / "study.toml").read_text(encoding="utf-8")


def read(folder: Path, text: str):
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return read_spec(folder / "study.toml")


def problems(folder: Path, text: str):
    """Every finding of a study file, by rule."""
    with pytest.raises(StudyFileError) as caught:
        read(folder, text)
    return caught.value.findings


def only(findings, rule):
    assert [finding.rule for finding in findings] == [rule], [str(finding) for finding in findings]
    return findings[0]


def changed(old: str, new: str) -> str:
    assert old in FULL, old
    return FULL.replace(old, new, 1)


def test_the_published_design(tmp_path):
    spec = read(tmp_path, FULL)
    assert spec.visit_names == ("BASELINE", "WEEK04", "WEEK08", "WEEK12")
    assert spec.baseline.name == "BASELINE" and spec.visit_numbers["WEEK12"] == 12
    assert [band.label for band in spec.age_bands] == ["1–6", "7–12"]
    assert list(spec.parameters) == ["SOCINT", "EMORESP", "JOINTATT", "SENSREG", "VALENCE", "USABLE"]
    assert spec.parameters["SOCINT"].range == (0, 4) and spec.parameters["SOCINT"].label == "Social interest"
    assert spec.parameters["VALENCE"].origin == "session"
    assert spec.level_label("SEX", "M") == "Boys" and spec.level_label("AGEBAND", "1–6") == "1–6"
    assert spec.study.simulated


def test_defaults_are_those_of_the_published_design():
    model = MmrmAnalysis(name="a", parameters=("SOCINT",))
    assert model.formula == "AVAL ~ AVISIT * SEX * AGEBAND + us(AVISIT | USUBJID)"
    assert (model.df_method, model.vcov, model.reml, model.conf_level) == (
        "kenward-roger-linear", "asymptotic", True, 0.95,
    )  # fmt: skip
    boot = BootstrapAnalysis(name="b", of="a")
    assert (boot.n_resamples, boot.method) == (9999, "bca")
    assert IccAnalysis(name="c", domains=("X",)).form == "ICC(A,1)"


def test_the_real_study_reads():
    spec = read_spec(resource("analyses") / "autism_vsae")
    assert spec.analyses[0].df_method == "satterthwaite"
    assert spec.visit_numbers["AGE13"] == 4 and spec.age_bands == ()


def test_a_study_is_frozen(tmp_path):
    spec = read(tmp_path, FULL)
    with pytest.raises(Exception, match="frozen"):
        spec.study.seed = 1
    with pytest.raises(Exception, match="frozen"):
        spec.visits = ()


def test_a_folder_stands_for_its_study_file(tmp_path):
    read(tmp_path, FULL)
    assert read_spec(tmp_path).folder == tmp_path


def test_a_byte_order_mark_is_no_problem(tmp_path):
    (tmp_path / "study.toml").write_bytes(b"\xef\xbb\xbf" + FULL.encode())
    assert read_spec(tmp_path).study.id == "emomusik-182"


@pytest.mark.parametrize(
    ("old", "new", "rule", "key", "said"),
    [
        ("seed = 20251", 'seed = "x"', "invalid-value", "study.seed", "expected a whole number; found 'x'"),
        ("seed = 20251", "seed = -1", "invalid-value", "study.seed", "greater than or equal to 0"),
        (
            "reml = true",
            "reml = 1",
            "invalid-value",
            "analyses['primary'].reml",
            "expected true or false; found 1",
        ),
        ("reml = true", "remll = true", "unknown-key", "analyses['primary'].remll", "'reml'"),
        (
            "[session_scores.parameters]",
            "[session_scores.params]",
            "unknown-key",
            "session_scores.params",
            "'parameters'",
        ),
        ('"kenward-roger-linear"', '"kr"', "invalid-value", "analyses['primary'].df_method", "satterthwaite"),
        (
            "conf_level = 0.95",
            "conf_level = 95",
            "invalid-value",
            "analyses['primary'].conf_level",
            "less than 1",
        ),
        ('type = "icc"', 'type = "icd"', "invalid-value", "analyses['agreement']", "'icc'"),
        ('type = "icc"\n', "", "invalid-value", "analyses['agreement']", "type"),
        ('method = "bca"', 'method = "bcaa"', "invalid-value", "analyses['bootstrap'].method", "'bca'"),
        (
            "n_resamples = 1000",
            "n_resamples = 1",
            "invalid-value",
            "analyses['bootstrap'].n_resamples",
            "100",
        ),
        (
            'rule = "all_visits"',
            'rule = "all"',
            "invalid-value",
            "analysis_sets['COMPLETERS'].rule",
            "'all_visits'",
        ),
        (
            "age_bands = [1, 7, 13]",
            "age_bands = [1, 13, 7]",
            "age-bands",
            "subgroups.age_bands",
            "increasing",
        ),
        ("age_bands = [1, 7, 13]", "age_bands = [1]", "age-bands", "subgroups.age_bands", "at least two"),
        ("range = [1, 7]", "range = [7, 1]", "invalid-value", "ratings", "lowest < highest"),
        ("matching_threshold = 5", "matching_threshold = 9", "invalid-value", "matching_threshold", "[1, 7]"),
        ("schema = 1", "schema = 2", "invalid-value", "schema", "1"),
        ('id = "emomusik-182"', 'id = "../x"', "invalid-value", "study.id", "an id of letters"),
        ("week = 8", "week = 4", "visit-week", "visits['WEEK08'].week", "week 4 after week 4"),
        ("week = 8\n", "", "visit-week", "visits", "3 of 4"),
        ("week = 8", "week = nan", "invalid-value", "visits['WEEK08'].week", "a finite number; found nan"),
        ('label = "Week 8"', 'label = "WEEK04"', "ambiguous-visit", "visits['WEEK08']", "'week04'"),
        (
            'name = "family_questionnaire"',
            'name = "family"',
            "unknown-instrument",
            "instruments['family'].name",
            "'family_questionnaire'",
        ),
    ],
)
def test_a_wrong_value_is_named(tmp_path, old, new, rule, key, said):
    findings = problems(tmp_path, changed(old, new))
    found = next(finding for finding in findings if finding.rule == rule)
    assert key in found.cell and said in f"{found.message} {found.action}", str(found)
    assert "line" in found.cell or key == "visits"


@pytest.mark.parametrize(
    ("old", "new", "rule", "said"),
    [
        (
            'source = "workbook"\nsheet = "Events"',
            'source = "workbok"\nsheet = "Events"',
            "unknown-source",
            "'workbook'",
        ),
        ('"EMORESP", "VALENCE"]', '"EMORESP", "VALENS"]', "unknown-parameter", "'VALENCE'"),
        ('parameter = "EMORESP"', 'parameter = "EMORES"', "unknown-parameter", "'EMORESP'"),
        ('analysis_set = "FAS"', 'analysis_set = "FAST"', "unknown-analysis-set", "'FAS'"),
        ('of = "primary"', 'of = "prime"', "unknown-mmrm-analysis", "'primary'"),
        ('of = "primary"', 'of = "agreement"', "unknown-mmrm-analysis", "primary"),
        (
            'parameters = ["SOCINT", "EMORESP"]',
            'parameters = ["JOINTATT"]',
            "unknown-parameter",
            "does not fit",
        ),
        ('domains = ["RHYTHM", "EMOTION"]', 'domains = ["RYTHM"]', "unknown-domain", "'RHYTHM'"),
        ('by = ["SEX", "AGEBAND"]', 'by = ["SEXX"]', "unknown-variable", "'SEX'"),
        ('strata = ["SEX", "AGEBAND"]', 'strata = ["SITES"]', "unknown-variable", "'SITE'"),
        ('factors = ["SEX", "AGEBAND"]', 'factors = ["SEX", "SEXE"]', "unknown-variable", "'SEX'"),
        ("WEEK08 = ", "WEEK8 = ", "unknown-visit", "'WEEK08'"),
        ('girl = "F"', 'girl = "W"', "unknown-level", "'F'"),
        ('name = "COMPLETERS"', 'name = "FAS"', "repeated-name", "twice"),
        ('name = "WEEK08"', 'name = "WEEK04"', "repeated-name", "twice"),
        ("baseline = true", "baseline = false", "baseline-visit", "found none"),
        ("week = 4\n", "week = 4\nbaseline = true\n", "baseline-visit", "'BASELINE', 'WEEK04'"),
        ("VALENCE = {", "SOCINT = {", "repeated-name", "instrument 'family_questionnaire'"),
        (
            "df_method =",
            'formula = "AVAL ~ AVISIT + us(AVISIT | USUBJID) + SEXX"\ndf_method =',
            "unknown-variable",
            "'SEX'",
        ),
        ("df_method =", 'formula = "AVAL ~ AVISIT"\ndf_method =', "formula", "one covariance term"),
        ("df_method =", 'formula = "AVISIT"\ndf_method =', "formula", "OUTCOME ~ TERMS"),
        (
            "df_method =",
            'formula = "AVAL ~ AVISIT + uns(AVISIT | USUBJID)"\ndf_method =',
            "unknown-covariance-structure",
            "'us'",
        ),
        ("df_method =", 'emmeans = ["SEXX | AVISIT"]\ndf_method =', "unknown-factor-of-the-formula", "'SEX'"),
        ("df_method =", 'weights = "WT"\ndf_method =', "unknown-variable", "'WT'"),
        ("AGE = ", "AVAL = ", "reserved-name", "AVAL"),
        ("simulated.xlsx", "simulated.numbers", "unknown-format", 'format = "excel"'),
        ('USUBJID = "Child ID", SEX', "SEX", "missing-key", "USUBJID"),
        (
            'levels = { SEX = ["M", "F"] }',
            'levels = { SEX = ["M", "F", "M"] }',
            "repeated-name",
            "each level once",
        ),
        ('factors = ["SEX", "AGEBAND"]', 'factors = ["SEX", "SEX"]', "repeated-name", "each factor once"),
        ('source = "workbook"\nsheets', "sheets", "missing-key", "'source' (or 'sources')"),
        ("labels = { SEX", "labels = { SEXES", "unknown-variable", "'SEX'"),
        ('levels = { SEX = ["M", "F"] }', 'numeric = ["IQ"]', "unknown-variable", "'IQ'"),
        ("range = [-1, 1]", "range = [1, -1]", "invalid-value", "lowest < highest"),
    ],
)
def test_what_refers_to_nothing_is_named(tmp_path, old, new, rule, said):
    findings = problems(tmp_path, changed(old, new))
    matching = [finding for finding in findings if finding.rule == rule]
    assert any(said in f"{finding.message} {finding.action}" for finding in matching), [
        str(f) for f in findings
    ]


def test_all_problems_come_together(tmp_path):
    text = changed("seed = 20251", 'seed = "x"').replace("reml = true", "remll = true", 1)
    text = text.replace('analysis_set = "FAS"', 'analysis_set = "FAST"', 1).replace("baseline = true", "")
    findings = problems(tmp_path, text)
    assert sorted(finding.rule for finding in findings) == [
        "baseline-visit", "invalid-value", "unknown-analysis-set", "unknown-key",
    ]  # fmt: skip


def test_the_error_is_a_usage_error_with_findings(tmp_path):
    with pytest.raises(StudyFileError) as caught:
        read(tmp_path, changed("seed = 20251", 'seed = "x"'))
    assert isinstance(caught.value, UsageError) and isinstance(caught.value, FindingsError)
    assert caught.value.exit_code == 2
    assert "one problem" in str(caught.value) and "key study.seed" in str(caught.value)


def test_syntax_errors_give_line_and_column(tmp_path):
    found = only(problems(tmp_path, "schema = 1\n\n[study]\nid = = 2\n"), "file-unreadable")
    assert "line 4, column 6" in found.message and "id = = 2" in found.message


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(StudyFileError, match="does not exist"):
        read_spec(tmp_path / "study.toml")
    (tmp_path / "study.toml").write_bytes(b'[study]\nid = "S\xfcd"\n')
    with pytest.raises(StudyFileError, match="line 2 holds another encoding"):
        read_spec(tmp_path)
    (tmp_path / "study.toml").unlink()
    (tmp_path / "study.toml").mkdir()
    with pytest.raises(StudyFileError, match="is a folder"):
        read_spec(tmp_path)


def test_an_empty_file_names_what_is_needed(tmp_path):
    findings = problems(tmp_path, "")
    assert {finding.cell for finding in findings} == {"study", "subjects", "visits"}


@pytest.mark.parametrize(
    "place", ['sheet = "All"', 'sheets = { BASELINE = "A" }\nsources = { WEEK04 = "workbook" }']
)
def test_answers_are_found_in_one_way(tmp_path, place):
    start = FULL.index("sheets = {")
    text = FULL[:start] + place + FULL[FULL.index("\n", start) :]
    assert "visit-place" in {finding.rule for finding in problems(tmp_path, text)}


def test_an_icc_needs_ratings(tmp_path):
    text = FULL[: FULL.index("[ratings]")] + FULL[FULL.index("[session_scores]") :]
    assert "[ratings]" in only(problems(tmp_path, text), "missing-key").message


def test_questions_other_rooms_ask(tmp_path):
    spec = read(tmp_path, FULL)
    assert spec.analysis("primary").name == "primary" and spec.analysis_set("FAS").rule == "any_outcome"
    with pytest.raises(UsageError, match="'primary'"):
        spec.analysis("primery")
    assert spec.parameter_label("SOCINT") == "Social interest" and spec.parameter_label("NONE") == "NONE"
    assert spec.visit_labels["WEEK08"] == "Week 8" and spec.path == tmp_path / "study.toml"


def test_age_bands_need_ages(tmp_path):
    text = changed('AGE = "Age at baseline (years)", ', "")
    assert "no AGE" in only(problems(tmp_path, text), "missing-key").message
    text = FULL.replace("age_bands = [1, 7, 13]", "")
    assert "age_bands" in problems(tmp_path, text)[0].message


# paths


@pytest.mark.parametrize(
    "written",
    [
        "../a.xlsx",
        "data/../../a.xlsx",
        "/etc/a.xlsx",
        "C:\\a.xlsx",
        "\\\\host\\a.xlsx",
        "..\\a.xlsx",
        "~/a.xlsx",
    ],
)
def test_paths_stay_in_the_study_folder(tmp_path, written):
    text = changed("data/emomusik_182_simulated.xlsx", written.replace("\\", "\\\\"))
    assert "study folder" in only(problems(tmp_path, text), "path-outside").message


def test_links_out_of_the_study_folder_are_refused(tmp_path, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "emomusik_182_simulated.xlsx").write_bytes(b"x")
    (tmp_path / "data").symlink_to(elsewhere)
    assert "link" in only(problems(tmp_path, FULL), "path-outside").message


def test_links_within_the_study_folder_are_fine(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "real")
    assert read(tmp_path, FULL)


def test_instrument_files_stay_in_the_study_folder_too(tmp_path):
    text = changed('name = "family_questionnaire"', 'name = "../mine.toml"')
    assert "path-outside" in {finding.rule for finding in problems(tmp_path, text)}


@given(st.lists(st.sampled_from(["..", ".", "a", "b", "/", "\\", "c:", "~"]), min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_no_path_leads_out(tmp_path_factory, parts):
    folder = tmp_path_factory.getbasetemp()
    try:
        path = inside(folder, "/".join(parts))
    except OutsideError:
        return
    assert path.resolve().is_relative_to(folder.resolve())


# instruments named by the study


def test_an_instrument_of_ones_own(tmp_path):
    from emostats.study.instruments import instruments_folder

    own = (instruments_folder() / "family_questionnaire.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(own.replace('id = "SOCINT"', 'id = "MINE"'), encoding="utf-8")
    text = changed('name = "family_questionnaire"', 'name = "mine.toml"').replace('"SOCINT"', '"MINE"')
    assert "MINE" in read(tmp_path, text).parameters
    (tmp_path / "mine.toml").write_text(own.replace("range = [0, 4]", "rage = [0, 4]"), encoding="utf-8")
    findings = problems(tmp_path, text)
    assert ("mine.toml", "unknown-key") in {(finding.file, finding.rule) for finding in findings}
    (tmp_path / "mine.toml").unlink()
    assert "does not exist" in str(StudyFileError(problems(tmp_path, text)))


def test_renamed_items_must_exist(tmp_path):
    text = changed('DATE = "Date" }', 'DATE = "Date" }\nitems = { SI9 = "Question 9" }')
    assert "'SI6'" in only(problems(tmp_path, text), "unknown-item").action


# key paths


def test_key_paths_and_lines():
    document = {"a": [{"name": "x", "b": 1}, {"c": 2}]}
    assert key_path(("a", 0, "b"), document) == "a['x'].b"
    assert key_path(("a", 1, "c"), document) == "a[2].c"
    text = 'top = 1\n[[a]]\nname = "x"\nb = 1\n[[a]]\n# c = 0\nc = 2\n[a.d]\ne = 1\n'
    assert [line_of(loc, text) for loc in (("top",), ("a", 0, "b"), ("a", 1, "c"), ("a", 1, "d", "e"))] == [
        1,
        4,
        7,
        9,
    ]
    assert line_of(("a", 1, "missing"), text) == 5
    assert line_of(("none",), text) is None


def test_formula_variables():
    formula = (
        "AVAL ~ AVISIT*SEX + np.log(AGE) + bs(IQ, df = 3, x=True) + C(SITE, 'north') + us(AVISIT|USUBJID)"
    )
    assert formula_variables(formula) == ("AVAL", "AVISIT", "SEX", "AGE", "IQ", "SITE", "USUBJID")
