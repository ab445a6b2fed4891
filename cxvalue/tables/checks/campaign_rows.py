"""The contacts of campaigns as rows: who stands in two arms of one, or was held out and contacted all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cxvalue.foundation.errors import Problem, nearest
from cxvalue.tables.cautions import Caution

if TYPE_CHECKING:
    import ibis.expr.types as ir

__all__ = ["held_and_sent", "product_problems", "two_arms"]

NOTABLE = 0.01
"""Share of a campaign's customers in two arms from which on the evidence is a grade weaker."""


def held_and_sent(contacts: ir.Table, campaign: str, control: str | None) -> list[Problem]:
    """The problem of a campaign that contacted customers of its control arm; none where it kept to its lot."""
    if control is None:
        return []
    rows = contacts.filter(contacts.campaign == campaign)
    held = rows.arm == control
    each = rows.group_by("customer_id").agg(held=held.ifelse(1, 0).max(), sent=held.ifelse(0, 1).max())
    both = each.held + each.sent == 2
    counted = each.aggregate(every=each.count(), both=both.ifelse(1, 0).sum(), held=each.held.sum())
    row = counted.to_pyarrow().to_pylist()[0]
    if not row["both"]:
        return []
    some = each.filter(both).order_by("customer_id").limit(3).to_pyarrow().column("customer_id").to_pylist()
    found = (
        f"{row['both']:,} customers stand in more than one arm of the campaign: contacted, and held out as well "
        f"({row['both'] / row['held']:.1%} of the {row['held']:,} held out; {', '.join(map(str, some))})."
    )
    return [
        Problem(f"campaigns.{campaign}", found, "Give each customer the arm of the first assignment, in every row.")
    ]


def two_arms(contacts: ir.Table, controls: Mapping[str, str | None]) -> list[Caution]:
    """A caution for each campaign in which customers were contacted in more than one arm: the first one counts.

    `controls` names the arm that was held out of each declared campaign (None: nobody). A second contact in the same arm is
    none, and customers both held out and contacted are refused where the campaign is read.
    """
    if "arm" not in contacts.columns:
        return []
    each = contacts.group_by(["campaign", "customer_id"]).agg(arms=contacts.arm.nunique(), rows=contacts.count())
    both = each.group_by("campaign").agg(
        customers=each.count(),
        double=(each.arms > 1).ifelse(1, 0).sum(),
        rows=(each.arms > 1).ifelse(each.rows, 0).sum(),
    )
    found = []
    for row in both.filter(both.double > 0).order_by("campaign").to_pyarrow().to_pylist():
        name, share = str(row["campaign"]), row["double"] / row["customers"]
        if name not in controls:
            continue
        text = (
            f"{row['double']:,} of the {row['customers']:,} customers of the campaign {name} ({share:.1%}) stand in more "
            "than one of its arms. Each counts in the arm of the first row, so what a later arm did is counted there as "
            "well: the arms may differ more than it seems."
        )
        found.append(
            Caution("two_arms", "contacts", "arm", int(row["rows"]), share, text, share >= NOTABLE, about=name)
        )
    return found


def product_problems(product: str, lines: ir.Table, campaign: str) -> list[Problem]:
    """The problem of a campaign whose product nobody sells, or that no transaction names."""
    where = f"campaigns.{campaign}.product"
    if "product" not in lines.columns:
        found = "is given, but the transactions have no column 'product'."
        return [Problem(where, found, "Map a product column, or leave it out.")]
    if lines.filter(lines["product"] == product).count().to_pyarrow().as_py():
        return []
    known = lines.select("product").distinct().order_by("product").limit(200).to_pyarrow().column("product").to_pylist()
    found = f"no transaction has the product {product!r}."
    return [Problem(where, found, nearest(product, [str(one) for one in known if one]))]
