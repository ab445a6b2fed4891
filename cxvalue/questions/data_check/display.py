"""What was read, as the tables of notebook 00: counts, sources, cautions and control totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_level, format_value

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.tables.counts import TableSet

__all__ = ["cautions_table", "control_table", "counts_display", "counts_table", "sources_table"]


def counts_table(tables: TableSet) -> pd.DataFrame:
    """Every count of rows of a preparation: table, kind, what, rows, amount; the form in which it is published."""
    import pandas as pd

    columns = ["table", "kind", "what", "rows", "amount"]
    return pd.DataFrame([{name: getattr(count, name) for name in columns} for count in tables.counts], columns=columns)


def counts_display(counts: pd.DataFrame, currency: str) -> Styler:
    """Counts of rows, written for reading."""
    return styled(
        {
            "table": row.table,
            "what": row.what,
            "": row.kind,
            "rows": f"{row.rows:,}",
            "amount": "—" if row.amount is None or row.amount != row.amount else format_value(row.amount, currency),
        }
        for row in counts.itertuples()
    )


def sources_table(tables: TableSet) -> Styler:
    """One line a table: how many rows were read."""
    return styled(
        {"table": count.table, "rows read": f"{count.rows:,}"} for count in tables.counts if count.kind == "read"
    )


def cautions_table(tables: TableSet) -> Styler:
    """What to look at before the numbers are believed, worst first."""
    from cxvalue.tables.cautions import worst_first

    return styled(
        {
            "table": one.table,
            "column": one.column or "—",
            "rows": f"{one.rows:,}",
            "share": "—" if one.share is None else format_level(one.share),
            "what": one.text,
            "evidence": "one grade lower" if one.lowers else "as it is",
        }
        for one in worst_first(tables.cautions)
    )


def control_table(tables: TableSet, currency: str) -> Styler:
    """The revenue found against the ledger's, or that no total was given."""
    control = tables.control
    if control is None:
        return styled([{"control total": "none given in the study file: the total was not compared with the ledger"}])
    return styled(
        [
            {
                "the ledger says": format_value(control.expected, currency),
                "the tables hold": format_value(control.found, currency),
                "difference": format_value(control.found - control.expected, currency),
                "tolerance": format_level(control.tolerance),
                "agrees": "yes" if control.within else "NO",
            }
        ]
    )
