"""Tables of estimates on the terminal, rounded as in the report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

HEADERS = {
    "estimate": "Estimate", "std_error": "SE", "df": "df", "num_df": "num df", "den_df": "den df",
    "statistic": "t", "p_value": "p", "conf_low": "Low", "conf_high": "High",
}  # fmt: skip

WIDEST = 10_000
"""Characters that a line may have."""


def show_table(table: pd.DataFrame, title: str, names: dict[str, str] | None = None) -> None:
    """Prints a table on standard output; numbers have the digits their standard errors support.

    A line is as long as it needs to be, so that no number is cut: a terminal wraps it, a pipe gets it whole.
    """
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table

    headers = {**HEADERS, **(names or {})}
    shown = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    formats = _formats(table)
    for column in table.columns:
        shown.add_column(
            headers.get(column, str(column)), justify="right" if column in formats else "left", no_wrap=True
        )
    for row in table.to_dict("records"):
        shown.add_row(*(formats.get(str(name), str)(value) for name, value in row.items()))
    console = Console(highlight=False)
    needed = Measurement.get(console, console.options.update(width=WIDEST), shown).maximum
    console.width = max(console.width, needed)
    console.print(shown, soft_wrap=True)


def _formats(table: pd.DataFrame) -> dict[str, Callable[[Any], str]]:
    from emostats.render import rounding

    errors, values = (list(table[name]) if name in table else [] for name in ("std_error", "estimate"))
    places = rounding.shared_decimals(errors, values, significant=3)

    def number(value: Any) -> str:
        return rounding.fixed(value, places)

    formats: dict[str, Callable[[Any], str]] = {
        **dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), number),
        **dict.fromkeys(("df", "num_df", "den_df"), rounding.degrees_of_freedom),
        "statistic": rounding.statistic,
        "p_value": rounding.p_value,
    }
    return {name: form for name, form in formats.items() if name in table}
