"""Pretraining of the encoder by distillation of the blendshape model over made faces (needs torch)."""

from emostats.inference.errors import need

need("torch")

from emostats.inference.pretrain.distil import SETTINGS, distil, fidelity, lessons  # noqa: E402
from emostats.inference.pretrain.synthetic import Variety, made_faces  # noqa: E402
from emostats.inference.pretrain.teacher import Teacher, mirrored_order  # noqa: E402

__all__ = ["SETTINGS", "Teacher", "Variety", "distil", "fidelity", "lessons", "made_faces", "mirrored_order"]
