"""Colours by role. Themed roles become CSS classes; series colours serve light and dark pages alike.

The series are four of Okabe and Ito's colours (distinct under the common colour-vision deficiencies) and
two more of like lightness: each has a contrast of at least 3:1 on white and on the dark page. Shape
repeats what colour says.
"""

from __future__ import annotations

from emostats.contrast import contrast as contrast

INK = "#1d2730"
MUTED = "#566470"
RULE = "#c9d2d9"
PAPER = "#ffffff"
WASH = "#eef2f5"

SERIES = ("#0072b2", "#d55e00", "#009e73", "#b85c99", "#8a7400", "#7566c9")
DARK_PAGE = "#14191e"

THEMED = {
    **{INK: "fg-ink", MUTED: "fg-muted", RULE: "fg-rule", PAPER: "fg-paper", WASH: "fg-wash"},
    **{colour: f"fg-s{number}" for number, colour in enumerate(SERIES, 1)},
}
"""Colours that a page replaces in dark mode, and the class name under which it does."""

DARK = {
    **{INK: "#e8edf1", MUTED: "#a4b1bc", RULE: "#46525c", PAPER: DARK_PAGE, WASH: "#1f272e"},
    **dict(zip(SERIES, ("#4da6e0", "#f0883e", "#34c39a", "#dd8cc2", "#c2a935", "#a79bf0"), strict=True)),
}
"""What the themed colours become on a dark page; the page's style sheet repeats these."""

SHAPES = ("o", "s", "D", "^", "v", "P")


def series(index: int) -> tuple[str, str]:
    """Colour and marker shape of the `index`-th series; they repeat after six."""
    return SERIES[index % len(SERIES)], SHAPES[index % len(SHAPES)]
