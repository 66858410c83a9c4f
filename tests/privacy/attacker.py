"""An attacker who was not told how the suppression works.

He has the public tables of a run and common sense: subgroups add up to all, those who answered and those who
did not add up to those who entered, completers and lost add up to all, categories to their group. From every
number shown he builds linear constraints, and asks for the least and the greatest value of a hidden count.
Nothing here uses the code that hides.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import linprog

GROUPS = ("All", "Completers", "Lost")


class Attacker:
    """Unknown counts by name, equations among them, and what the public tables fix."""

    def __init__(self, tables, estimates, visits, last, threshold=11):
        self.names: dict[tuple, int] = {}
        self.equations: list[tuple[dict[int, float], float]] = []
        self.below: list[dict[int, float]] = []
        self.known: dict[int, float] = {}
        self.least: dict[int, float] = {}
        self.visits, self.last, self.threshold = visits, last, threshold
        self._flow(tables["flow"])
        self._visits(tables["visits"])
        self._baseline(tables["baseline"])
        self._estimates(estimates)

    def at(self, *name):
        return self.names.setdefault(name, len(self.names))

    def see(self, value, *name):
        position = self.at(*name)
        if pd.notna(value):
            self.known[position] = float(value)

    def equal(self, whole, parts):
        self.equations.append(({whole: 1.0, **dict.fromkeys(parts, -1.0)}, 0.0))

    def less(self, small, large):
        self.below.append({small: 1.0, large: -1.0})

    def _text(self, value):
        return value if isinstance(value, str) else ""

    def _flow(self, flow):
        self.levels = [level for level in dict.fromkeys(map(self._text, flow["level"])) if level]
        stages = dict.fromkeys((row.stage, self._text(row.reason)) for row in flow.itertuples())
        for row in flow.itertuples():
            self.see(row.n, "stage", row.stage, self._text(row.reason), self._text(row.level))
        for stage, reason in stages:
            whole = self.at("stage", stage, reason, "")
            self.equal(whole, [self.at("stage", stage, reason, level) for level in self.levels])
            for level in ("", *self.levels):
                self.less(self.at("stage", stage, reason, level), self.at("stage", "Entered", "", level))
        reasons = [reason for stage, reason in stages if stage == "Lost" and reason]
        for level in ("", *self.levels):
            lost = self.at("stage", "Lost", "", level)
            stayed = self.at("stage", f"{self.visits[self.last]} answered", "", level)
            self.equal(self.at("stage", "Entered", "", level), [lost, stayed])
            if reasons:
                self.equal(lost, [self.at("stage", "Lost", reason, level) for reason in reasons])

    def _visits(self, visits):
        for row in visits.itertuples():
            place = row.parameter, row.visit, self._text(row.level)
            self.see(row.n, "value", *place)
            self.see(row.n_missing, "missing", *place)
            entered = self.at("stage", "Entered", "", place[2])
            self.equal(entered, [self.at("value", *place), self.at("missing", *place)])
            answered = self.at("stage", f"{self.visits[row.visit]} answered", "", place[2])
            self.less(self.at("value", *place), answered)
        for parameter, visit in dict.fromkeys(zip(visits["parameter"], visits["visit"], strict=True)):
            for what in ("value", "missing"):
                parts = [self.at(what, parameter, visit, level) for level in self.levels]
                self.equal(self.at(what, parameter, visit, ""), parts)

    def _baseline(self, baseline):
        sizes = {
            "All": self.at("stage", "Entered", "", ""),
            "Lost": self.at("stage", "Lost", "", ""),
            "Completers": self.at("stage", f"{self.visits[self.last]} answered", "", ""),
            **{level: self.at("stage", "Entered", "", level) for level in self.levels},
        }
        counted = baseline[baseline["category"].fillna("") != ""]
        for variable, part in counted.groupby("variable"):
            categories = list(dict.fromkeys(part["category"]))
            for row in part.itertuples():
                self.see(row.count, "of", variable, row.category, row.level)
                if pd.notna(row.n):
                    self.known[sizes[row.level]] = float(row.n)
                if pd.notna(row.percent) and pd.notna(row.n):
                    self.see(row.percent * row.n / 100, "of", variable, row.category, row.level)
            for category in categories:
                whole = self.at("of", variable, category, "All")
                for split in (self.levels, ["Completers", "Lost"]):
                    self.equal(whole, [self.at("of", variable, category, level) for level in split])
            for level, size in sizes.items():
                self.equal(size, [self.at("of", variable, category, level) for category in categories])

    def _estimates(self, estimates):
        rows = estimates[estimates["kind"].isin(["ls_mean", "change", "percent_change", "effect_size"])]
        for row in rows.itertuples():
            label = self._text(row.level)
            inside = [level for level in self.levels if label in (level, *level.split(", "))]
            parts = [self.at("value", row.parameter, row.visit, level) for level in inside]
            name = ("value", row.parameter, row.visit, label)
            if label and label not in self.levels:
                self.equal(self.at(*name), parts)
            self.see(row.n, *name)
            if pd.notna(row.estimate):  # its children are many enough to be shown
                self.least[self.at(*name)] = float(self.threshold)

    def knows(self, *name):
        """Least and greatest value of a count that fit everything published."""
        target = self.names[name]
        n = len(self.names)
        equations = np.zeros((len(self.equations), n))
        for row, (terms, _) in enumerate(self.equations):
            for position, coefficient in terms.items():
                equations[row, position] += coefficient
        below = np.zeros((len(self.below), n))
        for row, terms in enumerate(self.below):
            for position, coefficient in terms.items():
                below[row, position] += coefficient
        bounds = [
            (self.known[i], self.known[i]) if i in self.known else (self.least.get(i, 0.0), None)
            for i in range(n)
        ]
        found = []
        for sign in (1.0, -1.0):
            price = np.zeros(n)
            price[target] = sign
            solved = linprog(
                price, A_ub=below, b_ub=np.zeros(len(below)), A_eq=equations,
                b_eq=np.zeros(len(equations)), bounds=bounds, method="highs",
            )  # fmt: skip
            assert solved.status in (0, 3), solved.message
            found.append(float("inf") if solved.status == 3 else sign * solved.fun)
        return tuple(found)
