"""The subgroup explorer as its readers use it: by mouse, by keyboard, by link, and without JavaScript."""

from __future__ import annotations

import json
import re

import pytest

pytestmark = pytest.mark.browser

DESK, PHONE = (1280, 900), (390, 844)


def choose(page, **choices: str) -> None:
    for name, label in choices.items():
        page.locator(f".choices [name={name}]").select_option(label=label)


def shown(page, part: str = "forest") -> dict[str, str]:
    """Rows of a table of the explorer: their header and the text of the last cell."""
    rows = page.locator(f"[data-part={part}-body] tr:not(.group)")
    return {row.locator("th").inner_text(): row.locator("td").last.inner_text() for row in rows.all()}


def embedded(page) -> dict:
    return json.loads(page.locator("script[type='application/json']").text_content())


def marks(page, part: str = "forest") -> int:
    return page.locator(f"[data-part={part}] svg :is(circle, path[class*=fill])").count()


def test_it_begins_with_all_groups_of_the_finest_division(visit):
    page = visit().page
    rows = shown(page)
    assert list(rows)[-5:] == ["All children", "Boys, 1–6", "Boys, 7–12", "Girls, 1–6", "Girls, 7–12"]
    assert "(Boys, 1–6) − (Boys, 7–12)" in rows
    first = list(rows).index("All children")
    assert all(" − " in name for name in list(rows)[:first]), "differences come before what happened within"
    assert page.locator(".no-script").is_hidden()


def test_choosing_redraws_both_drawings_and_both_tables(visit):
    page = visit().page
    before = page.locator("[data-part=forest]").inner_html(), page.locator("[data-part=time]").inner_html()
    choose(page, outcome="Emotional response", visit="Week 4", SEX="Girls", AGEBAND="Each apart")
    page.get_by_label("Percent of baseline").check()
    assert list(shown(page)) == ["All children", "Girls, 1–6", "Girls, 7–12"]
    assert list(shown(page, "time")) == ["All children", "Girls, 1–6", "Girls, 7–12"]
    after = page.locator("[data-part=forest]").inner_html(), page.locator("[data-part=time]").inner_html()
    assert before[0] != after[0] and before[1] != after[1]
    caption = page.locator("[data-part=forest-caption]").inner_text()
    assert caption == "Emotional response: percent change from baseline to week 4, with 95% CI"
    assert marks(page) == 3
    assert page.locator("[data-part=status]").inner_text().startswith(caption)


def test_shown_texts_are_those_the_report_wrote(visit):
    page = visit().page
    choose(page, SEX="Boys", AGEBAND="All together", visit="Week 8")
    data = embedded(page)
    place = [group["label"] for group in data["groups"]].index("Boys")
    scale = data["outcomes"]["primary-socint"]["scales"]["points"]
    text = scale["changes"][place][[v["name"] for v in data["visits"]].index("WEEK08")][3]
    number, limits = re.fullmatch(r"(.*) \((.*)\)", text).groups()
    assert shown(page)["Boys"].split() == f"{number} {limits}".split()
    assert text in page.locator("[data-part=forest] svg text").all_text_contents()


def test_every_number_tells_its_source(visit):
    page = visit().page
    choose(page, SEX="Boys", AGEBAND="All together")
    titles = [item.get_attribute("title") for item in page.locator(".explorer td data").all()]
    assert any(title.endswith("primary/SOCINT/change/WEEK12/SEX=Boys") for title in titles)
    assert any(title.endswith("primary/SOCINT/ls_mean/BASELINE/overall") for title in titles)


def test_the_choice_stands_in_the_address_and_the_address_makes_the_choice(visit, files):
    page = visit().page
    assert page.evaluate("location.hash") == ""
    choose(page, outcome="Emotional response", SEX="Girls")
    address = page.evaluate("location.href")
    assert "#explore?outcome=primary-emoresp&SEX=Girls" in address
    rows = shown(page)
    other = visit().page
    other.goto(address)
    assert shown(other) == rows
    assert other.locator("[name=SEX]").input_value() == "Girls"
    assert other.locator("#explore").bounding_box()["y"] < DESK[1]


def test_a_changed_address_redraws_and_nonsense_in_it_is_ignored(visit):
    found = visit()
    found.page.evaluate("location.hash = '#explore?SEX=Boys&AGEBAND=&visit=NEVER&x=%3Cscript%3E&scale=zzz'")
    found.page.wait_for_function("document.querySelector('[name=SEX]').value === 'Boys'")
    assert list(shown(found.page)) == ["All children", "Boys"]
    assert found.page.locator("[name=visit]").input_value() == "WEEK12"
    assert found.said == []


def test_start_again_goes_back_to_the_beginning(visit):
    page = visit().page
    begin = shown(page)
    choose(page, SEX="Girls", visit="Week 4")
    page.get_by_role("button", name="Start again").click()
    page.wait_for_function("location.hash === '#explore'")
    assert shown(page) == begin


def test_the_keyboard_is_enough(visit):
    page = visit().page
    page.locator("[name=outcome]").focus()
    page.keyboard.press("ArrowDown")
    assert page.locator("[data-part=status]").inner_text().startswith("Emotional response")
    for name in ("visit", "SEX", "AGEBAND", "scale"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.name") == name
    page.keyboard.press("ArrowRight")
    assert "percent change" in page.locator("[data-part=status]").inner_text()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Start again"
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('[data-part=status]').textContent.startsWith('Social')")
    for _ in range(2):  # then the two tables, which scroll
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "scroll"


def test_a_screen_reader_has_names_for_everything_and_hears_the_change(visit):
    page = visit().page
    for name in ("Outcome", "Visit", "Sex", "Age band"):
        assert page.get_by_role("combobox", name=name).count() == 1
    assert page.get_by_role("group", name="Scale").count() == 1
    assert page.get_by_role("status").inner_text().endswith("Shown rows: 8.")
    for part in ("forest", "time"):
        drawing = page.locator(f"[data-part={part}] svg")
        assert drawing.get_attribute("role") == "img"
        assert drawing.locator("title").text_content().startswith("Social interest:")
    assert page.locator("#explore table th:not([scope])").count() == 0


def test_a_scale_that_an_outcome_lacks_cannot_be_chosen(visit):
    page = visit().page
    page.get_by_label("Percent of baseline").check()
    choose(page, outcome="Mean facial valence")
    assert page.get_by_label("Percent of baseline").is_disabled()
    assert page.locator("[name=scale]:checked").get_attribute("value") == "points"


def test_a_failed_group_keeps_its_row_with_the_reason(visit):
    page = visit().page
    failed = []
    for outcome in page.locator("[name=outcome] option").all_inner_texts():
        choose(page, outcome=outcome)
        failed += [text for text in shown(page).values() if text.startswith("—")]
    assert failed
    choose(page, outcome="Emotional response")
    assert "ot estimable" in page.locator("[data-part=forest-notes]").inner_text()


def test_groups_that_the_run_lacks_are_told(visit):
    page = visit().page
    page.evaluate(
        """() => { const option = new Option('Other', 'Other');
             document.querySelector('[name=SEX]').append(option); }"""
    )
    choose(page, SEX="Other")
    assert "no estimates for these groups" in page.locator("[data-part=status]").inner_text()
    assert list(shown(page)) == ["All children"]


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_nothing_is_drawn_outside_the_drawing(visit, size):
    page = visit("report", size).page
    for outcome in page.locator("[name=outcome] option").all_inner_texts():
        choose(page, outcome=outcome)
        outside = page.evaluate(
            """() => [...document.querySelectorAll('.explorer .drawing > svg')].flatMap(svg => {
                 const frame = svg.getBoundingClientRect();
                 return [...svg.querySelectorAll('text, path, circle, line')].filter(node => {
                   const box = node.getBoundingClientRect();
                   return box.left < frame.left - 3 || box.right > frame.right + 3 ||
                     box.top < frame.top - 3 || box.bottom > frame.bottom + 3;
                 }).map(node => node.outerHTML);
               })"""
        )
        assert outside == []


def test_the_drawing_follows_the_width_of_the_window(visit):
    page = visit().page
    wide = page.locator("[data-part=forest] svg").bounding_box()["width"]
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(
        f"document.querySelector('[data-part=forest] svg').getBoundingClientRect().width < {wide} / 2"
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_javascript_the_static_tables_serve(browser, files):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(files["report"].as_uri())
    assert page.locator(".no-script").is_visible()
    assert not page.locator(".explorer").is_visible()
    for link in page.locator(".no-script a").all():
        assert page.locator(link.get_attribute("href")).locator("table").first.is_visible()
    context.close()


def test_under_the_pages_own_policy_it_runs_and_injected_scripts_do_not(browser, files):
    context = browser.new_context()  # unlike the other tests, with the policy of the page in force
    page = context.new_page()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(files["report"].as_uri())
    assert said == []
    assert page.locator(".explorer").is_visible()
    page.evaluate(
        """() => { const script = document.createElement('script'); script.textContent = 'window.bad = 1';
             document.body.append(script); }"""
    )
    assert page.evaluate("window.bad") is None
    assert any("Content Security Policy" in text for text in said)
    context.close()


def test_paper_has_no_explorer(visit):
    page = visit().page
    page.emulate_media(media="print")
    assert not page.locator("#explore").is_visible()


def test_hostile_names_are_only_text(visit):
    found = visit("hostile")
    page = found.page
    for option in reversed(page.locator("[name=SEX] option").all()):
        page.locator("[name=SEX]").select_option(value=option.get_attribute("value"))
    page.locator("[name=SEX]").select_option(label="Each apart")
    assert found.said == []
    assert "<script>alert(1)</script>" in page.locator("[data-part=forest-body]").inner_text()
    assert page.locator(".explorer script, .explorer img").count() == 0
    texts = page.locator("[data-part=forest] svg text").all_text_contents()
    assert max(map(len, texts)) < 400


def test_many_groups_get_a_panel_each_and_their_differences_when_fewer_are_chosen(visit):
    page = visit("many").page
    choose(page, SEX="All together", AGEBAND="All together", SITE="Each apart")
    assert list(shown(page)) == ["All children", *(f"Site {number}" for number in range(1, 11))]
    assert "Choose fewer groups" in page.locator("[data-part=division]").inner_text()
    assert page.locator("[data-part=legend] li").count() == 0
    titles = page.locator("[data-part=time] svg text[font-weight='700']").all_text_contents()
    assert {"Site 1", "Site 10"} <= set(titles)
    choose(page, SITE="Site 3")
    assert list(shown(page)) == ["All children", "Site 3"]
