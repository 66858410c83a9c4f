"""Makes emostats/inference/graph/face.json: the graph of the face, from the neutral stills of this folder.

python analyses/faces_london/graph.py OUT.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from emostats.inference.graph.face import describe
from emostats.inference.graph.normalise import normalise
from emostats.inference.landmarks import FaceReader

DATA = Path(__file__).parent / "data"


def main(out: str) -> None:
    reader = FaceReader(blendshapes=False)
    faces = []
    for file in sorted(DATA.glob("*_neutral.jpg")):
        with Image.open(file) as picture:
            points = reader.still(np.asarray(picture.convert("RGB"))).points
        if points is not None:
            faces.append(normalise(points))
    content = describe(np.stack(faces))
    Path(out).write_text(json.dumps(content) + "\n", encoding="utf-8")
    print(f"{len(faces)} faces, {len(content['mean'])} points, {len(content['edges'])} edges")


if __name__ == "__main__":
    main(sys.argv[1])
