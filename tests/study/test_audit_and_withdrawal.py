"""The audit log's chain, and withdrawal of consent."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from emostats.errors import UsageError
from emostats.study.audit import append_event, read_events, verify_audit
from emostats.study.spec import read_spec
from emostats.study.withdraw import withdraw
from emostats.study.withdrawals import read_withdrawals

NOW = datetime(2025, 5, 3, 12, tzinfo=UTC)
STUDY = """
[study]
id = "s"
title = "t"
[sources.a]
file = "a.csv"
[subjects]
source = "a"
columns = { USUBJID = "id" }
[[visits]]
name = "V0"
baseline = true
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    for number in range(4):
        append_event(tmp_path, "export", "s", {"file": f"é{number}.csv"}, NOW)
    return tmp_path


def test_a_log_that_was_left_alone_holds(log):
    check = verify_audit(log)
    assert check.holds and check.n_events == 4
    assert [event.number for event in read_events(log)] == [1, 2, 3, 4]
    assert read_events(log)[0].time == "2025-05-03T12:00:00+00:00"


def changed(log: Path, change) -> tuple[str, ...]:
    path = log / "audit.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    change(lines)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return verify_audit(log).problems


def test_a_changed_line_is_found(log):
    def change(lines):
        lines[1] = lines[1].replace("é1.csv", "é9.csv")

    assert changed(log, change) == ("line 2: its content does not give its hash; it was changed",)


def test_a_changed_line_with_a_new_hash_breaks_the_chain_behind_it(log, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    forged = [append_event(other, "export", "s", {"file": f"f{number}.csv"}, NOW) for number in range(2)]

    def change(lines):
        lines[0] = json.dumps(forged[0].__dict__)

    assert changed(log, change) == ("line 2: it does not follow the line before it",)


def test_a_removed_and_a_moved_line_are_found(log):
    assert len(changed(log, lambda lines: lines.pop(1))) == 3  # two numbers, one link


def test_a_line_that_is_no_event_is_found(log):
    assert "line 3: this is no event" in changed(log, lambda lines: lines.__setitem__(2, "{}"))[0]


def test_a_cut_end_shows_in_the_runs_beside_it(tmp_path):
    for name in ("r1", "r2"):
        append_event(tmp_path, "run", "s", {"run_id": name}, NOW)
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text("{}", encoding="utf-8")
    assert verify_audit(tmp_path).holds
    assert changed(tmp_path, lambda lines: lines.pop()) == ("run r2 lies here and is not in the log",)


def test_nothing_is_added_to_a_half_written_log(log):
    path = log / "audit.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UsageError, match="not whole"):
        append_event(log, "export", "s", {})


@pytest.fixture
def spec(tmp_path: Path):
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    for name, study, text in (("r1", "s", "child 017, too"), ("r2", "other", "017"), ("r3", "s", "1017")):
        run = tmp_path / "runs" / name
        run.mkdir(parents=True)
        (run / "log.txt").write_text(text, encoding="utf-8")
        manifest = {"study": study, "created": "2025-05-01", "outputs": [{"path": "log.txt"}]}
        (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return read_spec(tmp_path)


def test_withdrawal_is_kept_and_names_the_runs(spec):
    runs = spec.folder / "runs"
    done = withdraw(spec, "017", by="A. Weber", reason="=letter, of 3 May", runs=runs, now=NOW)
    assert [(run.folder.name, run.naming) for run in done.runs] == [("r1", ("log.txt",)), ("r3", ())]
    assert read_withdrawals(spec) == (done.decision,)
    event = read_events(runs)[-1]
    assert event.kind == "withdrawal"
    assert event.details["child"] == "017" and event.details["runs"] == ["r1", "r3"]
    with pytest.raises(UsageError, match="already"):
        withdraw(spec, "017", by="B", runs=runs)
    with pytest.raises(UsageError, match="name of who"):
        withdraw(spec, "018", by=" ", runs=runs)
    withdraw(spec, "018", by="B", runs=runs)
    assert [item.child for item in read_withdrawals(spec)] == ["017", "018"]


@pytest.mark.parametrize("text", ["", "a,b\n", "USUBJID,withdrawn,by,reason\n1,2\n", "\udcff"])
def test_damaged_withdrawals_stop_everything(spec, text):
    (spec.folder / "withdrawals.csv").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match=r"withdrawals\.csv"):
        read_withdrawals(spec)
