"""A refusal names the columns that are something by their names, and the values that are in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.firstmile.found import recognise
from cxvalue.foundation.errors import BadInput
from tests.exports import as_csv


@pytest.mark.parametrize(
    ("header", "rows", "said"),
    [
        (
            "customer_id|date|net",
            ["a|Januar 2025|5", "b|Januar 2025|6", "a|Mai 2025|7"],
            "'date' is a day by its name, but 3 of 3 values are not, such as 'Januar 2025'.",
        ),
        (
            "customer_id|date|net",
            ["a|2025-01-03|5", "b|2025-01-04|6", "customer_id|date|net", "a|2025-05-09|7"],
            "'date' is a day by its name, but 1 of 4 values is not: 'date'.",
        ),
        (
            "customer_id|date|net",
            ["a|2025-01-03|٥", "b|2025-01-04|٦"],
            "'net' is an amount by its name, but 2 of 2 values are not, such as '٥'.",
        ),
        (
            "customer_id|date|net",
            ["a|2025-01-03|5", *["|2025-01-04|6"] * 3],
            "'customer_id' is empty in 3 of 4 rows. Where it stands on the first row of a group only, write it on every row",
        ),
        (
            "customer_id|date|net",
            ["a|2025-01-03|5", "|2025-01-04|6", "b|2025-01-05|6", "|2025-01-06|6"],
            "'customer_id' is empty in 2 of 4 rows.",
        ),
        (
            "customer_id|date|net",
            [*["1.23E+11|2025-01-03|5"] * 19, "1.24E+11|2025-01-04|6"],
            "'customer_id' is '1.23E+11' in 95% of all rows.",
        ),
        ("customer_id^date^net", ["a^2025-01-03^5", "b^2025-01-04^6"], "has one column, 'customer_id^date^net'."),
        (
            "customer_id|date|net",
            ["a|2025-01-03|$5", "b|2025-01-04|€6"],
            "'net' is written in $, €. Put the code of each row's currency",
        ),
        (
            "customer_id|date|net|currency",
            ["a|2025-01-03|5|$", "b|2025-01-04|6|€"],
            "'currency' names several currencies by",
        ),
    ],
)
def test_a_refusal_says_what_is_in_the_way(tmp_path: Path, header: str, rows: list[str], said: str) -> None:
    (tmp_path / "x.csv").write_text(as_csv(header, *rows), encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        recognise(tmp_path / "x.csv")
    assert said in str(refused.value)
