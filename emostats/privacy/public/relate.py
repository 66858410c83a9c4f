"""How the counts of a report add up: subgroups to all, answered and not to entered, patterns to visits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from emostats.privacy.public.groups import EVERYONE, Group, Who
from emostats.privacy.public.ledger import Ledger
from emostats.study.spec import StudySpec


def relate(ledger: Ledger, spec: StudySpec) -> None:
    """Enters all relations, and the counts that nobody shows but that differences of totals give."""
    _halves(ledger, spec)
    _pairs(ledger, spec)
    _patterns(ledger, spec)
    _margins(ledger)
    _halves(ledger, spec)  # once more, for margins that were found
    _partitions(ledger)
    _sums(ledger, spec)
    _events(ledger)


def _halves(ledger: Ledger, spec: StudySpec) -> None:
    """Entered = those with something + those without."""
    last = spec.visits[-1].shown
    rest = {"answered": "unanswered", "analysed": "outside", "rated": "unrated", "value": "missing"}
    rest |= {"any": "never", "has": "lacking"}
    for group in list(ledger.values):
        kind, *about = group.status
        if kind == "answered" and about == [last]:
            ledger.split(group.of("entered"), group, group.of("lost"))
        elif kind in rest and not _second(group):
            ledger.split(group.of("entered"), group, group.of(rest[kind], *about))
    for group in ledger.groups("value"):
        _parts_of_value(ledger, group, spec)


def _second(group: Group) -> bool:
    """Whether the status is of completers or those lost only."""
    return {"answered", "lost"} & set(group.status[1:]) != set()


def _parts_of_value(ledger: Ledger, group: Group, spec: StudySpec) -> None:
    """Answered at a visit = value of the outcome + none; value = of completers + of those lost."""
    last = spec.visits[-1].shown
    _, parameter, visit, *more = group.status
    if not more:
        answered = group.of("answered", spec.visit_labels.get(visit, visit))
        ledger.split(answered, group, group.of("unscored", parameter, visit))
        stayed = group.of("value", parameter, visit, "answered", last)
        ledger.total(group, [stayed, group.of("value", parameter, visit, "lost")])
    elif more[0] in ("answered", "lost"):
        ledger.split(group.of(*more), group, group.of("lacking", *group.status[1:]))


def _pairs(ledger: Ledger, spec: StudySpec) -> None:
    """The two by two table of a value at baseline and at a later visit."""
    first = spec.baseline.name
    for group in ledger.groups("pair"):
        _, p, v = group.status[:3]
        at_first, at_later = group.of("value", p, first), group.of("value", p, v)
        only_first, only_later = group.of("first only", p, v), group.of("later only", p, v)
        ledger.split(at_first, group, only_first)
        ledger.split(at_later, group, only_later)
        ledger.split(group.of("missing", p, first), only_later, group.of("neither", p, v))
        ledger.total(group.of("missing", p, v), [only_first, group.of("neither", p, v)])


def _patterns(ledger: Ledger, spec: StudySpec) -> None:
    """Each pattern of observed visits counts towards the visits it has."""
    visits = spec.visit_names
    listed: dict[str, list[Group]] = defaultdict(list)
    for group in ledger.groups("pattern"):
        listed[group.status[1]].append(group)
    for p, groups in listed.items():
        if any(len(group.status[2]) != len(visits) for group in groups):
            continue
        first = visits.index(spec.baseline.name)
        ledger.total(Group(("entered",)), groups)
        ledger.total(Group(("any", p)), [group for group in groups if "1" in group.status[2]])
        for i, visit in enumerate(visits):
            seen = [group for group in groups if group.status[2][i] == "1"]
            ledger.total(Group(("value", p, visit)), seen)
            both = [group for group in seen if group.status[2][first] == "1"]
            ledger.total(Group(("pair", p, visit)), both)


def _events(ledger: Ledger) -> None:
    """Children with and without an event; events and repeated ones; kinds of events of a category."""
    terms: dict[tuple[str, Who], list[Group]] = defaultdict(list)
    for group in ledger.groups("n_events"):
        _, category, term = group.status
        about = (category, term)
        children = group.of("with event", *about)
        ledger.split(group.of("entered"), children, group.of("no event", *about))
        ledger.split(group, children, group.of("repeated", *about))
        ledger.split(group, group.of("n_serious", *about), group.of("repeated", "not serious", *about))
        if term:
            terms[category, group.who].append(group)
    for (category, who), groups in terms.items():
        ledger.total(Group(("n_events", category, ""), who), groups)


def _by_status(ledger: Ledger) -> dict[tuple[str, ...], dict[frozenset[str], list[Group]]]:
    found: dict[tuple[str, ...], dict[frozenset[str], list[Group]]] = defaultdict(lambda: defaultdict(list))
    for group in ledger.values:
        found[group.status][group.factors].append(group)
    return found


def _margins(ledger: Ledger) -> None:
    """Sums that an attacker can make himself: all boys, from boys of each age."""
    for status, by_factors in _by_status(ledger).items():
        whole = ledger.values.get(Group(status))
        fine = max(by_factors, key=len)
        if whole is None or len(fine) < 2 or any(factor.startswith("variable ") for factor in fine):
            continue
        if sum(ledger.values[group] for group in by_factors[fine]) != whole:
            continue
        for factor in fine:
            for group in by_factors[fine]:
                part = frozenset(pair for pair in group.who if pair[0] == factor)
                if Group(status, part) not in by_factors[frozenset({factor})]:
                    margin = Group(status, part)
                    inside = [other for other in by_factors[fine] if part <= other.who]
                    ledger.values.setdefault(margin, sum(ledger.values[other] for other in inside))


def _partitions(ledger: Ledger) -> None:
    """All = the sum over the levels of a factor, within whatever attributes both share."""
    for by_factors in _by_status(ledger).values():
        for coarse, wholes in by_factors.items():
            for fine, parts in by_factors.items():
                if coarse < fine and not _between(coarse, fine, by_factors):
                    _sum_up(ledger, wholes, parts, coarse)


def _between(coarse: frozenset[str], fine: frozenset[str], known: Iterable[frozenset[str]]) -> bool:
    return any(coarse < other < fine for other in known)


def _sum_up(ledger: Ledger, wholes: list[Group], parts: list[Group], coarse: frozenset[str]) -> None:
    inside: dict[Who, list[Group]] = defaultdict(list)
    for part in parts:
        inside[frozenset(pair for pair in part.who if pair[0] in coarse)].append(part)
    for whole in wholes:
        members = inside.get(whole.who, [])
        if not members:
            continue
        told = sum(ledger.values[part] for part in members)
        factors = ":".join(sorted(members[0].factors - coarse))
        if told < ledger.values[whole]:
            other = Group(whole.status, whole.who | {(factors, "(no level)")})
            ledger.values[other] = ledger.values[whole] - told
            members = [*members, other]
        ledger.total(whole, members)


def _sums(ledger: Ledger, spec: StudySpec) -> None:
    """Reasons for leaving add up to those lost; visits add up to the observations of an outcome."""
    reasons: dict[Who, list[Group]] = defaultdict(list)
    for group in ledger.groups("lost"):
        if len(group.status) == 2:
            reasons[group.who].append(group)
    for who, groups in reasons.items():
        ledger.total(Group(("lost",), who), groups)
    for group in ledger.groups("observations"):
        visits = [Group(("value", group.status[1], visit)) for visit in spec.visit_names]
        ledger.total(group, visits)
    for group in ledger.groups("entered"):
        if group.who == EVERYONE or len(group.factors) != 1:
            continue
        stayed = group.of("answered", spec.visits[-1].shown)
        ledger.total(group, [stayed, group.of("lost")])
