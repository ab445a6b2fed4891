"""The findings ``data.*``: rows read and kept, orders, customers, control totals, in the sentences of an executive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.finding import Finding
from cxvalue.findings.numbers import format_value

if TYPE_CHECKING:
    from cxvalue.tables.counts import TableSet

__all__ = ["data_findings"]

DATA_NOTEBOOK = "00_data_check"


def data_findings(tables: TableSet, *, currency: str) -> list[Finding]:
    """The findings ``data.*``: rows read, rows dropped as bad, purchases made of them, and the control total."""
    contracts_only = "subscriptions" in tables.paths and "transactions" not in tables.paths
    main = "subscriptions" if contracts_only else "transactions"
    rows = dict.fromkeys(("read", "dropped", "kept"), 0)
    for count in tables.counts:
        if count.table == main and count.kind in rows:
            rows[count.kind] += count.rows

    def counted(name: str, label: str, kind: str, unit: str, text: str) -> Finding:
        return Finding(f"data.{name}", label, rows[kind], unit=unit, text=text, case="C18", notebook=DATA_NOTEBOOK)

    dropped = f"{rows['dropped']:,} of them were bad and were dropped." if rows["dropped"] else "None of them was bad."
    findings = [
        counted("rows", f"Rows of {main} read", "read", "rows", f"{rows['read']:,} rows of {main} were read."),
        counted("dropped", "Bad rows dropped", "dropped", "rows", dropped),
        counted(
            "purchases",
            "Purchases",
            "kept",
            "purchases",
            f"They hold {rows['kept']:,} purchases: all that a customer bought on one day, after refunds.",
        )
        if main == "transactions"
        else counted("contracts", "Contracts", "kept", "contracts", f"They hold {rows['kept']:,} contracts."),
    ]
    control = tables.control
    if control is not None:
        agrees = "agree with" if control.within else "DO NOT AGREE with"
        findings.append(
            Finding(
                "data.control_difference",
                "Revenue against the ledger",
                control.difference,
                unit=currency,
                text=f"The tables hold {format_value(control.found, currency)} of revenue and {agrees} the ledger's "
                f"{format_value(control.expected, currency)}.",
                method=f"Sum of revenue from {tables.observed_from} to {tables.as_of}, refunds taken off.",
                case="C18",
                notebook=DATA_NOTEBOOK,
            )
        )
    return findings
