"""Promised against delivered: the finding ``programme.NAME.realisation``, its sentence and its tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_range, format_value
from cxvalue.money.realisation import promised_path, realised, realised_published
from cxvalue.questions.programmes.declared_case import criterion_hash
from cxvalue.questions.programmes.effect_findings import WRITER, title_of, writer_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import pandas as pd

    from cxvalue.findings.finding import Finding
    from cxvalue.money import Case
    from cxvalue.money.realisation import PromisedMonth, Realised
    from cxvalue.questions.programmes.measure import ProgrammeFit
    from cxvalue.study import Programme

__all__ = ["comparisons", "promise_table", "realisation_finding", "realisation_table"]

BASES = {
    "published": "the report with data up to {day} promised",
    "same_data": "the data up to {day} would have promised",
}


def comparisons(
    fit: ProgrammeFit, case: Case | None, published: Sequence[PromisedMonth], published_as_of: date | None
) -> list[Realised]:
    """Promise against delivery: of an earlier published run first, then of the same data cut at earlier dates."""
    if case is None:
        return []
    level = fit.effect.level
    found = [] if published_as_of is None else [realised_published(published, published_as_of, case, level)]
    found += [realised(one, case, level) for one in fit.earlier]
    return [one for one in found if one is not None]


def realisation_finding(fit: ProgrammeFit, found: Sequence[Realised], *, currency: str) -> Finding:
    """What was delivered of each promised unit since the first promise there is; withheld with the reason without one."""
    writer, key, label = writer_of(WRITER, fit.name), "realisation", "delivered of what was promised"
    fade = next((check for check in fit.effect.checks if check.name == "fade" and check.passed is False), None)
    fades = f" {fade.detail}" if fade else ""
    if not found:
        reason = "nothing was promised in money before, or no month has passed since."
        return writer.withhold(key, label, reason + fades, "share")
    first = found[0]
    if not first.promised_se + first.delivered_se > 0:
        reason = "the effect carries no error, neither then nor now, so no range can be given."
        return writer.withhold(key, label, reason + fades, "share", word="withheld")
    months = len(first.months)
    said = BASES[first.basis].format(day=f"{first.as_of:%B %Y}")
    promise = format_value(first.promised, currency)
    came = format_value(first.delivered, currency)
    since = f"the {months} months since" if months > 1 else "the month since"
    if first.ratio is None:
        low, high = (first.promised + side * first.reach * first.promised_se for side in (-1, 1))
        reason = (
            f"{said} {promise} of margin for {since} ({format_range(low, high, currency)}), which cannot be told "
            f"from nothing; {came} was measured.{fades}"
        )
        return writer.withhold(key, label, reason, "share", word="withheld")
    ratio, low, high = first.ratio
    text = (
        f"{title_of(fit.name)}: {said} {promise} of margin for {since}; {came} was measured, {format_value(ratio, 'share')} "
        f"of it ({format_range(low, high, 'share')}).{fades}"
    )
    method = (
        "Margin of the months since then by today's effect, over the margin that the effect as measured then, carried on by "
        "the rules of the case, gave for them: the same estimator twice. Range by Fieller's method, the two errors taken as "
        "independent."
    )
    writer = replace(writer, grade=fit.effect.grade, level=fit.effect.level)
    return writer.write(key, label, first.ratio, "share", text, method)


def realisation_table(found: Sequence[Realised], programme: str) -> pd.DataFrame:
    """Promised and delivered margin by month, for every date at which something was promised."""
    import pandas as pd

    rows = []
    for one in found:
        for month, (promised, promised_se, delivered, delivered_se) in zip(one.months, one.by_month.T, strict=True):
            wide, narrow = one.reach * promised_se, one.reach * delivered_se
            rows.append(
                (programme, one.basis, one.as_of.isoformat(), month.isoformat(), promised, promised - wide, promised + wide,
                 delivered, delivered - narrow, delivered + narrow)
            )  # fmt: skip
    columns = ["programme", "basis", "as_of", "month", "promised", "promised_low", "promised_high", "delivered"]
    return pd.DataFrame(rows, columns=[*columns, "delivered_low", "delivered_high"])


def promise_table(fit: ProgrammeFit, declared: Programme, case: Case) -> pd.DataFrame:
    """What the case promises month by month under its criterion: a later run holds it against what came."""
    import pandas as pd

    number, last = criterion_hash(declared), case.effect.last_month.isoformat()
    rows = [
        (fit.name, number, last, one.month.isoformat(), one.treated_customers, one.margin, one.low, one.high, one.se)
        for one in promised_path(case, fit.effect.level)
    ]
    columns = ["programme", "criterion", "as_of", "month", "treated_customers", "promised", "low", "high", "se"]
    return pd.DataFrame(rows, columns=columns)
