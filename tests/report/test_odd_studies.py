"""Studies with hardly anything in them, and results at the edges: every edition stays a report with sense."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest

from emostats.estimates import AnalysisResults, estimates_frame
from emostats.render import html
from emostats.report import build_report
from emostats.report.cells import telling_places
from emostats.report.family import grade
from emostats.report.model import NotDone, Paragraph
from emostats.study.spec import read_spec


def results(handmade, change=lambda row: row, keep=lambda row: True, tables=None, facts=None):
    rows = [change(row) for row in handmade.estimates() if keep(row)]
    found = handmade.results()
    return AnalysisResults(
        estimates_frame(rows),
        found.tables if tables is None else tables,
        found.facts if facts is None else facts,
    )


def without_end(row):
    return replace(row, conf_low=-math.inf, conf_high=math.inf)


def without_variance(row):
    same = {"conf_low": row.estimate, "conf_high": row.estimate, "std_error": 0.0}
    return replace(row, **same, statistic=None if row.statistic is None else math.inf)


def turned(row):
    """The same change in the other direction."""
    if row.kind not in ("change", "effect_size", "percent_change") or row.estimate is None:
        return row
    return replace(row, estimate=-row.estimate, conf_low=-row.conf_high, conf_high=-row.conf_low)


ODD = {
    "nothing": lambda h: results(h, keep=lambda row: False, tables={}, facts={}),
    "all failed": lambda h: results(h, lambda row: h._failed(row, h.NOT_ESTIMABLE)),
    "no end": lambda h: results(h, without_end),
    "no variance": lambda h: results(h, without_variance),
    "one child": lambda h: results(h, lambda row: replace(row, n=1)),
    "one visit": lambda h: results(h, keep=lambda row: row.visit in ("BASELINE", "")),
    "only girls": lambda h: results(h, keep=lambda row: not row.subgroup or row.level == "Girls"),
    "empty tables": lambda h: results(h, tables={k: t.iloc[:0] for k, t in h.tables().items()}),
}


def words(page: str) -> str:
    return re.sub(r"<[^>]+>", " ", re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.DOTALL))


@pytest.mark.parametrize("name", ODD)
def test_an_odd_study_makes_a_report_without_holes(handmade, name):
    spec, found = handmade.spec(), ODD[name](handmade)
    report = build_report(spec, found, handmade.manifest())
    assert all(section.blocks for section in report.sections)
    assert not re.search(r"\b(nan|NaN|None|inf)\b", words(html(report)))
    for block in report.blocks():
        if isinstance(block, NotDone):
            assert block.reason.strip(), block.what


def said(report) -> str:
    paragraphs = [block for block in report.blocks() if isinstance(block, Paragraph)]
    return " ".join("".join(p if isinstance(p, str) else p.text for p in b.parts) for b in paragraphs)


@pytest.mark.parametrize("name", ODD)
def test_families_can_read_it_whatever_was_found(handmade, name):
    told = said(build_report(handmade.spec(), ODD[name](handmade), handmade.manifest(), "family"))
    assert grade(told) <= 8 and "∞" not in told
    if name == "no end":
        assert "We cannot say how big the true change may be." in told
    if name in ("nothing", "all failed", "one visit"):
        assert "We could not work this out from the data." in told


@pytest.mark.parametrize(("direction", "change", "verdict"), [
    ("higher is better", lambda row: row, "better"), ("higher is better", turned, "worse"),
    ("lower is better", lambda row: row, "worse"), ("lower is better", turned, "better"),
])  # fmt: skip
def test_better_and_worse_follow_the_scale(handmade, tmp_path, direction, change, verdict):
    text = handmade.STUDY.read_text(encoding="utf-8").replace("higher is better", direction)
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    spec = read_spec(tmp_path / "study.toml")
    told = said(build_report(spec, results(handmade, change), handmade.manifest(), "family"))
    assert f"For this score, that is {verdict}." in told
    assert ("went down (−" in told) == (change is turned)
    other = {"better": "worse", "worse": "better"}[verdict]
    assert f"that is {other}." not in told


@pytest.mark.parametrize(
    ("low", "high", "places"),
    [(0.004, 0.2, 3), (-0.004, 0.2, 3), (-0.0004, 0.2, 4), (0.01, 0.2, 2), (0.0, 0.2, 2)],
)
def test_a_limit_beside_zero_does_not_read_as_zero(handmade, low, high, places):
    row = replace(handmade.estimates()[1], estimate=0.1, conf_low=low, conf_high=high)
    assert telling_places(row, 2) == places
