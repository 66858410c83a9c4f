"""Published figures checked against their own rounding."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emostats.errors import UsageError
from emostats.statistics.effects import Range, check_claim, exactly, printed


def test_a_claim_that_follows_from_the_printed_means():
    found = check_claim("98.44", "percent_change", {"pre": "1.280", "post": "2.540"})
    assert (found.recomputed, found.recomputed_text, found.exact, found.consistent) == (
        98.4375,
        "98.44",
        True,
        True,
    )
    assert "follows from pre 1.280, post 2.540 as printed" in found.sentence()


def test_a_claim_that_only_rounding_of_the_means_can_explain():
    found = check_claim(
        "86.77 %", "percent_change", {"pre": "1.670", "post": "3.120"}, name="Emotional response"
    )
    assert (found.recomputed_text, found.exact, found.consistent) == ("86.83", False, True)
    low = 100 * (Fraction("3.1195") / Fraction("1.6705") - 1)
    high = 100 * (Fraction("3.1205") / Fraction("1.6695") - 1)
    assert (found.low, found.high) == (float(low), float(high))
    assert found.sentence().startswith("Emotional response: 86.77 % is consistent with")


def test_a_claim_that_cannot_be():
    found = check_claim("86.70", "percent_change", {"pre": "1.670", "post": "3.120"})
    assert not found.consistent
    assert "cannot come from" in found.sentence()


def test_decimals_decide():
    """With one decimal less in the means the same claim would be possible."""
    assert check_claim("86.70", "percent_change", {"pre": "1.67", "post": "3.12"}).consistent


def test_counts_are_not_rounded():
    assert check_claim(
        "94.0", "share", {"count": "171", "total": "182"}, exact_inputs=("count", "total")
    ).exact
    assert not check_claim(
        "94.1", "share", {"count": "171", "total": "182"}, exact_inputs=("count", "total")
    ).consistent


def test_own_formulas_and_truncated_figures():
    found = check_claim(
        "0.33", lambda a, b: a / b, {"a": "1", "b": "3"}, exact_inputs=("a", "b"), truncated=True
    )
    assert found.exact
    assert not check_claim(
        "0.34", lambda a, b: a / b, {"a": "1", "b": "3"}, exact_inputs=("a", "b"), truncated=True
    ).exact
    assert printed("-1.25", truncated=True) == Range(Fraction("-1.26"), Fraction("-1.25"))


def test_printed_numbers():
    assert printed("1.280") == Range(Fraction("1.2795"), Fraction("1.2805"))
    assert printed("98.44 %") == Range(Fraction("98.435"), Fraction("98.445"))
    assert printed("−3") == Range(Fraction("-3.5"), Fraction("-2.5"))
    assert printed("1,200") == Range(Fraction("1199.5"), Fraction("1200.5"))
    assert exactly("7") == Range(Fraction(7), Fraction(7))


def test_arithmetic_of_ranges():
    a, b = Range(Fraction(1), Fraction(2)), Range(Fraction(-1), Fraction(3))
    assert a + b == Range(Fraction(0), Fraction(5))
    assert a - b == Range(Fraction(-2), Fraction(3))
    assert a * b == Range(Fraction(-2), Fraction(6))
    assert b / a == Range(Fraction(-1), Fraction(3))
    assert 1 - a == Range(Fraction(-1), Fraction(0))
    assert 2 / a == Range(Fraction(1), Fraction(2))
    assert 2 * a + 1 == Range(Fraction(3), Fraction(5))
    with pytest.raises(UsageError, match="may be zero"):
        a / b


@settings(max_examples=100, deadline=None)
@given(st.floats(0.5, 9.5), st.floats(0.5, 9.5), st.integers(0, 4), st.integers(0, 3))
def test_true_claims_are_never_called_inconsistent(pre, post, decimals, claimed_decimals):
    """Whatever the unrounded means were, their percentage agrees with their printed forms."""
    claim = f"{100 * (post / pre - 1):.{claimed_decimals}f}"
    texts = {"pre": f"{pre:.{decimals}f}", "post": f"{post:.{decimals}f}"}
    if float(texts["pre"]) - 0.5 * 10.0**-decimals > 0:
        assert check_claim(claim, "percent_change", texts).consistent


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: printed(1.28), "as text, so that trailing zeros count"),
        (lambda: printed("about 2"), "not a decimal number"),
        (lambda: printed("inf"), "not a decimal number"),
        (lambda: check_claim("1", "percent", {"a": "1"}), "no formula called 'percent'"),
        (lambda: check_claim("1", "share", {}), "not among the inputs"),
        (lambda: check_claim("1", "share", {"count": "1", "total": "2"}, exact_inputs=("n",)), r"\['n'\]"),
        (lambda: check_claim("1", "percent_change", {"pre": "0.0", "post": "2"}), "may be zero"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(UsageError, match=message):
        call()
