"""The published percentages against the published means: the script, its file and its README say the same."""

import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "analyses/published_claims"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(FOLDER / "check.py"))


def test_every_claim_has_its_verdict(script):
    social, emotional = script["checks"]()
    assert (social.claimed, social.recomputed_text, social.exact, social.consistent) == (
        "98.44",
        "98.44",
        True,
        True,
    )
    assert (emotional.claimed, emotional.recomputed_text) == ("86.77", "86.83")
    assert (emotional.exact, emotional.consistent) == (False, True)
    assert emotional.low == pytest.approx(86.7405, abs=1e-4)
    assert emotional.high == pytest.approx(86.9122, abs=1e-4)


def test_the_readme_states_what_the_script_finds(script):
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for check in script["checks"]():
        assert f"{check.low:.2f} to {check.high:.2f} %" in text
        assert check.recomputed_text in text


def test_the_script_prints_and_returns_its_verdict(script, capsys, tmp_path):
    assert script["main"]() == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert "98.44 follows from" in printed[0]
    assert "86.77 is consistent with" in printed[1]
    other = tmp_path / "claims.toml"
    claim = (
        'name = "x"\nclaimed = "90.00"\nformula = "percent_change"\n'
        'inputs = { pre = "1.670", post = "3.120" }'
    )
    other.write_text(f"[[claims]]\n{claim}\n")
    assert script["main"](other) == 1
    assert "cannot come from" in capsys.readouterr().out
