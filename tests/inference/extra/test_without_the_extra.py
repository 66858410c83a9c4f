"""Every entrance to the videos says what to install, when a package of the extra is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
from importlib import import_module
from pathlib import Path
missing, *entrances = sys.argv[1:]
sys.modules[missing] = None
from emostats.errors import UsageError
for entrance in entrances:
    module, _, call = entrance.partition(":")
    try:
        here = vars(import_module(module))
        eval(call, {**here, "Path": Path}) if call else None
    except UsageError as error:
        print("said" if 'pip install "emostats[inference]"' in str(error) else f"{entrance}: {error}")
    except BaseException as error:
        print(f"{entrance}: {type(error).__name__}: {error}")
    else:
        print(f"{entrance}: nothing was said")
"""
VIDEO = "emostats.inference"
NETWORK = (
    f"{VIDEO}.network", f"{VIDEO}.training", f"{VIDEO}.training.loop", f"{VIDEO}.training.state",
    f"{VIDEO}.pretrain", f"{VIDEO}.pretrain.distil", f"{VIDEO}.weights.files",
    f"{VIDEO}.sequences.recipe", f"{VIDEO}.sequences.examples", f"{VIDEO}.sequences.scores",
    f"{VIDEO}.weights:load('neutral-smile')", f"{VIDEO}.smile_model:SmileHead()",
    f"{VIDEO}.evaluation.scorers:scorer()", f"{VIDEO}.lab.clips:ClipScorer('neutral-smile')",
)  # fmt: skip
ENTRANCES = {
    "torch": NETWORK,
    "safetensors": (
        f"{VIDEO}.weights:load('neutral-smile')",
        f"{VIDEO}.training.state:_stored(Path('x'))",
        f"{VIDEO}.evaluation.scorers:scorer()",
    ),
    "av": (
        f"{VIDEO}.setup:check_ready()",
        f"{VIDEO}.video:video_info('x.mp4')",
        f"{VIDEO}.video:next(read_video('x.mp4'))",
    ),
    "ai_edge_litert": (
        f"{VIDEO}.setup:check_ready()",
        f"{VIDEO}.landmarks:FaceReader()",
        f"{VIDEO}.evaluation.scorers:scorer('rule')",
        f"{VIDEO}.evaluation.scorers:face_finder()",
    ),
    "PIL": (f"{VIDEO}.setup:check_ready()",),
}


@pytest.mark.parametrize("missing", ENTRANCES)
def test_one_message_names_the_extra(missing: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, missing, *ENTRANCES[missing]],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["said"] * len(ENTRANCES[missing])
