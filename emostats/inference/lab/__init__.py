"""Training on a corpus of a lab's own: `emostats train config.toml`.

`config` reads the file, `sequences` the clips, `run` trains fold by fold and evaluates, `final` writes the
weights with their model card. The network and its training loop are those of `inference.network` and
`inference.training`.
"""

from emostats.inference.lab.config import Lab, LabConfig, read_config
from emostats.inference.lab.run import LabResult, train_lab
from emostats.inference.lab.sequences import LandmarkSequence, read_sequences

__all__ = ["Lab", "LabConfig", "LabResult", "LandmarkSequence", "read_config", "read_sequences", "train_lab"]
