"""How a card writes numbers that may be unknown, endless or nearly nothing."""

from __future__ import annotations

from cxvalue.foundation.intervals import Interval
from cxvalue.objects.amounts import amount, reach, row

NEVER, UNKNOWN = float("inf"), float("nan")


def test_what_is_unknown_or_endless_is_said_in_words() -> None:
    assert [amount(value) for value in (None, UNKNOWN, NEVER, -NEVER)] == ["—", "—", "without limit", "without limit"]
    assert amount(NEVER, "months") == "never"
    assert amount(12.0, "months") == "12 months"
    assert reach(UNKNOWN, UNKNOWN, "EUR") == ""
    assert reach(3.0, NEVER, "months") == "3 months to never"


def test_a_row_has_the_currency_where_it_is_known() -> None:
    assert row("value", Interval(2_035_000.0, 1_900_000.0, 2_100_000.0), "EUR") == (
        "value", "EUR 2.04 M", "between EUR 1.90 and 2.10 M",
    )  # fmt: skip
    assert row("value", Interval(2.5, 2.0, 3.0)) == ("value", "2.50", "between 2 and 3")
    assert row("value", None, "EUR") == ("value", "—", "")
