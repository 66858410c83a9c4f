"""`emostats init`: a study file drafted from what a workbook shows."""

from emostats.cli.draft.sheets import only_table, read_sheets
from emostats.cli.draft.text import draft_study

__all__ = ["draft_study", "only_table", "read_sheets"]
