"""Whether the windows of a campaign's customers are complete, and when they will be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxvalue.findings.numbers import format_value
from cxvalue.foundation.calendar import date_of
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    from datetime import date

    import ibis.expr.types as ir

    from cxvalue.questions.campaigns.campaign import CampaignData


def has_begun(contacts: ir.Table, name: str, control: str | None) -> bool:
    """Whether a campaign has rows of both its groups, or any row where nobody was held out."""
    rows = contacts.filter(contacts.campaign == name)
    held = (rows.arm == (control or "")).fill_null(False).ifelse(1, 0)
    [found] = rows.aggregate(every=rows.count(), held=held.sum()).to_pyarrow().to_pylist()
    return found["every"] > 0 if control is None else 0 < (found["held"] or 0) < found["every"]


def not_begun(window_days: int, as_of: date) -> str:
    """That a campaign had not begun for both its groups when the data end."""
    return translate(
        "It is too early to tell: the data end on {as_of}, before both groups of the campaign are in them. It can be told "
        "once they reach "
        "{window} after the contacts.",
        as_of=as_of,
        window=format_value(window_days, "days"),
    )


def too_early(data: CampaignData) -> str:
    """That nobody contacted, or nobody held out, was observed for the whole window, and when both will be; else empty."""
    sides, days = (~data.control, data.control), data.contacted_on + data.window_days
    if all((data.main.observed & side).any() for side in sides):
        return ""
    first, last = date_of(int(max(days[side].min() for side in sides))), date_of(int(days.max()))
    values = {"window": format_value(data.window_days, "days"), "as_of": data.as_of, "first": first, "last": last}
    if first == last:
        return translate(
            "It is too early to tell: contacted and held out have not both been followed for the whole window of {window}, "
            "as the data end on {as_of}. It can be told once the data reach {last}.",
            **values,
        )
    return translate(
        "It is too early to tell: contacted and held out have not both been followed for the whole window of {window}, "
        "as the data end on {as_of}. The first can be compared once the data reach {first}, all once they reach {last}.",
        **values,
    )


def interim_look(data: CampaignData) -> str:
    """That the window of some contacted customers is still open, and until when; empty where all are complete."""
    waiting = int((~data.main.observed & ~data.control).sum())
    if not waiting:
        return ""
    last = date_of(int(data.contacted_on.max()) + data.window_days)
    return translate(
        "This is an interim look: the window of {waiting:,} contacted customers is open until {day}. A test that is "
        "watched and stopped when it looks good finds an effect too often; decide on that day.",
        waiting=waiting,
        day=last,
    )
