"""How good are the scores? Every figure with an interval that takes subjects, not frames, as the units.

`predictions` reads a table, `evaluate` makes all figures of it (overall, by sex, by age), `drawings` draws
them. `stability` tells three meanings of the word apart, `perturb` and `robustness` make pictures worse,
`leakage` shows what a leaky split pretends, `stills` reads a folder of labelled pictures.
"""

from emostats.inference.evaluation.evaluate import Evaluation, evaluate
from emostats.inference.evaluation.leakage import LeakDemonstration, leaky_versus_subject, simulated_frames
from emostats.inference.evaluation.perturb import FRAME_RATES, STANDARD, Perturbation, perturb, thinned
from emostats.inference.evaluation.predictions import (
    Predictions,
    predictions,
    predictions_frame,
    read_predictions,
    read_table,
)
from emostats.inference.evaluation.readings import StabilityReading, stability_readings
from emostats.inference.evaluation.robustness import frame_rate_agreement, robustness
from emostats.inference.evaluation.stability import (
    RunStability,
    perturbation_agreement,
    run_stability,
    temporal_consistency,
)
from emostats.inference.evaluation.stills import Still, StillScorer, read_stills, score_stills

__all__ = [
    "FRAME_RATES",
    "STANDARD",
    "Evaluation",
    "LeakDemonstration",
    "Perturbation",
    "Predictions",
    "RunStability",
    "StabilityReading",
    "Still",
    "StillScorer",
    "evaluate",
    "frame_rate_agreement",
    "leaky_versus_subject",
    "perturb",
    "perturbation_agreement",
    "predictions",
    "predictions_frame",
    "read_predictions",
    "read_stills",
    "read_table",
    "robustness",
    "run_stability",
    "score_stills",
    "simulated_frames",
    "stability_readings",
    "temporal_consistency",
    "thinned",
]
