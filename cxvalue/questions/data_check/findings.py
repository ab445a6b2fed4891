"""The findings ``data.*``: rows read and kept, orders, customers, control totals, in the sentences of an executive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_value
from cxvalue.findings.writer import FindingWriter
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from cxvalue.findings.finding import Finding
    from cxvalue.tables.counts import TableSet

WRITER = FindingWriter("00_data_check", "data.", case="C18")


def data_findings(tables: TableSet, *, currency: str) -> list[Finding]:
    """The findings ``data.*``: rows read, rows dropped as bad, purchases made of them, and the control total."""
    contracts_only = "subscriptions" in tables.paths and "transactions" not in tables.paths
    main = "subscriptions" if contracts_only else "transactions"
    rows = dict.fromkeys(("read", "dropped", "kept"), 0)
    for count in tables.counts:
        if count.table == main and count.kind in rows:
            rows[count.kind] += count.rows

    findings = [*_rows_of_contracts(rows)] if contracts_only else [*_rows_of_purchases(rows)]
    control = tables.control
    if control is not None:
        sums = {"found": format_value(control.found, currency), "expected": format_value(control.expected, currency)}
        text = (
            translate("The tables contain {found} of revenue and agree with the ledger's {expected}.", **sums)
            if control.within
            else translate(
                "The tables contain {found} of revenue and DO NOT AGREE with the ledger's {expected}.", **sums
            )
        )
        method = translate(
            "Sum of revenue from {start} to {end}, net of refunds.", start=tables.observed_from, end=tables.as_of
        )
        label = translate("Revenue against the ledger")
        findings.append(WRITER.write("control_difference", label, control.difference, currency, text, method))
    return findings


def _rows_of_purchases(rows: Mapping[str, int]) -> tuple[Finding, ...]:
    read = translate("{rows:,} rows of transactions were read.", rows=rows["read"])
    made = translate(
        "They contain {kept:,} purchases; all that a customer bought on one day, net of refunds, counts as one.",
        kept=rows["kept"],
    )
    return (
        WRITER.write("rows", translate("Rows of transactions read"), rows["read"], "rows", read),
        _dropped(rows["dropped"]),
        WRITER.write("purchases", translate("Purchases"), rows["kept"], "purchases", made),
    )


def _rows_of_contracts(rows: Mapping[str, int]) -> tuple[Finding, ...]:
    read = translate("{rows:,} rows of subscriptions were read.", rows=rows["read"])
    made = translate("They contain {kept:,} contracts.", kept=rows["kept"])
    return (
        WRITER.write("rows", translate("Rows of subscriptions read"), rows["read"], "rows", read),
        _dropped(rows["dropped"]),
        WRITER.write("contracts", translate("Contracts"), rows["kept"], "contracts", made),
    )


def _dropped(rows: int) -> Finding:
    bad = (
        translate("{dropped:,} of them were bad and were dropped.", dropped=rows)
        if rows
        else translate("None of them was bad.")
    )
    return WRITER.write("dropped", translate("Bad rows dropped"), rows, "rows", bad)
