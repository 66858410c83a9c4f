"""The fixed words of the templates and of Word files, in the language of the report."""

from __future__ import annotations

from emostats.report.language import _


def page_words() -> dict[str, str]:
    """English text → the same in the language that is spoken; braces are filled where it is shown."""
    return {
        " to ": _(" to "),
        ".": _("."),
        "Contents": _("Contents"),
        "Skip to the report": _("Skip to the report"),
        "Simulated data": _("Simulated data"),
        "No real child is described here.": _("No real child is described here."),
        "Table {number}.": _("Table {number}."),
        "Figure {number}.": _("Figure {number}."),
        "Figure {number} in words": _("Figure {number} in words"),
        "Not done: {what}.": _("Not done: {what}."),
        "Choosing needs JavaScript, which is off here. The same numbers stand in the tables of:": _(
            "Choosing needs JavaScript, which is off here. The same numbers stand in the tables of:"
        ),
        "Children": _("Children"),
        "Do these groups differ?": _("Do these groups differ?"),
        "Change within each group": _("Change within each group"),
        "The table below has the same numbers.": _("The table below has the same numbers."),
        "Shown rows: #.": _("Shown rows: #."),
        "This run has no estimates for these groups; choose another division of the children.": _(
            "This run has no estimates for these groups; choose another division of the children."
        ),
        "Choose fewer groups to see their differences.": _("Choose fewer groups to see their differences."),
        "What to show": _("What to show"),
        "Outcome": _("Outcome"),
        "Visit": _("Visit"),
        "All together": _("All together"),
        "Each apart": _("Each apart"),
        "Scale": _("Scale"),
        "Start again": _("Start again"),
        "At one visit": _("At one visit"),
        "Over time": _("Over time"),
    }
