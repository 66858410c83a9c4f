"""Pretraining of the encoder by distillation of the blendshape model over made faces."""

from emostats.inference.pretrain.distil import SETTINGS, distil, fidelity, lessons
from emostats.inference.pretrain.synthetic import Variety, made_faces
from emostats.inference.pretrain.teacher import Teacher, mirrored_order

__all__ = ["SETTINGS", "Teacher", "Variety", "distil", "fidelity", "lessons", "made_faces", "mirrored_order"]
