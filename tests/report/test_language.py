"""Reports in other languages: catalogs agree with their sources, and numbers follow the language."""

from __future__ import annotations

import gettext
import io
import re
import string
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from emostats.errors import UsageError
from emostats.pipeline.public import public_edition
from emostats.pipeline.runners.responders import METHOD
from emostats.privacy.public.report import HIDDEN, statements
from emostats.privacy.public.results import NONRESPONSE_TABLES, SINGLE_TABLES
from emostats.privacy.suppression import RULES
from emostats.render import rounding
from emostats.report import build_report
from emostats.report.audience import AUDIENCES
from emostats.report.checklist import items
from emostats.report.language import LOCALE, _, joined, languages, sentences, speaking, woven
from emostats.report.model import Code, Heading, Paragraph
from emostats.report.recorded import STAGES, spoken
from emostats.report.wording import COHEN, KOO_LI
from emostats.statistics.subgroups import Known, credibility
from emostats.statistics.subgroups.credibility import LEVELS, PERSON
from emostats.statistics.subgroups.lines import NOT_ESTIMABLE
from emostats.statistics.subgroups.ratios import EFFECT_METHOD, PERCENT_METHODS
from emostats.study.spec import REPORTING_LABELS

SOURCE = LOCALE.parent
OTHERS = [name for name in languages() if name != "en"]


def catalog(language: str):
    with (LOCALE / language / "LC_MESSAGES" / "emostats.po").open("rb") as stream:
        return read_po(stream, locale=language)


KEYWORDS = {**DEFAULT_KEYWORDS, "woven": None, "noted": None}


def written() -> set[str]:
    """Every text that the report asks a catalog for."""
    extracted = extract_from_dir(SOURCE, keywords=KEYWORDS)
    found = {message for _file, _line, message, *_rest in extracted if isinstance(message, str)}
    bands = {name for _bound, name in (*COHEN, *KOO_LI)}
    topics = {text for item in items() for text in (item.topic, item.guideline)}
    return found | bands | topics | set(REPORTING_LABELS.values())


def fields(text: str) -> set[str]:
    return {name for _text, name, *_rest in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_the_compiled_catalog_is_the_one_people_edit(language):
    compiled = io.BytesIO()
    write_mo(compiled, catalog(language))
    compiled.seek(0)
    kept = gettext.translation("emostats", LOCALE, [language])
    assert gettext.GNUTranslations(compiled)._catalog == kept._catalog


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalog_keeps_up_with_the_texts(language):
    """No text of the report is without translation, and no translation without its text."""
    texts = {message.id for message in catalog(language) if message.id and message.string}
    asked = written()
    assert (sorted(asked - texts), sorted(texts - asked)) == ([], [])


def test_what_a_run_records_is_known_to_the_catalogs():
    """Texts that other rooms write into a run, by their own constants; a new wording fails here."""
    grid = credibility(Known(None, 3, 0.02, True, True, (1, 2)))
    said = [text for item in grid for text in (item.question, item.answer, item.basis)]
    said += [*LEVELS, PERSON, NOT_ESTIMABLE, EFFECT_METHOD, *PERCENT_METHODS.values(), METHOD, HIDDEN]
    for rule in RULES.values():
        said += [rule.words, *statements(rule, {**NONRESPONSE_TABLES, **SINGLE_TABLES})]
    said += ["only 7 children", "Boys: 1–6; only 7 children"]
    with speaking("zh"):
        stayed = [text for text in said if spoken(text) == text]
    assert stayed == []
    assert spoken(NOT_ESTIMABLE) == NOT_ESTIMABLE


def test_texts_of_users_are_left_as_they_are():
    with speaking("zh"):
        for text in ("Family moved away", "seen at home", "phone answered", "{n} {0} %s"):
            assert spoken(text) == text
        assert spoken("Week 4 answered", STAGES) == "Week 4 已应答"
        assert woven("; {n} children seen at that visit", n="{x}")[0] == "；该次访视有 {x} 名儿童"


@pytest.mark.parametrize("audience", ["", *AUDIENCES])
@pytest.mark.parametrize("public", [False, True], ids=["internal", "public"])
def test_nothing_in_a_chinese_report_is_left_in_english(handmade, english_left, audience, public):
    spec, results, manifest = handmade.spec(), handmade.results(), handmade.manifest()
    if public:
        shown, manifest = public_edition(results, spec, manifest, "cms")
    else:
        shown = results
    report = build_report(spec, shown, manifest, audience, language="zh")
    assert english_left(report, spec, results, manifest) == {}


def test_english_that_is_left_is_found(handmade, english_left):
    """The test above can fail: an English report is full of such words."""
    spec, results, manifest = handmade.spec(), handmade.results(), handmade.manifest()
    assert len(english_left(build_report(spec, results, manifest), spec, results, manifest)) > 200


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_values_of_their_sources(language):
    for message in catalog(language):
        if message.id:
            assert fields(message.string) == fields(message.id), message.id


def methods(handmade, language=""):
    report = build_report(handmade.spec(), handmade.results(), handmade.manifest(), language=language)
    section = next(item for item in report.sections if item.id == "methods")
    return report, "\n".join(
        "".join(part if isinstance(part, str) else part.text for part in block.parts)
        for block in section.blocks
        if isinstance(block, Paragraph)
    )


def test_the_methods_in_chinese_use_the_terms_of_the_field(handmade):
    report, told = methods(handmade, "zh")
    for term in ("重复测量混合效应模型（MMRM）", "限制性最大似然法", "协方差结构", "非结构化", "自由度",
                 "最小二乘均值", "置信水平", "自助法", "随机缺失", "随机数种子为 20251"):  # fmt: skip
        assert term in told
    assert (report.language, report.kicker) == ("zh", "统计报告")
    titles = [section.title for section in report.sections]
    assert {"方法", "亚组", "参与者流程", "本研究不能说明什么"} <= set(titles)
    sentences_told = re.sub(r"(Social interest|Emotional response|Mean facial valence)", "", told)
    assert not re.search(r"\b(was|were|the|and|with)\b", sentences_told.split("估计")[0])


def test_all_numbers_are_the_same_in_both_languages(handmade):
    spec, results, manifest = handmade.spec(), handmade.results(), handmade.manifest()
    english, chinese = (build_report(spec, results, manifest, language=name) for name in ("en", "zh"))
    values = [
        [cell.value for table in report.tables() for row in table.rows for cell in row.cells]
        for report in (english, chinese)
    ]
    assert values[0] == values[1]
    assert [s.id for s in english.sections] == [s.id for s in chinese.sections]
    assert [b.text for b in english.blocks() if isinstance(b, Code)] == [
        b.text for b in chinese.blocks() if isinstance(b, Code)
    ]


def test_the_language_of_the_study_file_is_the_default(handmade):
    spec = handmade.spec()
    chinese = spec.model_copy(update={"outputs": spec.outputs.model_copy(update={"language": "zh"})})
    report = build_report(chinese, handmade.results(), handmade.manifest())
    headings = [block.text for block in report.blocks() if isinstance(block, Heading)]
    assert report.language == "zh" and "软件" in headings
    assert build_report(chinese, handmade.results(), handmade.manifest(), language="en").language == "en"


def test_a_language_without_a_catalog_is_told(handmade):
    with pytest.raises(UsageError, match="no report in 'xx'"):
        build_report(handmade.spec(), handmade.results(), handmade.manifest(), language="xx")


def test_numbers_and_dates_follow_the_language_and_come_back():
    assert rounding.fixed(-1234.5, 1) == "−1,234.5"
    with rounding.written_in("de"):
        assert rounding.fixed(-1234.5, 1) == "−1.234,5"
        assert rounding.interval(0.25, 1.5, 2) == "0,25 bis 1,50"
        assert rounding.p_value(0.0001) == "<0,001"
        assert rounding.confidence_level(0.975) == "97,5\xa0%"
        assert rounding.moment("2025-11-22T00:06:00+00:00").startswith("22. November 2025")
    with speaking("zh"):
        assert rounding.moment("2025-11-22T00:06:00+00:00") == "2025年11月22日 00:06 UTC"
        assert joined(["a", "b", "c"]) == "a、b和c"
        assert sentences("一。", "", "二。") == "一。二。"
    assert joined(["a", "b", "c"]) == "a, b and c" and _("Methods") == "Methods"
    assert Path(LOCALE).is_dir()
