"""The plan lock: what is plan gives the hash, what is only shown does not, and a change is named."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime

import pytest

from emostats.errors import UsageError
from emostats.resources import resource
from emostats.study import compare_plan, lock_plan, plan_hash, read_spec
from emostats.study.instruments import instruments_folder
from emostats.study.plan import MISSING, plan_of

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def study(tmp_path):
    """A study folder without any data, with an instrument file of its own."""
    text = (resource("analyses") / "emomusik_182" / "study.toml").read_text(encoding="utf-8")
    text = text.replace('name = "family_questionnaire"', 'name = "mine.toml"')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    shutil.copy(instruments_folder() / "family_questionnaire.toml", tmp_path / "mine.toml")
    return tmp_path


def edit(folder, old, new, file="study.toml"):
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text, old
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_not_locked_then_unchanged(study):
    assert compare_plan(read_spec(study)).state == "not locked"
    lock = lock_plan(study, now=NOON)
    status = compare_plan(read_spec(study))
    assert (status.state, status.changes, status.locked) == ("unchanged", (), "2025-03-01T12:00:00+00:00")
    assert status.hash == status.locked_hash == lock.hash == plan_hash(read_spec(study))
    assert len(lock.hash) == 64


def test_the_lock_needs_no_data(study):
    assert not (study / "data").exists()
    lock_plan(study)
    assert sorted(path.name for path in study.iterdir()) == ["mine.toml", "plan.lock.json", "study.toml"]


@pytest.mark.parametrize(
    ("old", "new", "key", "locked", "now"),
    [
        ("reml = true", "reml = false", "analyses.primary.reml", True, False),
        ("seed = 20251", "seed = 1", "study.seed", 20251, 1),
        ("age_bands = [1, 7, 13]", "age_bands = [1, 8, 13]", "subgroups.age_bands", [1, 7, 13], [1, 8, 13]),
        ("week = 12", "week = 13", "visits.WEEK12.week", 12, 13),
        (
            '"kenward-roger-linear"',
            '"satterthwaite"',
            "analyses.primary.df_method",
            "kenward-roger-linear",
            "satterthwaite",
        ),
        ("by sex and age band", "by sex", "estimands.social_interest.summary", None, None),
        (
            'rule = "all_visits"',
            'rule = "any_outcome"',
            "analysis_sets.COMPLETERS.rule",
            "all_visits",
            "any_outcome",
        ),
        (
            '"Mean valence"',
            '"Median valence"',
            "session_scores.parameters.VALENCE.column",
            "Mean valence",
            "Median valence",
        ),
        ("n_resamples = 1000", "n_resamples = 2000", "analyses.bootstrap.n_resamples", 1000, 2000),
    ],
)
def test_a_change_of_the_plan_is_named_with_both_values(study, old, new, key, locked, now):
    lock_plan(study)
    edit(study, old, new)
    status = compare_plan(read_spec(study))
    assert status.state == "changed" and [change.key for change in status.changes] == [key]
    if locked is not None:
        assert (status.changes[0].locked, status.changes[0].now) == (locked, now)
    assert status.hash != status.locked_hash


def test_the_content_of_instrument_files_is_plan(study):
    lock_plan(study)
    edit(study, "max_missing = 1", "max_missing = 2", "mine.toml")
    edit(study, "reverse = true", "reverse = false", "mine.toml")
    keys = [change.key for change in compare_plan(read_spec(study)).changes]
    assert keys == [
        "instrument_files.mine.toml.items.SI3.reverse",
        "instrument_files.mine.toml.scoring.max_missing",
    ]


def test_analyses_added_and_dropped_are_changes(study):
    lock_plan(study)
    edit(study, "[outputs]", '[[analyses]]\nname = "late"\ntype = "mmrm"\nparameters = ["SOCINT"]\n[outputs]')
    changes = {change.key: change for change in compare_plan(read_spec(study)).changes}
    assert changes["analyses.late.df_method"].locked == MISSING
    assert changes["analyses.late.df_method"].now == "kenward-roger-linear"
    assert all(key.startswith("analyses.late.") for key in changes)


def test_the_order_of_visits_is_plan(study):
    text = (study / "study.toml").read_text(encoding="utf-8")
    for week in (0, 4, 8, 12):
        text = text.replace(f"week = {week}\n", "")
    (study / "study.toml").write_text(text, encoding="utf-8")
    lock_plan(study)
    start, end = text.index('[[visits]]\nname = "WEEK04"'), text.index('[[visits]]\nname = "WEEK08"')
    moved = text[:start] + text[end:].replace("[[instruments]]", text[start:end] + "[[instruments]]", 1)
    (study / "study.toml").write_text(moved, encoding="utf-8")
    assert [change.key for change in compare_plan(read_spec(study)).changes] == ["visit_order"]


@pytest.mark.parametrize(
    ("old", "new", "file"),
    [
        ("Music therapy for children", "A music programme for children", "study.toml"),
        ('M = "Boys"', 'M = "Male"', "study.toml"),
        ('label = "Week 4"', 'label = "One month"', "study.toml"),
        ("figures = true", "figures = false", "study.toml"),
        ("data/emomusik_182_simulated.xlsx", "data/final.xlsx", "study.toml"),
        ("schema = 1", "# a remark\nschema = 1", "study.toml"),
        ("reml = true\n", "", "study.toml"),  # the default written out is the same plan
        ('title = "Family questionnaire', 'title = "The family questionnaire', "mine.toml"),
    ],
)
def test_what_is_only_shown_or_only_a_place_is_not_plan(study, old, new, file):
    lock_plan(study)
    edit(study, old, new, file)
    assert compare_plan(read_spec(study)).state == "unchanged"


def test_a_lock_is_not_overwritten_unless_told_and_history_is_kept(study):
    first = lock_plan(study, now=NOON)
    edit(study, "reml = true", "reml = false")
    with pytest.raises(UsageError, match="was locked on 2025-03-01"):
        lock_plan(study)
    assert compare_plan(read_spec(study)).locked_hash == first.hash
    second = lock_plan(study, replace=True)
    third = lock_plan(study, replace=True)
    assert [entry["hash"] for entry in third.history] == [first.hash, second.hash]
    assert third.history[0]["plan"]["analyses"]["primary"]["reml"] is True
    status = compare_plan(read_spec(study))
    assert status.state == "unchanged" and status.times_replaced == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}', "\udcff"])
def test_a_damaged_lock_is_named(study, content):
    (study / "plan.lock.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    for action in (lambda: compare_plan(read_spec(study)), lambda: lock_plan(study, replace=True)):
        with pytest.raises(UsageError, match=r"plan\.lock\.json"):
            action()


def test_an_edited_lock_is_noticed(study):
    lock_plan(study)
    path = study / "plan.lock.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    written["plan"]["analyses"]["primary"]["reml"] = False
    path.write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(UsageError, match="was edited"):
        compare_plan(read_spec(study))


def test_a_lock_from_a_later_format_is_not_guessed_at(study):
    lock_plan(study)
    path = study / "plan.lock.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 1', '"format": 2'), encoding="utf-8")
    with pytest.raises(UsageError, match="format 2"):
        compare_plan(read_spec(study))


def test_a_lock_is_written_whole_or_not_at_all(study, monkeypatch):
    first = lock_plan(study)

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("emostats.study.lock.os.fsync", fail)
    with pytest.raises(UsageError, match="the disk is full"):
        lock_plan(study, replace=True)
    monkeypatch.undo()
    assert compare_plan(read_spec(study)).locked_hash == first.hash
    assert sorted(path.name for path in study.iterdir()) == ["mine.toml", "plan.lock.json", "study.toml"]


def test_the_hash_of_the_published_design_is_stable():
    """Reading twice gives one hash, and the hash is that of the canonical JSON by its definition."""
    import hashlib

    spec = read_spec(resource("analyses") / "autism_vsae")
    text = json.dumps(plan_of(spec), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert plan_hash(spec) == hashlib.sha256(text.encode()).hexdigest()
    assert plan_hash(spec) == plan_hash(read_spec(resource("analyses") / "autism_vsae" / "study.toml"))
