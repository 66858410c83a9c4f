"""Which form of the ICC a design calls for, and why (after McGraw & Wong 1996; Koo & Li 2016)."""

from __future__ import annotations

from dataclasses import dataclass

from emostats.statistics.agreement.forms import FORMS, Form


@dataclass(frozen=True)
class Guidance:
    """A recommended form.

    Attributes
    ----------
    form: the form. reasons: one sentence an answer. wording: how to name it in a report.
    """

    form: Form
    reasons: tuple[str, ...]
    wording: str

    def __str__(self) -> str:
        return "\n".join([f"{self.form.name} (Shrout–Fleiss {self.form.alias})", *self.reasons])


def choose_form(
    *,
    same_raters: bool,
    raters_random: bool = True,
    agreement: bool = True,
    average: bool = False,
    k: int | None = None,
) -> Guidance:
    """The form for a design.

    Parameters
    ----------
    same_raters: each target is rated by raters of one known pool (all of them, or some), so that rater
        differences can be told apart; False when every target has raters of its own or they are unknown.
    raters_random: the raters stand for others who might rate in their place; False when they are the only
        ones ever.
    agreement: the value itself matters (a cut-off, a mean over targets rated by different experts); False
        when only the order of the targets does.
    average: the mean of the k ratings will be used; False when one rating will.
    """
    reasons = []
    if not same_raters:
        key = "1"
        reasons.append(
            "Targets do not share raters, so rater differences cannot be separated: one-way model."
        )
        if not agreement:
            reasons.append(
                "Consistency would need shared raters; the one-way form counts rater differences as error."
            )
    else:
        reasons.append(
            "The same raters rate many targets, so their differences can be separated: two-way model."
        )
        key = "A" if agreement else "C"
        reasons.append(
            "The value itself matters, so a rater who scores higher counts as error: absolute agreement."
            if agreement
            else "Only the order of targets matters, so a constant shift of a rater is no error: consistency."
        )
        reasons.append(
            "The raters stand for others: random raters, and the interval must carry their sampling."
            if raters_random
            else "The raters are the only ones of interest: fixed raters (same number, narrower claim)."
        )
    reasons.append(
        f"The mean of {k if k is not None else 'k'} ratings is used: average form."
        if average
        else "One rating is used: single form."
    )
    form = next(form for form in FORMS if form.key == key and form.average == average)
    return Guidance(form, tuple(reasons), _wording(form, raters_random, k))


def _wording(form: Form, raters_random: bool, k: int | None) -> str:
    if form.model == "one-way":
        model = "one-way random-effects"
    else:
        model = f"two-way {'random' if raters_random else 'mixed'}-effects"
    unit = f"mean-rating (k = {k if k is not None else '?'})" if form.average else "single-rating"
    definition = "absolute-agreement" if form.definition == "agreement" else "consistency"
    return f"{unit}, {definition}, {model} model, {form.name} [{form.alias}]"
