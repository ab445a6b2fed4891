"""Promised against delivered: the finding ``programme.NAME.realisation``, its sentence and its tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from cxvalue.findings.numbers import format_month, format_range, format_value
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.money.realisation import promised_path, realised, realised_published
from cxvalue.questions.programmes.declared_case import criterion_hash
from cxvalue.questions.programmes.effect_findings import WRITER, title_of, writer_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from cxvalue.findings.finding import Finding
    from cxvalue.money import Case
    from cxvalue.money.realisation import PromisedMonth, Realised
    from cxvalue.questions.programmes.measure import ProgrammeFit
    from cxvalue.study import Programme


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
    writer, key, label = writer_of(WRITER, fit.name), "realisation", translate("share of the promise delivered")
    fade = next((check for check in fit.effect.checks if check.name == "fade" and check.passed is False), None)
    fades = f" {fade.detail}" if fade else ""
    if not found:
        reason = translate("nothing was promised in money before, or no month has passed since.")
        return writer.withhold(key, label, reason + fades, "share")
    first = found[0]
    if not first.promised_se + first.delivered_se > 0:
        reason = translate("the effect had no error then and has none now, so no range can be given.")
        return writer.withhold(key, label, reason + fades, "share", word="withheld")
    if first.ratio is None:
        return writer.withhold(key, label, _untold(first, currency) + fades, "share", word="withheld")
    method = translate(
        "Margin of the months since then by today's effect, divided by the margin that the effect as "
        "measured then, continued by the rules of the case, gave for them: the same estimator twice. "
        "Range by Fieller's method, assuming independent errors."
    )
    writer = replace(writer, grade=fit.effect.grade, level=fit.effect.level)
    text = _delivered(first, title_of(fit.name), currency) + fades
    return writer.write(key, label, first.ratio, "share", text, method)


def _delivered(first: Realised, title: str, currency: str) -> str:
    """What was promised, by a report or by these data, and what came."""
    assert first.ratio is not None
    ratio, low, high = first.ratio
    told = {
        "title": title,
        "month": format_month(first.as_of),
        "promise": format_value(first.promised, currency),
        "measured": format_value(first.delivered, currency),
        "share": format_value(ratio, "share"),
        "range": format_range(low, high, "share"),
    }
    if first.basis == "published":
        return translate_count(
            "{title}: the report with data up to {month} promised {promise} of margin for the month since; {measured} was "
            "measured, {share} of it ({range}).",
            "{title}: the report with data up to {month} promised {promise} of margin for the {count:,} months since; "
            "{measured} was measured, {share} of it ({range}).",
            len(first.months),
            **told,
        )
    return translate_count(
        "{title}: the data up to {month} would have promised {promise} of margin for the month since; {measured} was "
        "measured, {share} of it ({range}).",
        "{title}: the data up to {month} would have promised {promise} of margin for the {count:,} months since; {measured} "
        "was measured, {share} of it ({range}).",
        len(first.months),
        **told,
    )


def _untold(first: Realised, currency: str) -> str:
    """Why a promise that may have been nothing is no base for a share."""
    low, high = (first.promised + side * first.reach * first.promised_se for side in (-1, 1))
    told = {
        "month": format_month(first.as_of),
        "promise": format_value(first.promised, currency),
        "range": format_range(low, high, currency),
        "measured": format_value(first.delivered, currency),
    }
    if first.basis == "published":
        return translate_count(
            "the report with data up to {month} promised {promise} of margin for the month since ({range}), "
            "which may be nothing at all; {measured} was measured.",
            "the report with data up to {month} promised {promise} of margin for the {count:,} months since "
            "({range}), which may be nothing at all; {measured} was measured.",
            len(first.months),
            **told,
        )
    return translate_count(
        "the data up to {month} would have promised {promise} of margin for the month since ({range}), "
        "which may be nothing at all; {measured} was measured.",
        "the data up to {month} would have promised {promise} of margin for the {count:,} months since "
        "({range}), which may be nothing at all; {measured} was measured.",
        len(first.months),
        **told,
    )


def realisation_table(found: Sequence[Realised], programme: str) -> pd.DataFrame:
    """Promised and delivered margin by month, for every date at which something was promised."""
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
    number, last = criterion_hash(declared), case.effect.last_month.isoformat()
    rows = [
        (fit.name, number, last, one.month.isoformat(), one.treated_customers, one.margin, one.low, one.high, one.se)
        for one in promised_path(case, fit.effect.level)
    ]
    columns = ["programme", "criterion", "as_of", "month", "treated_customers", "promised", "low", "high", "se"]
    return pd.DataFrame(rows, columns=columns)
