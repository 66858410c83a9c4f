"""The pages about study and instrument files: every key is explained, every example is valid."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
from pydantic import BaseModel

from emostats.study import read_instrument, read_spec, score
from emostats.study.instruments import Instrument
from emostats.study.spec import StudySpec

DOCS = Path(__file__).parents[2] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def models(annotation, seen=None) -> set[type[BaseModel]]:
    """Every model that a model is made of."""
    seen = set() if seen is None else seen
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    if is_model and annotation not in seen:
        seen.add(annotation)
        for field in annotation.model_fields.values():
            models(field.annotation, seen)
    for part in get_args(annotation):
        models(part, seen)
    return seen


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize(
    ("model", "name"), [(StudySpec, "study-file.md"), (Instrument, "questionnaire-data.md")]
)
def test_every_key_is_explained(model, name):
    text = page(name)
    for part in models(model):
        for key, field in part.model_fields.items():
            written = field.alias or key
            assert re.search(rf"[`\[.\s{{]{re.escape(written)}[`\]. =]", text), f"{part.__name__}.{written}"


def test_every_choice_is_named():
    text = page("study-file.md")
    for part in models(StudySpec):
        for key, field in part.model_fields.items():
            for choice in (c for a in (field.annotation, *get_args(field.annotation)) for c in get_args(a)):
                if isinstance(choice, str) and len(choice) > 3 and key not in ("type", "form", "fallback"):
                    assert choice in text, f"{part.__name__}.{key}: {choice}"


def test_the_complete_example_is_a_study_file(tmp_path):
    example = blocks(page("study-file.md"), "toml")[0]
    (tmp_path / "study.toml").write_text(example, encoding="utf-8")
    assert read_spec(tmp_path).visit_names == ("BASELINE", "WEEK12")


def test_the_instrument_example_scores_as_the_page_says(tmp_path):
    text = page("questionnaire-data.md")
    (tmp_path / "bedtime.toml").write_text(blocks(text, "toml")[0], encoding="utf-8")
    answers = pd.DataFrame({"BT1": [4], "BT2": [2], "BT3": [None]}, dtype=float)
    row = score(read_instrument(tmp_path / "bedtime.toml"), answers).iloc[0]
    assert "= 12 points" in text
    assert (row["AVAL"], row["N_ITEMS"], row["N_ITEMS_ANSWERED"]) == (12, 3, 2)


def test_every_finding_of_the_table_exists():
    rules = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", page("questionnaire-data.md").split("| Finding |")[1]))
    code = "".join(
        path.read_text(encoding="utf-8") for path in (DOCS.parent / "emostats" / "ingest").rglob("*.py")
    )
    assert len(rules) > 30
    assert not {rule for rule in rules if f'"{rule}"' not in code}
