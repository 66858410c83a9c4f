"""The contract of the covariance structures reads them against the slow reference of the MMRM tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "statistics" / "mmrm"))
