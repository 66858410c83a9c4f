"""What the design cannot show: fixed words, so that no result makes them weaker."""

from __future__ import annotations

import re

from emostats.report.context import Context
from emostats.report.language import _, between_sentences
from emostats.report.model import Bullets, Note, Paragraph, Section, Strong
from emostats.report.parts import text

_SINGLE = re.compile(r"single.?group|single.?arm|one.?group|uncontrolled|pre.?/?.?post", re.IGNORECASE)
_COMPARED = re.compile(r"random|(?<!un)controlled|comparison group|parallel", re.IGNORECASE)
_OBSERVED = re.compile(r"observ|cohort|cross.?sectional|registry", re.IGNORECASE)


def single_group(context: Context) -> bool:
    """Whether the study file says that all children were treated, and measured before and after."""
    design = context.spec.study.design
    return bool(_SINGLE.search(design)) and not _COMPARED.search(design)


def observational(context: Context) -> bool:
    """Whether the study file says that nothing was assigned."""
    design = context.spec.study.design
    return bool(_OBSERVED.search(design)) and not _SINGLE.search(design) and not _COMPARED.search(design)


def section(context: Context) -> Section | None:
    """The caveats of the design; None when the study file names no design that has fixed ones."""
    if single_group(context):
        return Section("caveats", _("What this study cannot show"), (_single_group(),))
    if observational(context):
        return Section("caveats", _("What this study cannot show"), (_observational(),))
    return None


def _point(name: str, words: str) -> Paragraph:
    return Paragraph((Strong(f"{name}{_('.')}"), f"{between_sentences()}{words}"))


def _single_group() -> Note:
    return Note(
        _("A change over time is not an effect of the programme"),
        (
            text(
                _(
                    "All children took part and were measured before and after; there is no comparison "
                    "group. The numbers of this report describe how much changed. They cannot say how much "
                    "of it the programme brought about, because at least the following would produce a "
                    "change as well:"
                )
            ),
            Bullets(
                (
                    _point(
                        _("Maturation"),
                        _(
                            "Children develop. Some of the change would have come with the weeks alone, and "
                            "more of it in young children."
                        ),
                    ),
                    _point(
                        _("Regression to the mean"),
                        _(
                            "Families often join when things are going worse than usual. Scores taken then "
                            "tend to be followed by better ones even if nothing is done."
                        ),
                    ),
                    _point(
                        _("Unblinded parents"),
                        _(
                            "Parents who answer know that their child takes part, and hope colours answers. "
                            "Blind expert ratings do not share this weakness; questionnaires do."
                        ),
                    ),
                    _point(
                        _("Other things that happened"),
                        _("School, other therapy and family life went on at the same time."),
                    ),
                    _point(
                        _("Children who left"),
                        _(
                            "The model assumes that, given the answers a child has, it does not matter for "
                            "the missing ones why they are missing. If children left because they did "
                            "badly, the change may be overestimated."
                        ),
                    ),
                )
            ),
            text(_("Whether the programme works is a question for a study with a comparison group.")),
        ),
        tone="caution",
    )


def _observational() -> Note:
    words = _(
        "Nothing was assigned in this study. Differences between groups of children describe the groups; "
        "other things in which the groups differ may explain them. The numbers speak for children like those "
        "who came into this study."
    )
    return Note(_("Described, not caused"), (text(words),), tone="caution")
