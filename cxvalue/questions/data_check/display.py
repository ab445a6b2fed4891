"""What was read, as the tables of notebook 00: counts, sources, cautions and control totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from cxvalue.findings.display import styled
from cxvalue.findings.numbers import format_level, format_value
from cxvalue.language.catalogue import translatable, translate, written
from cxvalue.language.words import spoken_words

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

    from cxvalue.tables.counts import TableSet


def counts_table(tables: TableSet) -> pd.DataFrame:
    """Every count of rows of a preparation: table, kind, what, rows, amount; the form in which it is published."""
    columns = ["table", "kind", "what", "rows", "amount"]
    return pd.DataFrame([{name: getattr(count, name) for name in columns} for count in tables.counts], columns=columns)


def counts_display(counts: pd.DataFrame, currency: str) -> Styler:
    """Counts of rows, written for reading."""
    words = spoken_words()
    return styled(
        {
            translate("table"): row.table,
            translate("what"): row.what,
            translate("status"): words.get(f"kind_{row.kind}", row.kind),
            translate("rows"): written(row.rows, ","),
            translate("amount"): "—"
            if row.amount is None or row.amount != row.amount
            else format_value(row.amount, currency),
        }
        for row in counts.itertuples()
    )


def sources_table(tables: TableSet) -> Styler:
    """One line a table: how many rows were read."""
    return styled(
        {translate("table"): count.table, translate("rows read"): written(count.rows, ",")}
        for count in tables.counts
        if count.kind == "read"
    )


def cautions_table(tables: TableSet) -> Styler:
    """What to look at before the numbers are believed, worst first."""
    from cxvalue.tables.cautions import worst_first

    return styled(
        {
            translate("table"): one.table,
            translate("column"): one.column or "—",
            translate("rows"): written(one.rows, ","),
            translate("share"): "—" if one.share is None else format_level(one.share),
            translate("what"): one.text,
            translate("evidence"): translate("one grade lower") if one.lowers else translate("as it is"),
        }
        for one in worst_first(tables.cautions)
    )


def control_table(tables: TableSet, currency: str) -> Styler:
    """The revenue found against the ledger's, or that no total was given."""
    control = tables.control
    if control is None:
        return styled(
            [
                {
                    translate("control total"): translate(
                        "none given in the study file, so the total was not compared with the ledger"
                    )
                }
            ]
        )
    return styled(
        [
            {
                translate("the ledger shows"): format_value(control.expected, currency),
                translate("the tables show"): format_value(control.found, currency),
                translate("difference"): format_value(control.found - control.expected, currency),
                translate("tolerance"): format_level(control.tolerance),
                translate("agrees"): translate("yes") if control.within else translate("NO"),
            }
        ]
    )


_NOTES = {
    "no_cautions": translatable("Nothing to note."),
    "nothing_found": translatable("Nothing was found."),
    "one_table": translatable("There is only one table with an id."),
}


def note(name: str, **values: object) -> str:
    """A remark of the notebook by its name, in the language that is spoken."""
    return translate(_NOTES[name], **values)
