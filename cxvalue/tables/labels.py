"""What tables say of customers: labels and numbers, who only uses a contract, and the group of a product."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxvalue.foundation.rounding import spread_of

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

MOST_LEVELS = 12
MOST_GROUPS = 200
NOT_KNOWN = "not known"
NOT_LABELS = ("customer_id", "acquired_on", "acquisition_cost")
"""Columns of the customers table that say no label of a customer."""


def labels_of_all(customers: ir.Table, names: Sequence[str]) -> pd.DataFrame:
    """Columns of the customers table as text, a row a customer by ascending id, nothing where the table says nothing."""
    text = customers.select("customer_id", **{name: customers[name].cast("string") for name in names}).to_pandas()
    rows: pd.DataFrame = text.drop_duplicates("customer_id").set_index("customer_id").sort_index(kind="stable")
    return rows


def segments_of(
    customers: ir.Table, ids: NDArray[np.object_], *, text_only: bool = False
) -> dict[str, NDArray[np.object_]]:
    """The segments of customers: each column with 2 to 12 different values among them, as their labels.

    `ids` are the customers in the order that is wanted; who has no entry is "not known". Ids, dates and costs of
    acquisition are no segments, and with `text_only` neither are numbers.
    """
    names = [name for name in customers.columns if name not in NOT_LABELS]
    names = [name for name in names if not text_only or customers[name].type().is_string()]
    if not names:
        return {}
    rows = labels_of_all(customers, names).reindex(ids)
    kept = [name for name in names if 2 <= rows[name].nunique() <= MOST_LEVELS]
    return {name: rows[name].fillna(NOT_KNOWN).to_numpy(object) for name in kept}


def only_use(role: ir.Value) -> ir.Value:
    """Whether rows of the subscriptions table are of people who use what somebody else pays, by their `role`."""
    return role.fill_null("").strip().lower() == "user"


def who_pay(subscriptions: ir.Table) -> ir.Table:
    """The rows of the subscriptions table without people who only use a contract; all where everybody is said to use one."""
    if "role" not in subscriptions.columns:
        return subscriptions
    rows = subscriptions.mutate(uses=only_use(subscriptions.role))
    return rows.filter(~(rows.uses & ~rows.uses.all().over())).drop("uses")


def label_profiles(customers: ir.Table) -> tuple[dict[str, NDArray[np.object_]], NDArray[np.float64]]:
    """The labels that customers have together, by column of text with 2 to 200 values, and how many customers have each.

    Counted where the table is. An empty label is "not known".
    """
    texts = [name for name in customers.columns if name not in NOT_LABELS and customers[name].type().is_string()]
    if not texts:
        return {}, np.zeros(0)
    sizes = customers.aggregate(**{name: customers[name].nunique() for name in texts}).to_pyarrow().to_pylist()[0]
    names = [name for name in texts if 2 <= sizes[name] <= MOST_GROUPS]
    counted = customers.group_by(names).agg(times=customers.customer_id.nunique()).order_by(names).to_pandas()
    labels = {name: counted[name].fillna(NOT_KNOWN).to_numpy(object) for name in names}
    return (labels, counted["times"].to_numpy(float)) if names else ({}, np.zeros(0))


def customers_as_numbers(
    customers: ir.Table | None, people: ir.Table, *, skip: Collection[str]
) -> NDArray[np.float64] | None:
    """Columns of the customers table in the order of `people.row`: numbers standardised, texts as one column a level.

    The most frequent level of a text is what the others are compared with; texts with more than 12 levels, or with one, say
    nothing. None when no column is left. Missing numbers count as the mean.
    """
    import pandas as pd

    names = [name for name in (customers.columns if customers is not None else ()) if name not in skip]
    if customers is None or not names:
        return None
    joined = people.select("customer_id", "row").left_join(customers.select("customer_id", *names), "customer_id")
    columns = []
    for _, values in joined.order_by("row").select(*names).to_pandas().items():
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(float)
        known = np.isfinite(numbers)
        if known.mean() > 0.9 and np.unique(numbers[known]).size > MOST_LEVELS:
            spread = float(spread_of(numbers[known]))
            if not spread:
                continue
            columns.append(np.nan_to_num((numbers - numbers[known].mean()) / spread))
            continue
        labels = values.astype("string").fillna("")
        levels = labels.value_counts().index[1:]
        if 1 <= len(levels) < MOST_LEVELS:
            columns += [(labels == level).to_numpy(float) for level in levels]
    return np.column_stack(columns) if columns else None


GROUP_MARK = " / "
"""In "DAIRY / 12345" the first part is the product's group."""


def product_group(lines: ir.Table) -> ir.StringColumn:
    """The group of each line's product: what stands before the mark, or the product itself."""
    group: ir.StringColumn = lines["product"].split(GROUP_MARK)[0]
    return group
