"""The script that shows what a leaky split pretends, on a few open stills."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ANALYSES = Path(__file__).resolve().parents[2] / "analyses"
STILLS = ANALYSES / "faces_london" / "data"


def test_the_script_takes_a_folder_and_prints_one_object(tmp_path: Path) -> None:
    subjects = sorted({path.name[:3] for path in STILLS.glob("*_neutral.jpg")})[:6]
    rows = ["file,subject,expression"]
    for subject in subjects:
        for shown in ("neutral", "smiling"):
            name = f"{subject}_{shown}.jpg"
            shutil.copy(STILLS / name, tmp_path)
            rows.append(f"{name},{subject},{shown}")
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(ANALYSES / "leaky_split/leaky_split.py"), str(tmp_path), "--folds", "3"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    found = json.loads(done.stdout)["accuracy"]
    for source, n in (("stills", 60), ("simulated", 800)):
        memory = found[source]["nearest_neighbour"]
        assert memory["by_row"]["n"] == n
        assert memory["by_row"]["estimate"] > memory["by_subject"]["estimate"]
        assert memory["inflation"]["estimate"] > 0
