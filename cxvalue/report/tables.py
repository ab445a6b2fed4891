"""Small tables as a notebook shows them: numbers written for reading, headings in words.

Each function takes results and returns a pandas Styler without an index; the numbers themselves are published elsewhere,
unrounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cxvalue.errors import CxvalueError
from cxvalue.report.answers import MODEL_TITLES
from cxvalue.report.numbers import format_finding, format_interval, format_level, format_number, format_value

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from cxvalue.cltv import CltvFit
    from cxvalue.customer_base import Waterfall
    from cxvalue.report.findings import Finding
    from cxvalue.tables.counts import TableSet
    from cxvalue.tables.states import PurchaseStates

__all__ = [
    "bridge_table",
    "cautions_table",
    "control_table",
    "counts_display",
    "counts_table",
    "holdout_display",
    "lifetimes_display",
    "models_display",
    "robust_sentence",
    "period_table",
    "sentences",
    "sources_table",
    "styled",
]


def styled(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] | None = None) -> Styler:
    """A table for reading, without row numbers."""
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(columns) if columns else None)
    return frame.style.hide(axis="index")


def sentences(findings: Iterable[Finding]) -> Styler:
    """The findings of a notebook: what it is, its value and range, and the sentence for the page."""
    return styled(
        {
            "finding": finding.label,
            "value": format_finding(finding),
            "range": format_interval(finding) or "—",
            "at": format_level(finding.level) if finding.level else "—",
            "in words": finding.text,
        }
        for finding in findings
    )


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


def period_table(change: pd.DataFrame, currency: str) -> Styler:
    """The groups of `customer_base.period_change`, before and after."""

    def per(top: float, bottom: float, unit: str) -> str:
        return format_value(top / bottom, unit) if bottom else "—"

    return styled(
        {
            "customers who": row.group,
            "customers before": f"{row.customers_before:,}",
            "after": f"{row.customers_after:,}",
            "purchases each, before": per(row.purchases_before, row.customers_before, ""),
            "after ": per(row.purchases_after, row.customers_after, ""),
            "margin per purchase, before": per(row.margin_before, row.purchases_before, currency),
            "after  ": per(row.margin_after, row.purchases_after, currency),
            "margin before": format_value(float(row.margin_before), currency),
            "after   ": format_value(float(row.margin_after), currency),
        }
        for row in change.itertuples()
    )


def bridge_table(bridge: Waterfall, currency: str) -> Styler:
    """The waterfall in customers and in margin, one line a step."""

    def money(amount: float | None) -> str:
        return "not available" if amount is None else format_value(amount, currency)

    lost = None if bridge.lost_margin is None else -bridge.lost_margin
    steps = (
        (f"active on {bridge.start}", bridge.opening, bridge.opening_margin),
        ("+ new and still active", bridge.new, bridge.new_margin),
        ("+ came back", bridge.reactivated, bridge.reactivated_margin),
        ("± stayed: they bring more or less", None, bridge.change_of_kept),
        ("− lost", -bridge.lost, lost),
        (f"= active on {bridge.end}", bridge.closing, bridge.closing_margin),
    )
    return styled(
        {
            "step": step,
            "customers": "" if customers is None else format_number(customers),
            "margin of 12 months": money(margin),
        }
        for step, customers, margin in steps
    )


def holdout_display(fit: CltvFit) -> Styler:
    """The holdout scores of every model, the chosen one marked."""
    return styled(
        {
            "model": MODEL_TITLES[score.model] + (" ← chosen" if score.model == fit.selected else ""),
            "came": f"{score.actual:,.0f}",
            "predicted": f"{score.predicted:,.0f}",
            "bias": format_number(score.bias),
            "MAE": format_number(score.mae),
            "RMSE": format_number(score.rmse),
            "wMAPE": format_value(score.wmape, "share") if score.wmape == score.wmape else "—",
            "log score": f"{score.log_score:,.1f}",
            "status": score.status,
        }
        for score in fit.scores
    )


def models_display(models: pd.DataFrame) -> Styler:
    """The parameters of every model in both windows."""

    def number(value: float, digits: int = 4) -> str:
        return f"{value:.{digits}g}" if value == value else "—"

    return styled(
        {
            "window": row.window,
            "model": MODEL_TITLES[row.model],
            "parameter": row.parameter,
            "estimate": number(row.estimate, 5),
            "standard error": number(row.se, 2),
            "interval": f"{number(row.low)} to {number(row.high)}",
            "log-likelihood": f"{row.log_likelihood:,.2f}",
            "status": row.status,
        }
        for row in models.itertuples()
    )


def robust_sentence(fit: CltvFit, states: PurchaseStates) -> str:
    """One sentence on the standard errors of the model that values the customers, against errors that do not trust it."""
    from cxvalue.lifetime.robust import robust_covariance

    try:
        check = robust_covariance(fit.model, states)
    except CxvalueError as error:
        return str(error)
    said = ", ".join(f"{name} {ratio:.2f}" for name, ratio in check.ratio.items())
    largest = max(check.ratio.values())
    verdict = (
        "Customers scatter about as much as the model says."
        if min(check.ratio.values()) >= 0.8 and largest <= 1.25
        else "Customers do not scatter as the model says: read the ranges of the parameters with care."
    )
    return f"Robust standard errors over those in the table, {MODEL_TITLES[fit.forecast]}: {said}. {verdict}"


def lifetimes_display(fit: CltvFit, states: PurchaseStates) -> Styler:
    """The parameters of the models that lifetimes knows, ours beside its own fit to the same customers.

    Where lifetimes finds no fit, that is said in its place.
    """
    from cxvalue.lifetime.lifetimes_bridge import cross_check

    grouped = states.grouped()
    rows = []
    for model in fit.full:
        if model.name not in ("bg_nbd", "mbg_nbd", "bg_bb"):
            continue
        try:
            checked = cross_check(model, grouped)
        except CxvalueError as error:
            rows.append(
                {"model": MODEL_TITLES[model.name], "figure": "—", "cxvalue": model.status, "lifetimes": str(error)}
            )
            continue
        for parameter, ours, theirs, difference in checked:
            rows.append(
                {
                    "model": MODEL_TITLES[model.name],
                    "figure": parameter.replace("_", "-"),
                    "cxvalue": f"{ours:,.6g}",
                    "lifetimes": f"{theirs:,.6g}",
                    "relative difference": f"{difference:.1e}",
                }
            )
    columns = ["model", "figure", "cxvalue", "lifetimes", "relative difference"]
    return styled([{name: row.get(name, "—") for name in columns} for row in rows], columns)
