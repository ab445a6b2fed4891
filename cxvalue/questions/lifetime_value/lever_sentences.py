"""The sentences on the value levers: what one thing changed is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.finding import opening
from cxvalue.findings.numbers import format_level, format_range, format_value
from cxvalue.language.catalogue import translatable, translate
from cxvalue.lifetime.prediction.levers import lasting
from cxvalue.questions.lifetime_value.horizons import levers_table

if TYPE_CHECKING:
    import pandas as pd

    from cxvalue.lifetime import Lever, ValueLevers

_LOST, _GAINED = False, True
_RETENTION = {
    _GAINED: translatable(
        "If one more in every hundred customers who are still there stayed for the next 12 months ({after:.1%} instead of "
        "{before:.1%}), today's customers would bring {worth} more over {months} months ({range})."
    ),
    _LOST: translatable(
        "If one more in every hundred customers who are still there stayed for the next 12 months ({after:.1%} instead of "
        "{before:.1%}), today's customers would bring {worth} less over {months} months ({range})."
    ),
}
_PURCHASE = {
    _GAINED: translatable(
        "If the {active:,} active customers bought once more a year while they stay ({after:.1f} instead of {before:.1f} "
        "times), they would bring {worth} more over {months} months ({range})."
    ),
    _LOST: translatable(
        "If the {active:,} active customers bought once more a year while they stay ({after:.1f} instead of {before:.1f} "
        "times), they would bring {worth} less over {months} months ({range})."
    ),
}
_PERIOD = {
    "week with a purchase": translatable(
        "If the {active:,} active customers bought in one more week a year while they stay ({after:.1f} "
        "instead of {before:.1f} weeks), they would bring {worth} more over {months} months ({range})."
    ),
    "month with a purchase": translatable(
        "If the {active:,} active customers bought in one more month a year while they stay ({after:.1f}"
        " instead of {before:.1f} months), they would bring {worth} more over {months} months ({range})."
    ),
    "quarter with a purchase": translatable(
        "If the {active:,} active customers bought in one more quarter a year while they stay ({after:.1f} instead of "
        "{before:.1f} quarters), they would bring {worth} more over {months} months ({range})."
    ),
    "year with a purchase": translatable(
        "If the {active:,} active customers bought in one more year a year while they stay ({after:.1f} "
        "instead of {before:.1f} years), they would bring {worth} more over {months} months ({range})."
    ),
}
_PERIOD_LOST = translatable(
    "If the {active:,} active customers bought in one more period a year while they stay ({after:.1f} instead of "
    "{before:.1f} periods), they would bring {worth} less over {months} months ({range})."
)
_MARGIN = {
    _GAINED: translatable(
        "If every {thing} brought {one} more margin, today's customers would bring {worth} more over "
        "{months} months ({range})."
    ),
    _LOST: translatable(
        "If every {thing} brought {one} more margin, today's customers would bring {worth} less over "
        "{months} months ({range})."
    ),
}
_MARGIN_OF_PURCHASE = {
    _GAINED: translatable(
        "If every purchase brought {one} more margin, today's customers would bring {worth} more over "
        "{months} months ({range})."
    ),
    _LOST: translatable(
        "If every purchase brought {one} more margin, today's customers would bring {worth} less over "
        "{months} months ({range})."
    ),
}
_EROSION = {
    _GAINED: translatable(
        "If nothing is done while the market takes {share} of the purchases a year for {time}, today's customers are "
        "forecast to bring {worth} more over {months} months ({range})."
    ),
    _LOST: translatable(
        "If nothing is done while the market takes {share} of the purchases a year for {time}, today's customers are "
        "forecast to bring {worth} less over {months} months ({range})."
    ),
}


def levers_report(levers: ValueLevers, currency: str, thing: str = "purchase") -> pd.DataFrame:
    """The table of the value levers with a sentence for each in the column text, as published in ``levers.csv``.

    `thing` is one of what the models count (`CltvFit.thing`).
    """
    table = levers_table(levers)
    table["text"] = [
        opening("withheld") + lever.withheld if lever.withheld else _lever(lever, levers, currency, thing)
        for lever in levers.levers
    ]
    return table


def _lever(lever: Lever, levers: ValueLevers, currency: str, thing: str) -> str:
    gain = lever.gain
    low, high = sorted((abs(gain.low), abs(gain.high))) if gain.low * gain.high > 0 else (gain.low, gain.high)
    more = gain.value >= 0
    worth = {
        "worth": format_value(abs(gain.value), currency),
        "months": levers.horizon_months,
        "range": format_range(low, high, currency),
    }
    moved = {"before": lever.before, "after": lever.after}
    if lever.name == "retention":
        return translate(_RETENTION[more], **moved, **worth)
    if lever.name == "purchase":
        oftener = _PURCHASE[more] if thing == "purchase" else _PERIOD[thing] if more else _PERIOD_LOST
        return translate(oftener, active=levers.active, **moved, **worth)
    if lever.name == "margin":
        one = format_value(lever.change, currency)
        if thing == "purchase":
            return translate(_MARGIN_OF_PURCHASE[more], one=one, **worth)
        return translate(_MARGIN[more], thing=translate(thing), one=one, **worth)
    return translate(_EROSION[more], share=format_level(lever.change), time=lasting(levers.horizon_months), **worth)
