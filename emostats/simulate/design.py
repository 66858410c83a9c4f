"""The population of the simulated study: every number that the generator draws from stands in this file.

Four means are published (abstract of the EmoMusik-Net paper, Scientific Reports 2025): social interest of
boys aged 1–6 before and after, 1.280 and 2.540, and emotional response of girls aged 7–12 before and after,
1.670 and 3.120. The total of 182 children, the range 0.75–0.91 of the experts' ICC and a matching accuracy
near 94 % come from there too. Everything else, marked *assumption*, is ours: counts by sex and age, visits,
items, answer range, spreads, dropout, clips, sessions. `PUBLISHED_DESIGN` at the end puts the parts
together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from emostats.errors import UsageError

PUBLISHED = "paper, abstract"
ASSUMED = "assumption, not from the paper"
DEFAULT_SEED = 20251


@dataclass(frozen=True)
class Cell:
    """One subgroup, sex × age band. `age_low` ≤ age < `age_high` in years at baseline; `children` entered."""

    key: str
    sex: str
    age_band: str
    age_low: float
    age_high: float
    children: int


@dataclass(frozen=True)
class Visit:
    """One visit: `name` as in the study file, `week` after baseline, `sheet` of its questionnaires."""

    name: str
    week: int
    sheet: str


@dataclass(frozen=True)
class Scale:
    """One subscale of the questionnaire.

    Attributes
    ----------
    parameter: PARAMCD, an id among the instrument's subscales.
    means: by cell key, the expected score (answer points, the instrument's range) at each visit.
    published: (cell key, visit index) of the means that the paper states.
    """

    parameter: str
    means: Mapping[str, tuple[float, ...]]
    published: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True)
class TraitDesign:
    """The latent traits behind the answers (assumption).

    A child's trait varies over visits and subscales with the correlation ``correlation(visits) ×
    correlation(subscales)``; siblings share the fraction `family_share` of its variance.

    Attributes
    ----------
    sd: standard deviation of the trait at each visit, in answer points before rounding.
    stable: part of the visit correlation that never fades; the rest fades by `decay` a visit.
    between_scales: correlation of two subscales at one visit.
    item_sd: noise of a single answer. item_spread: easiest to hardest item, in answer points.
    """

    sd: tuple[float, ...] = (0.70, 0.76, 0.82, 0.86)
    stable: float = 0.45
    decay: float = 0.5
    between_scales: float = 0.5
    family_share: float = 0.3
    item_sd: float = 0.8
    item_spread: float = 0.8


@dataclass(frozen=True)
class MissingnessDesign:
    """What is not answered (assumption): missing at random given what was observed before.

    At each follow-up visit a child that is still in the study leaves with log odds
    ``logit(dropout) − dropout_slope · z`` and otherwise misses only this visit with log odds
    ``logit(gap) − gap_slope · z``; z is the child's last observed score of `driver`, centred and scaled here
    (0 when none was observed). There is no gap at the last visit: it would be dropout. The rest is missing
    completely at random: the baseline form, a whole page (subscale), a single answer.
    """

    driver: str = "SOCINT"
    centre: float = 1.8
    scale: float = 0.7
    dropout: float = 0.055
    dropout_slope: float = 0.6
    gap: float = 0.05
    gap_slope: float = 0.4
    baseline: float = 0.015
    page: float = 0.006
    item: float = 0.012


@dataclass(frozen=True)
class Domain:
    """One question of the rating sheet, answered 1–7; `header` is its column.

    Attributes
    ----------
    icc: ICC(A,1) of the *rounded* ratings among the clips of a cell.
    accuracy: by cell key, the probability of a rating at or above the threshold.
    latent_sd: standard deviation of a rating before rounding. rater_share: of its variance, due to raters.
    """

    name: str
    header: str
    icc: float
    accuracy: Mapping[str, float]
    latent_sd: float = 1.0
    rater_share: float = 0.015


@dataclass(frozen=True)
class RatingsDesign:
    """Blind expert ratings (counts and shares are assumptions): every rater is given every clip.

    `child_share` of the variance between clips is between children, and the clips of the domains correlate by
    `between_domains`. A rater misses a clip with probability `missed`; the guess of the visit is blank with
    probability `no_guess` and otherwise any visit, independent of the truth.
    """

    domains: tuple[Domain, ...]
    raters: tuple[str, ...] = ("R1", "R2", "R3", "R4")
    clips_per_child: int = 2
    low: int = 1
    high: int = 7
    threshold: int = 5
    child_share: float = 0.5
    between_domains: float = 0.6
    missed: float = 0.03
    no_guess: float = 0.04


@dataclass(frozen=True)
class SessionsDesign:
    """Session scores (all assumption): mean facial valence in [−1, 1], share of usable frames in [0, 1].

    Attributes
    ----------
    means: by cell key, expected valence at each visit.
    child_sd, session_sd: spread on the probit scale of (valence + 1) / 2.
    usable_mean: by cell key, mean of the Beta distribution of usable frames; its a + b is
        `usable_concentration`.
    minimum_usable: below this share no valence is computed.
    failure: probability that the camera failed (no usable frame). missed: that a session did not take place.
    """

    means: Mapping[str, tuple[float, ...]]
    usable_mean: Mapping[str, float]
    per_visit: int = 2
    child_sd: float = 0.15
    session_sd: float = 0.10
    usable_concentration: float = 9.0
    minimum_usable: float = 0.2
    failure: float = 0.02
    missed: float = 0.03


@dataclass(frozen=True)
class RosterDesign:
    """Who the children are (all assumption): sites, siblings, who answers; entry dates are ISO dates."""

    sites: tuple[str, ...] = ("Site A", "Site B", "Site C")
    sibling_pairs: int = 6
    informants: Mapping[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {"mother": 0.70, "father": 0.19, "grandparent": 0.08, "other carer": 0.03}
        )
    )
    first_entry: str = "2023-09-04"
    entry_weeks: int = 30


@dataclass(frozen=True)
class EventsDesign:
    """Events besides the withdrawals (assumption): probabilities per child."""

    adverse: float = 0.05
    stopped_early: float = 0.04


@dataclass(frozen=True)
class StudyDesign:
    """Population and size of a simulated study; change it with `dataclasses.replace`.

    Raises
    ------
    UsageError: means are not given for every cell and visit, or the traits' spread not for every visit.
    """

    cells: tuple[Cell, ...]
    visits: tuple[Visit, ...]
    scales: tuple[Scale, ...]
    ratings: RatingsDesign
    sessions: SessionsDesign
    trait: TraitDesign = field(default_factory=TraitDesign)
    missing: MissingnessDesign = field(default_factory=MissingnessDesign)
    roster: RosterDesign = field(default_factory=RosterDesign)
    events: EventsDesign = field(default_factory=EventsDesign)
    instrument: str = "family_questionnaire"

    def __post_init__(self) -> None:
        keys, n_visits = {cell.key for cell in self.cells}, len(self.visits)
        given = {scale.parameter: scale.means for scale in self.scales} | {"valence": self.sessions.means}
        for name, means in given.items():
            if set(means) != keys or any(len(by_visit) != n_visits for by_visit in means.values()):
                raise UsageError(
                    f"{name}: expected {n_visits} means (one a visit) for each of {sorted(keys)}; "
                    f"found { ({key: len(by_visit) for key, by_visit in means.items()}) }"
                )
        if len(self.trait.sd) != n_visits:
            raise UsageError(
                f"trait.sd: expected {n_visits} values (one a visit); found {len(self.trait.sd)}"
            )

    @property
    def n_children(self) -> int:
        return sum(cell.children for cell in self.cells)

    def with_children(self, per_cell: int) -> StudyDesign:
        """The same population with `per_cell` children in every cell."""
        return replace(self, cells=tuple(replace(cell, children=per_cell) for cell in self.cells))


_YOUNG, _OLD = "1–6", "7–12"

# Assumption: about two boys to a girl, so that every cell can be analysed; nobody enters before 18 months.
_CELLS = (
    Cell("M:young", "M", _YOUNG, 1.5, 7.0, 63),
    Cell("M:old", "M", _OLD, 7.0, 13.0, 55),
    Cell("F:young", "F", _YOUNG, 1.5, 7.0, 33),
    Cell("F:old", "F", _OLD, 7.0, 13.0, 31),
)

_VISITS = (
    Visit("BASELINE", 0, "Family baseline"),
    Visit("WEEK04", 4, "Family week 4"),
    Visit("WEEK08", 8, "Family week 8"),
    Visit("WEEK12", 12, "Family week 12"),
)

_SCALES = (
    Scale(
        "SOCINT",
        {
            "M:young": (1.280, 1.72, 2.18, 2.540),  # first and last: published
            "M:old": (1.45, 1.78, 2.10, 2.35),
            "F:young": (1.40, 1.80, 2.20, 2.50),
            "F:old": (1.55, 1.90, 2.25, 2.55),
        },
        published=frozenset({("M:young", 0), ("M:young", 3)}),
    ),
    Scale(
        "EMORESP",
        {
            "M:young": (1.50, 1.80, 2.10, 2.35),
            "M:old": (1.55, 1.85, 2.15, 2.40),
            "F:young": (1.60, 1.98, 2.36, 2.65),
            "F:old": (1.670, 2.18, 2.70, 3.120),  # first and last: published
        },
        published=frozenset({("F:old", 0), ("F:old", 3)}),
    ),
    Scale(
        "JOINTATT",
        {
            "M:young": (1.35, 1.50, 1.65, 1.75),
            "M:old": (1.60, 1.72, 1.84, 1.92),
            "F:young": (1.45, 1.60, 1.75, 1.85),
            "F:old": (1.70, 1.82, 1.94, 2.02),
        },
    ),
    Scale(  # hardly any change, so that the demo also shows what 'no effect' looks like
        "SENSREG",
        {
            "M:young": (1.60, 1.62, 1.63, 1.65),
            "M:old": (1.80, 1.81, 1.82, 1.83),
            "F:young": (1.65, 1.67, 1.68, 1.70),
            "F:old": (1.85, 1.86, 1.87, 1.88),
        },
    ),
)

# Assumption: within what the paper states (ICC 0.75–0.91; accuracy above 94 % in some subgroups).
_RATINGS = RatingsDesign(
    domains=(
        Domain(
            "RHYTHM",
            "Rhythm match (1-7)",
            icc=0.88,
            accuracy={"M:young": 0.940, "M:old": 0.945, "F:young": 0.935, "F:old": 0.950},
        ),
        Domain(
            "EMOTION",
            "Emotion match (1-7)",
            icc=0.80,
            accuracy={"M:young": 0.935, "M:old": 0.940, "F:young": 0.940, "F:old": 0.950},
        ),
    )
)

_SESSIONS = SessionsDesign(
    means={
        "M:young": (0.04, 0.09, 0.13, 0.16),
        "M:old": (0.06, 0.10, 0.13, 0.15),
        "F:young": (0.07, 0.12, 0.16, 0.19),
        "F:old": (0.08, 0.14, 0.19, 0.23),
    },
    usable_mean={"M:young": 0.66, "M:old": 0.78, "F:young": 0.68, "F:old": 0.80},
)

PUBLISHED_DESIGN = StudyDesign(_CELLS, _VISITS, _SCALES, _RATINGS, _SESSIONS)
"""The published design: 182 children, sex × age band, published means; everything else assumption."""
