"""The findings ``data.*``: rows read and kept, orders, customers, control totals, in the sentences of an executive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_value
from cxvalue.findings.writer import FindingWriter

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.tables.counts import TableSet

__all__ = ["data_findings"]

WRITER = FindingWriter("00_data_check", "data.", case="C18")


def data_findings(tables: TableSet, *, currency: str) -> list[Finding]:
    """The findings ``data.*``: rows read, rows dropped as bad, purchases made of them, and the control total."""
    contracts_only = "subscriptions" in tables.paths and "transactions" not in tables.paths
    main = "subscriptions" if contracts_only else "transactions"
    rows = dict.fromkeys(("read", "dropped", "kept"), 0)
    for count in tables.counts:
        if count.table == main and count.kind in rows:
            rows[count.kind] += count.rows

    bad = f"{rows['dropped']:,} of them were bad and were dropped." if rows["dropped"] else "None of them was bad."
    made = (
        f"They hold {rows['kept']:,} purchases: all that a customer bought on one day, after refunds."
        if main == "transactions"
        else f"They hold {rows['kept']:,} contracts."
    )
    what = "contracts" if main == "subscriptions" else "purchases"
    read = f"{rows['read']:,} rows of {main} were read."
    findings = [
        WRITER.write("rows", f"Rows of {main} read", rows["read"], "rows", read),
        WRITER.write("dropped", "Bad rows dropped", rows["dropped"], "rows", bad),
        WRITER.write(what, what.capitalize(), rows["kept"], what, made),
    ]
    control = tables.control
    if control is not None:
        agrees = "agree with" if control.within else "DO NOT AGREE with"
        text = (
            f"The tables hold {format_value(control.found, currency)} of revenue and {agrees} the ledger's "
            f"{format_value(control.expected, currency)}."
        )
        method = f"Sum of revenue from {tables.observed_from} to {tables.as_of}, refunds taken off."
        label = "Revenue against the ledger"
        findings.append(WRITER.write("control_difference", label, control.difference, currency, text, method))
    return findings
