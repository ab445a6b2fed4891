"""Whom of a campaign's customers other campaigns contacted, and when: added up by the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import numpy as np

from cxvalue.foundation.arrays import Ints
from cxvalue.tables.held_out import in_held_out_arm

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study import Campaign


EARLIER_DAYS = 365
"""How long before a campaign others count as earlier ones."""
NEAR_DAYS = 7
"""Days from an end within which a mailing counts as a whole: groups dated some days apart lie on one side of it."""


class OtherContacts(NamedTuple):
    """Whom another campaign contacted: places in the rows of this one, and days from its first contact to the other's."""

    place: Ints
    since: Ints


def other_contacts(
    numbered: ir.Table,
    contacts: ir.Table,
    *,
    name: str,
    window_days: int,
    longest: int,
    declared: Sequence[Campaign] = (),
) -> dict[str, OtherContacts]:
    """Contacts by other campaigns of the customers of `numbered` (customer_id, first, number), by campaign.

    One that came before counts where its own window (of an undeclared campaign: `window_days`) reaches the first contact,
    a later one up to `longest` days. Of several the first counts. Who was held out by another campaign was not contacted.
    """
    joined = _contacted(numbered, contacts, name, window_days, declared)
    joined = joined.mutate(before=_as_of_mailing(joined, joined.reach))
    joined = joined.filter((joined.before >= -joined.reach) & (joined.since <= longest))
    return _by_campaign(joined.group_by(["campaign", "number"]).agg(since=joined.since.min()))


def earlier_contacts(
    numbered: ir.Table, contacts: ir.Table, *, name: str, window_days: int, declared: Sequence[Campaign] = ()
) -> dict[str, OtherContacts]:
    """The same of contacts that came before those, up to a year before the first contact; of several the last counts."""
    joined = _contacted(numbered, contacts, name, window_days, declared)
    joined = joined.mutate(before=_as_of_mailing(joined, joined.reach), longest=_as_of_mailing(joined, EARLIER_DAYS))
    joined = joined.filter((joined.before < -joined.reach) & (joined.longest >= -EARLIER_DAYS))
    return _by_campaign(joined.group_by(["campaign", "number"]).agg(since=joined.since.max()))


def _contacted(
    numbered: ir.Table, contacts: ir.Table, name: str, window_days: int, declared: Sequence[Campaign]
) -> Any:
    """All contacts by other campaigns: campaign, number, since (days from the first contact here), reach (its window)."""
    rows: Any = contacts.filter(contacts.campaign != name)
    held, reach = in_held_out_arm(rows.arm), ibis.literal(window_days)
    known = [one for one in declared if one.name != name]
    if known:
        cases = [(rows.campaign == one.name, rows.arm == ibis.literal(one.control)) for one in known if one.control]
        cases += [(rows.campaign == one.name, ibis.literal(False)) for one in known if not one.control]
        held = ibis.cases(*cases, else_=held).fill_null(False)
        reach = ibis.cases(*((rows.campaign == one.name, one.window_days) for one in known), else_=window_days)
    sent = rows.mutate(reach=reach).filter(~held).select("customer_id", "campaign", "date", "reach")
    joined: Any = numbered.select("customer_id", "first", "number").inner_join(sent, "customer_id")
    joined = joined.mutate(since=joined.date.delta(joined["first"], unit="day"))
    return joined


def _as_of_mailing(joined: ir.Table, days: ir.Value | int) -> ir.Value:
    """Days from the first contact; about `days` before it, the mean of all customers whom one mailing reached about then."""
    near = (joined.since + days).abs() <= NEAR_DAYS
    return near.ifelse(joined.since.mean(where=near).over(group_by=["campaign", "date"]), joined.since.cast("float64"))


def _by_campaign(contacted: ir.Table) -> dict[str, OtherContacts]:
    table = contacted.to_pyarrow()
    campaign = table.column("campaign").combine_chunks().dictionary_encode()
    code = campaign.indices.to_numpy(zero_copy_only=False)
    place, since = (table.column(one).to_numpy().astype(np.int64) for one in ("number", "since"))
    order = np.argsort(code, kind="stable")
    names = campaign.dictionary.to_pylist()
    parts = np.split(order, np.cumsum(np.bincount(code, minlength=len(names)))[:-1]) if names else []
    found = {str(other): OtherContacts(place[rows], since[rows]) for other, rows in zip(names, parts, strict=True)}
    return dict(sorted(found.items()))
