"""Small cells hidden so that linear programming does not get them back."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from emostats.errors import UsageError
from emostats.privacy.suppression import (
    LINKED,
    RULES,
    SMALL,
    Cell,
    Counts,
    Relation,
    Rule,
    Table,
    attack,
    disclosed,
    linked,
    primary,
    protect,
    rule_of,
)

AUTISM = Path(__file__).parents[2] / "analyses" / "autism_vsae" / "data" / "autism_vsae_hlmdiag.csv"
CMS = RULES["cms"]


def autism_table() -> Table:
    children = pd.read_csv(AUTISM).drop_duplicates("childid")
    counted = pd.crosstab([children["gender"], children["race"]], children["sicdegp"])
    rows = tuple("/".join(names) for names in counted.index)
    return Table("autism", rows, tuple(counted.columns), tuple(map(tuple, counted.to_numpy().tolist())))


def test_with_margins_primary_suppression_alone_is_undone():
    """155 real children, sex × race by language level: 8 girls who are not white are recovered exactly."""
    counts = linked([autism_table()])
    found = attack(counts, primary(counts, CMS).hidden)
    girls = found["autism", "female/nonwhite", ""]
    assert (girls.low, girls.high) == (8, 8)
    assert len(disclosed(counts, primary(counts, CMS).hidden, CMS)) == 7


def test_two_by_two_cell_is_recovered_exactly_without_further_hiding():
    table = Table("t", ("a", "b"), ("x", "y"), ((5, 20), (30, 40)))
    counts = linked([table])
    found = attack(counts, primary(counts, CMS).hidden)
    assert found["t", "a", "x"].width == pytest.approx(0)


def test_further_hiding_protects_the_autism_cells():
    counts = linked([autism_table()])
    pattern = protect(counts, CMS)
    assert pattern.small == primary(counts, CMS).small
    assert pattern.linked
    assert disclosed(counts, pattern.hidden, CMS) == {}
    assert disclosed(counts, pattern.hidden, CMS, whole=True) == {}
    for key in pattern.small:
        interval = attack(counts, pattern.hidden, [key])[key]
        assert interval.low <= 1 and interval.high >= 11


def test_totals_are_kept_when_details_do():
    """One small cell in a large table: three further cells of a rectangle suffice, no margin goes."""
    inner = np.full((4, 4), 30)
    inner[1, 2] = 4
    names = tuple("abcd")
    counts = linked([Table("t", names, names, tuple(map(tuple, inner.tolist())))])
    pattern = protect(counts, CMS)
    assert len(pattern.linked) == 3
    assert all(row and column for _, row, column in pattern.linked)


def test_linked_tables_are_attacked_together():
    """Sex by race and sex by language share the number of girls: hidden in one table, told by the other."""
    girls = ("girls total",)
    one = Table("race", ("girls", "boys"), ("white", "other"), ((5, 4), (60, 50)), {("girls", ""): girls})
    two = Table("speech", ("girls", "boys"), ("low", "high"), ((6, 3), (55, 55)), {("girls", ""): girls})
    counts = linked([one, two])
    hidden = {key: SMALL for key in primary(counts, CMS).hidden if key != girls}
    assert attack(counts, hidden, [girls])[girls].width == 0
    pattern = protect(counts, CMS)
    assert girls in pattern.hidden
    assert disclosed(counts, pattern.hidden, CMS, whole=True) == {}


def test_tables_that_contradict_each_other_are_refused():
    one = Table("a", ("x",), ("y",), ((5,),), {("", ""): "n"})
    two = Table("b", ("x",), ("y",), ((6,),), {("", ""): "n"})
    with pytest.raises(ValueError, match="5 in one table and 6"):
        linked([one, two])


def test_differences_of_totals_that_no_table_shows_are_protected():
    """182 children, 178 of them answered: nobody shows the 4 who did not, everybody can subtract."""
    cells = (Cell("all", 182, cost=10.0), Cell("answered", 178), Cell("silent", 4, shown=False))
    counts = Counts(cells, (Relation.total("all", ("answered", "silent")),))
    assert "silent" in disclosed(counts, {}, CMS)
    pattern = protect(counts, CMS)
    assert pattern.hidden == {"answered": LINKED}
    assert disclosed(counts, pattern.hidden, CMS) == {}


def test_counts_that_are_no_groups_are_not_hidden_for_being_small():
    counts = Counts((Cell("visits", 4, sensitive=False),))
    assert protect(counts, CMS).hidden == {}


def test_zero_is_shown_and_the_threshold_itself_too():
    counts = Counts((Cell("none", 0), Cell("ten", 10), Cell("eleven", 11)))
    assert protect(counts, CMS).hidden == {"ten": SMALL}


def test_rounding_widens_what_differences_tell():
    """182 and 176 are published as 180 and 175: the 6 who are missing may be 1 to 9."""
    rule = RULES["opensafely"]
    cells = (Cell("all", 182), Cell("answered", 176), Cell("silent", 6, shown=False))
    counts = Counts(cells, (Relation.total("all", ("answered", "silent")),))
    interval = attack(counts, {}, ["silent"], rule=rule)["silent"]
    assert (interval.low, interval.high) == (1, 9)
    assert protect(counts, rule).hidden == {}


def test_where_rounding_is_not_enough_more_is_hidden():
    """182 and 178 are both published as 180: at most 4 are missing, which is told too well."""
    rule = RULES["opensafely"]
    cells = (Cell("all", 182, cost=9.0), Cell("answered", 178), Cell("silent", 4, shown=False))
    counts = Counts(cells, (Relation.total("all", ("answered", "silent")),))
    assert disclosed(counts, {}, rule)
    assert protect(counts, rule).hidden == {"answered": LINKED}


def test_what_is_known_to_be_large_is_not_used_to_hide_others():
    """Both halves are known to reach the threshold, because their results are shown: nobody may be moved."""
    halves = [Cell(name, 15, floor=11) for name in ("girls", "boys")]
    parts = [Cell("girls lost", 3), Cell("girls stayed", 12), Cell("boys lost", 7), Cell("boys stayed", 8)]
    relations = (
        Relation.total("all", ("girls", "boys")),
        Relation.total("girls", ("girls lost", "girls stayed")),
        Relation.total("boys", ("boys lost", "boys stayed")),
    )
    counts = Counts((Cell("all", 30, cost=50.0), *halves, *parts), relations)
    pattern = protect(counts, CMS)
    assert disclosed(counts.unfloored(pattern.unfloored), pattern.hidden, CMS, whole=True) == {}


@pytest.mark.parametrize(("count", "shown"), [(8, 10), (12, 10), (13, 15), (182, 180), (0, 0)])
def test_rounding_goes_to_the_nearest_multiple(count, shown):
    assert RULES["opensafely"].shown(count) == shown


def test_rules_by_name_and_by_number():
    assert rule_of("cms").threshold == 11
    assert rule_of("7").threshold == 7
    with pytest.raises(UsageError, match=r"no rule 'cmss'.*'cms'"):
        rule_of("cmss")
    with pytest.raises(UsageError, match="threshold of 2 or more"):
        Rule("none", 1)


@settings(max_examples=25, deadline=None)
@given(
    hnp.arrays(np.int64, st.tuples(st.integers(2, 4), st.integers(2, 4)), elements=st.integers(0, 40)),
    st.sampled_from([5, 11]),
)
def test_no_random_table_is_disclosed(inner, threshold):
    rule = Rule("any", threshold)
    rows, columns = (tuple(f"{name}{i}" for i in range(n)) for name, n in zip("rc", inner.shape, strict=True))
    counts = linked([Table("t", rows, columns, tuple(map(tuple, inner.tolist())))])
    pattern = protect(counts, rule)
    assert counts.holds()
    assert set(pattern.small) == {cell.key for cell in counts.cells if 0 < cell.value < threshold}
    assert disclosed(counts, pattern.hidden, rule) == {}
    assert disclosed(counts, pattern.hidden, rule, whole=True) == {}


def cost_of(counts, hidden):
    return sum(counts.cells[counts.index[key]].cost for key in hidden)


def cheapest_by_trying_all(counts, rule, at_most):
    """The cost of the cheapest safe set of further counts, tried in order of cost."""
    first = primary(counts, rule).hidden
    free = [cell.key for cell in counts.cells if cell.key not in first]
    sets = [chosen for size in range(len(free) + 1) for chosen in combinations(free, size)]
    costs = [(cost_of(counts, chosen), i) for i, chosen in enumerate(sets)]
    for cost, i in sorted(entry for entry in costs if entry[0] < at_most - 1e-9):
        if not disclosed(counts, {*first, *sets[i]}, rule, whole=True):
            return cost
    return at_most


@pytest.mark.parametrize(
    "inner",
    [
        ((0, 3, 7), (13, 10, 11)),
        ((9, 11), (2, 2), (1, 0)),
        ((12, 13), (3, 0), (0, 2)),
        ((12, 3, 9), (1, 8, 7)),
    ],
)
def test_no_more_is_hidden_than_the_best_of_all_choices_hides(inner):
    rule = Rule("any", 5)
    rows, columns = (
        tuple(f"{name}{i}" for i in range(n)) for name, n in (("r", len(inner)), ("c", len(inner[0])))
    )
    counts = linked([Table("t", rows, columns, inner)])
    pattern = protect(counts, rule)
    cost = cost_of(counts, pattern.linked)
    assert pattern.linked
    assert cost == pytest.approx(cheapest_by_trying_all(counts, rule, cost))


def test_counts_that_turn_out_not_to_be_needed_are_shown_again():
    """Four rows by six columns: whatever is hidden beside the small counts protects one of them."""
    rng = np.random.default_rng(3)
    inner = rng.poisson(9, (4, 6))
    names = tuple("abcd"), tuple("uvwxyz")
    counts = linked([Table("t", *names, tuple(map(tuple, inner.tolist())))])
    pattern = protect(counts, CMS)
    for key in pattern.linked:
        hidden = set(pattern.hidden) - {key}
        assert disclosed(counts, hidden, CMS, whole=True), key


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 25), min_size=8, max_size=8))
def test_no_random_pair_of_linked_tables_is_disclosed(values):
    """A three-way table published as two of its two-way margins."""
    cube = np.array(values).reshape(2, 2, 2)
    tables = [
        Table("ab", ("a0", "a1"), ("b0", "b1"), tuple(map(tuple, cube.sum(axis=2).tolist())),
              {("", ""): "n", ("a0", ""): "a0", ("a1", ""): "a1"}),
        Table("ac", ("a0", "a1"), ("c0", "c1"), tuple(map(tuple, cube.sum(axis=1).tolist())),
              {("", ""): "n", ("a0", ""): "a0", ("a1", ""): "a1"}),
    ]  # fmt: skip
    counts = linked(tables)
    pattern = protect(counts, CMS)
    assert disclosed(counts, pattern.hidden, CMS, whole=True) == {}


def test_an_attack_in_whole_numbers_is_never_wider():
    counts = linked([autism_table()])
    hidden = primary(counts, CMS).hidden
    real, whole = attack(counts, hidden), attack(counts, hidden, whole=True)
    for key, interval in real.items():
        assert interval.low <= whole[key].low + 1e-6 and whole[key].high <= interval.high + 1e-6
        assert whole[key].low <= counts.values[counts.index[key]] <= whole[key].high
