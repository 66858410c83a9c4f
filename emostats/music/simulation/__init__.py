"""Simulated children, to compare policies on. Nothing made here is evidence about music or about children.

Reading order: `laws` (every number, with its reason) → `children` (the usual and the worst cases) →
`dynamics` (how they respond, what a camera sees) → `scenario` (starts, targets, libraries).
"""
