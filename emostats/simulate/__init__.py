"""Simulates the 182-child study: made-up children whose population has the published means.

`simulate_study` gives the tables, `write_study` a folder that `emostats run` can read, `population_values`
the true values behind them. What is published and what is our assumption stands in
`emostats.simulate.design`.
"""

from emostats.simulate.design import DEFAULT_SEED, PUBLISHED_DESIGN, StudyDesign
from emostats.simulate.population import population_values
from emostats.simulate.study import SimulatedStudy, simulate_study, write_study

__all__ = [
    "DEFAULT_SEED",
    "PUBLISHED_DESIGN",
    "SimulatedStudy",
    "StudyDesign",
    "population_values",
    "simulate_study",
    "write_study",
]
