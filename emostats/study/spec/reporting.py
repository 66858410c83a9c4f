"""What a report must say and no program can know: the authors' own words, shown as they are."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from emostats.study.checked import Frozen


class Reporting(Frozen):
    """Texts of the authors for the reporting guidelines; what is left out stands in the report as missing."""

    background: str = ""
    objectives: str = ""
    eligibility: str = ""
    recruitment: str = ""
    setting: str = ""
    recruitment_dates: str = ""
    intervention: str = ""
    deliverer: str = ""
    adherence: str = ""
    concomitant_care: str = ""
    sample_size: str = ""
    assignment: str = ""
    blinding: str = ""
    outcome_rationale: str = ""
    minimal_important_change: str = ""
    assessors: str = ""
    rater_selection: str = ""
    rating_process: str = ""
    harms_definition: str = ""
    burden: str = ""
    risk_category: str = ""
    consent: str = ""
    deviations: str = ""
    registration: str = ""
    protocol: str = ""
    data_sharing: str = ""
    funding: str = ""
    interests: str = ""
    public_involvement: str = ""
    use_of_scores: str = ""
    interpretation: str = ""
    generalisability: str = ""


REPORTING_LABELS = MappingProxyType(
    {
        "background": "Background and rationale",
        "objectives": "Objectives",
        "eligibility": "Who could take part",
        "recruitment": "How children were found",
        "setting": "Setting",
        "recruitment_dates": "Dates of recruitment and follow-up",
        "intervention": "Intervention",
        "deliverer": "Who delivered it",
        "adherence": "Delivery and adherence",
        "concomitant_care": "Other care",
        "sample_size": "Sample size",
        "assignment": "Assignment",
        "blinding": "Blinding",
        "outcome_rationale": "Why these outcomes",
        "minimal_important_change": "Minimal important change",
        "assessors": "Who assessed, and their training",
        "rater_selection": "How raters were chosen",
        "rating_process": "How ratings were made",
        "harms_definition": "How harms were defined and looked for",
        "burden": "Burden",
        "risk_category": "Risk category",
        "consent": "Consent and assent",
        "deviations": "Deviations and complaints",
        "registration": "Registration",
        "protocol": "Protocol and analysis plan",
        "data_sharing": "Data and code",
        "funding": "Funding",
        "interests": "Interests",
        "public_involvement": "Involvement of families",
        "use_of_scores": "Who saw the model’s scores",
        "interpretation": "Interpretation",
        "generalisability": "Generalisability",
    }
)
"""What a report calls each text."""


def given(reporting: Reporting) -> Mapping[str, str]:
    """The texts that the study file has, by key, in the order of the model."""
    texts = {key: str(getattr(reporting, key)).strip() for key in REPORTING_LABELS}
    return {key: text for key, text in texts.items() if text}
