"""Every number that a simulated child is drawn from, with its reason. Simulated children are no evidence.

The laws stand here, and not in the code that uses them, so that the documentation's table is this table. They
were fixed before the policy was tuned: the repository's history shows this file first.

Where the literature gives a direction only (children with autism mostly recognise the emotion of music; loud
and sudden sound is hard for many; faces may show less than is felt), the size is an assumption of ours,
chosen so that the spread between children is large against the mean effect: a policy that suits the mean
child must not look good for that alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Law:
    """A distribution over children.

    ``lognormal``: median `first`, SD of the logarithm `second`. ``normal``: mean, SD. ``uniform``: ends.
    ``beta``: the two shape parameters.
    """

    name: str
    unit: str
    kind: Literal["lognormal", "normal", "uniform", "beta"]
    first: float
    second: float
    reason: str

    def draw(self, rng: np.random.Generator, shape: int | tuple[int, ...]) -> Array:
        """Draws of this shape."""
        if self.kind == "lognormal":
            return np.asarray(self.first * np.exp(self.second * rng.standard_normal(shape)))
        if self.kind == "normal":
            return np.asarray(self.first + self.second * rng.standard_normal(shape))
        if self.kind == "uniform":
            return np.asarray(rng.uniform(self.first, self.second, shape))
        return np.asarray(rng.beta(self.first, self.second, shape))

    @property
    def text(self) -> str:
        """The distribution in words."""
        words = {
            "lognormal": "lognormal, median {a:g}, log-SD {b:g}",
            "normal": "normal, mean {a:g}, SD {b:g}",
            "uniform": "uniform, {a:g} to {b:g}",
            "beta": "beta({a:g}, {b:g})",
        }
        return words[self.kind].format(a=self.first, b=self.second)


_LAWS = (
    Law("entrainment", "1/s", "lognormal", 1 / 90, 0.4,
        "mood follows music over one to a few minutes: 63 % of the way in 90 s at full engagement"),
    Law("reach", "affect", "lognormal", 0.8, 0.3,
        "the iso principle as a Gaussian kernel: music this far from the child's state moves it at 61 %"),
    Law("home_pull", "1/s", "lognormal", 1 / 600, 0.5,
        "without music a child drifts home in about ten minutes"),
    Law("home_valence", "affect", "normal", -0.05, 0.2, "children come near neutral, some in low spirits"),
    Law("home_arousal", "affect", "normal", 0.1, 0.2, "slightly aroused: a strange room, a camera"),
    Law("noise", "affect/√s", "lognormal", 0.012, 0.3,
        "moves of about 0.09 in a minute that nothing explains, as large as half of what a piece does"),
    Law("valence_gain", "1", "normal", 0.9, 0.2,
        "recognition of emotion in music is largely preserved in autism; how much it moves one differs"),
    Law("arousal_gain", "1", "normal", 0.9, 0.2, "as for valence"),
    Law("idiosyncrasy", "affect per trait unit", "normal", 0.0, 0.12,
        "a child's own reading of tempo, mode, energy, brightness: eight numbers a child, together an SD "
        "near 0.25 on each axis, as large as the disagreement of two adult raters"),
    Law("liking", "logit per trait unit", "normal", 0.0, 0.5,
        "likes and dislikes of kinds of music decide engagement between about 0.5 and 0.85"),
    Law("favourite", "logit", "normal", 0.0, 0.7,
        "a liking of single pieces that no feature explains: no policy over features can know it"),
    Law("engagement", "logit", "normal", 0.8, 0.6, "usual engagement near 0.7, from 0.4 to 0.9"),
    Law("engagement_time", "s", "lognormal", 20.0, 0.3, "attention turns within half a minute"),
    Law("habituation", "logit per earlier play", "lognormal", 0.35, 0.5,
        "a piece wears off within a session"),
    Law("sound_limit", "dB", "normal", -18.0, 3.0,
        "level above which sound overloads this child; −23 is a usual programme level"),
    Law("overload", "affect/s per dB", "lognormal", 0.004, 0.5,
        "6 dB too loud raises arousal by 0.7 in 30 s"),
    Law("startle", "affect per unit of jump", "lognormal", 0.05, 0.6,
        "a jump of tempo by a quarter octave, or of level by 3 dB, counts one unit beyond the first"),
    Law("face_gain", "1", "uniform", 0.6, 1.0, "faces may show less than is felt, and more rarely all of it"),
    Law("face_bias", "affect", "normal", 0.0, 0.08, "a constant error of the scores on this face"),
    Law("face_noise", "affect", "lognormal", 0.2, 0.3, "error of one second's score"),
    Law("missing", "share", "beta", 2.0, 6.0, "a quarter of the seconds without a usable face, on average"),
)  # fmt: skip

LAWS = {law.name: law for law in _LAWS}

NOISE_MEMORY = 0.6
"""Correlation of the score's error from one second to the next."""
MISSING_BOUT = 8.0
"""Mean length in seconds of a stretch without a usable face."""
RATING_ERROR = 0.12
"""SD of a library's rated valence and arousal about what listeners on average feel (mean of a few raters)."""
JUMP_TEMPO, JUMP_LEVEL = 0.25, 3.0
"""One unit of jump between two pieces: octaves of tempo, dB of level."""
