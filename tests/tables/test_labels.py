"""What tables say of customers."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pytest

from cxvalue.tables.labels import label_profiles, only_use, segments_of
from cxvalue.tables.panels.by_unit import contract_days

CUSTOMERS = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d"],
        "region": ["north", "south", None, "north"],
        "town": ["x", "x", "x", "x"],
        "floor": [1, 2, 1, 2],
        "acquired_on": [date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 3), date(2025, 1, 4)],
    }
)


def test_segments_are_columns_of_a_few_values_for_the_customers_that_are_asked_for() -> None:
    found = segments_of(ibis.memtable(CUSTOMERS), np.array(["d", "c", "b", "nobody"], dtype=object))
    assert list(found) == ["region", "floor"]
    assert list(found["region"]) == ["north", "not known", "south", "not known"]
    assert list(segments_of(ibis.memtable(CUSTOMERS), np.array(["a", "b"], dtype=object), text_only=True)) == ["region"]


def test_labels_that_customers_have_together_are_counted() -> None:
    labels, times = label_profiles(ibis.memtable(CUSTOMERS))
    assert dict(zip(labels["region"], times, strict=True)) == {"north": 2, "south": 1, "not known": 1}


@pytest.mark.parametrize("role", ["user", "User", " USER "])
def test_who_only_uses_a_contract_is_told_however_it_is_written(role: str) -> None:
    rows = pd.DataFrame(
        {
            "customer_id": ["payer", "other", "both", "both"],
            "start": [date(2025, 1, 1)] * 4,
            "end": pd.Series([date(2025, 6, 1), None, date(2025, 3, 1), date(2025, 9, 1)]),
            "role": ["buyer", role, None, role],
        }
    )
    table = ibis.memtable(rows, schema={"customer_id": "string", "start": "date", "end": "date", "role": "string"})
    assert table.mutate(uses=only_use(table.role)).to_pandas()["uses"].tolist() == [False, True, False, True]
    ended = contract_days(table).to_pandas().set_index("customer_id")["ended"]
    assert {who: str(day)[:10] for who, day in ended.items()} == {"payer": "2025-06-01", "both": "2025-03-01"}
