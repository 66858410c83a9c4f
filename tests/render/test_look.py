"""Colours and logo of a report: what is chosen is shown, what cannot be read or may do harm is refused."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

from emostats.contrast import GRAPHICS, TEXT, contrast
from emostats.errors import UsageError
from emostats.figures import png
from emostats.render import html
from emostats.render.look import read_look
from emostats.render.look.colours import DARK, LIGHT, SERIES, too_faint
from emostats.report import build_report

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" width="90" height="90">%s</svg>'
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def look(folder: Path, text: str):
    (folder / "style.toml").write_text(text, encoding="utf-8")
    return read_look(folder / "style.toml")


@pytest.fixture(scope="module")
def model(handmade):
    return build_report(handmade.spec(), handmade.results(), handmade.manifest(), "family")


def test_the_known_colours_are_those_of_the_style_sheet():
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    light, dark = style.split("@media (prefers-color-scheme: dark)", 1)
    for text, colours in ((light, LIGHT), (dark.split("@media")[0], DARK)):
        for name, colour in colours.items():
            variable = f"--fg-{name}" if name in SERIES else f"--{name}"
            assert f"{variable}: {colour};" in text, name


def test_our_own_colours_can_be_read():
    assert list(too_faint(LIGHT)) == list(too_faint(DARK)) == []


def test_the_file_to_change_says_what_is_used_without_it():
    told = (TEMPLATES / "style.toml").read_text(encoding="utf-8")
    assert read_look(TEMPLATES / "style.toml").css == ""
    used = re.sub(r"^# (?=[\w-]+ = )", "", told, flags=re.MULTILINE).split("[logo]")[0]
    for part, colours in zip(used.split("[dark]"), (LIGHT, DARK), strict=True):
        for name, colour in colours.items():
            assert (f'"{colour}"' if name in SERIES else f'{name} = "{colour}"') in part


def test_chosen_colours_come_after_the_style_sheet(model, tmp_path):
    (tmp_path / "style.toml").write_text(
        '[light]\naccent = "#7A0019"\nseries = ["#7a0019"]\n[dark]\naccent = "#ffb3c1"\n', encoding="utf-8"
    )
    page = html(model, tmp_path)
    style = page[page.index("<style>") : page.index("</style>")]
    assert "@media screen{:root{--accent:#7a0019;--fg-s1:#7a0019}}" in style
    assert "@media screen and (prefers-color-scheme: dark){:root{--accent:#ffb3c1}}" in style
    assert style.index("--accent:#7a0019") > style.index("--accent: #0b5568")


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ('[light]\nink = "#999999"', r"\[light\] ink #999999 on paper #ffffff has a contrast of 2\.84:1"),
        ('[dark]\npaper = "#ffffff"', r"\[dark\] ink #e8edf1 on paper #ffffff"),
        ('[light]\nseries = ["#0072b2", "#ffee00"]', r"series colour 2 #ffee00 on paper .*at least 3:1"),
        ('[light]\ncaution-ink = "#c98a12"', "caution-ink .* on caution-paper"),
    ],
)
def test_colours_that_are_hard_to_read_are_refused(tmp_path, chosen, said):
    with pytest.raises(UsageError, match=said):
        look(tmp_path, chosen)


def test_all_faint_pairs_are_named_at_once(tmp_path):
    with pytest.raises(UsageError) as error:
        look(tmp_path, '[light]\nink = "#dddddd"\n[dark]\nmuted = "#222222"')
    assert "[light] ink #dddddd on paper" in str(error.value) and "[dark] muted" in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("light = 3", "expected tables"),
        ("[ligth]", "Did you mean 'light'"),
        ('[light]\naccnt = "#000000"', "Did you mean 'accent'"),
        ('[light]\naccent = "red;} body{"', "expected a colour like"),
        ('[light]\nseries = "#000000"', "expected a list"),
        ("[light", "cannot be read"),
        ('[logo]\nfile = "logo.png"', "alt"),
        ('[logo]\nfile = "../logo.png"\nalt = "x"', "in the folder of the style file"),
        ('[logo]\nfile = "no.png"\nalt = "x"', "cannot be read"),
        ('[logo]\nfile = "no.png"\nalt = "x"\nheight = 5000', "from 8 to 200"),
    ],
)
def test_a_file_that_makes_no_sense_says_where(tmp_path, text, said):
    with pytest.raises(UsageError, match=said):
        look(tmp_path, text)


def test_a_png_becomes_part_of_the_page_with_its_words(model, tmp_path):
    content = png(SVG % "", scale=1)
    (tmp_path / "logo.png").write_bytes(content)
    (tmp_path / "style.toml").write_text(
        '[logo]\nfile = "logo.png"\nalt = "St <Mary>"\nheight = 40', encoding="utf-8"
    )
    page = html(model, tmp_path)
    tag = re.search(r'<img class="logo" src="data:image/png;base64,([^"]+)" alt="([^"]+)" height="40">', page)
    assert base64.b64decode(tag[1]) == content
    assert tag[2] == "St &lt;Mary&gt;"
    assert "img-src data:;" in page
    assert "<img" not in html(model) and "img-src" not in html(model)


def test_a_plain_svg_is_taken(tmp_path):
    (tmp_path / "logo.svg").write_text(SVG % '<g fill="#123456"><path d="M0,0L9,9z"/></g>', encoding="utf-8")
    found = look(tmp_path, '[logo]\nfile = "logo.svg"\nalt = "x"')
    content = base64.b64decode(found.logo.removeprefix("data:image/svg+xml;base64,")).decode()
    assert '<path d="M0,0L9,9z" />' in content


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<path d="M0,0" onload="alert(1)"/>',
        '<image href="https://example.org/x.png"/>',
        '<a href="javascript:alert(1)"><path d="M0,0"/></a>',
        "<foreignObject><p>x</p></foreignObject>",
        "<style>@import 'x'</style>",
        '<rect style="fill: url( https://example.org/x )"/>',
        '<rect fill="url(data:text/html,x)"/>',
        '<use xmlns:x="http://www.w3.org/1999/xlink" x:href="#a"/>',
        '<animate attributeName="x"/>',
    ],
)
def test_an_svg_that_does_more_than_draw_is_refused(tmp_path, inside):
    (tmp_path / "logo.svg").write_text(SVG % inside, encoding="utf-8")
    with pytest.raises(UsageError, match=r"logo\.svg.*plain SVG"):
        look(tmp_path, '[logo]\nfile = "logo.svg"\nalt = "x"')


@pytest.mark.parametrize(
    "content",
    [b"GIF89a", b"", b'<!DOCTYPE svg [<!ENTITY a "b">]><svg/>', b"\x89PNG\r\n\x1a\n" + b"0" * 300_000],
)
def test_other_files_are_refused(tmp_path, content):
    (tmp_path / "logo").write_bytes(content)
    with pytest.raises(UsageError, match="logo"):
        look(tmp_path, '[logo]\nfile = "logo"\nalt = "x"')


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(
        4.48, abs=0.005
    )  # the well-known first grey that fails
    assert (TEXT, GRAPHICS) == (4.5, 3.0)
