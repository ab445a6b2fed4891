"""Up to which day the tables are whole, whether that is long ago, and what strays beyond."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from cxvalue.language.catalogue import using
from cxvalue.tables.checks.observed import Observed
from tests.tables.helpers import TODAY as RUN
from tests.tables.helpers import ledger, load

TODAY = date(2026, 11, 27)


def _observed(days: list[date], rows: int = 4) -> Observed:
    return Observed(("transactions",), tuple(days), (rows,) * len(days))


def _weekdays(last: date) -> list[date]:
    return [day.date() for day in pd.bdate_range("2025-01-02", last)]


def test_a_business_that_closes_at_weekends_keeps_its_month() -> None:
    assert _observed(_weekdays(date(2026, 5, 29))).latest_complete_month(TODAY) == date(2026, 5, 31)
    # Thursday: three silent days at the end where no weekend has more than two.
    assert _observed(_weekdays(date(2026, 5, 28))).latest_complete_month(TODAY) == date(2026, 4, 30)
    # The month is not over yet.
    assert _observed(_weekdays(date(2026, 5, 29))).latest_complete_month(date(2026, 5, 30)) == date(2026, 4, 30)
    assert _observed(_weekdays(date(2026, 7, 31))).latest_complete_month(date(2026, 7, 31)) == date(2026, 7, 31)


@pytest.mark.parametrize("ahead", [[20], [20, 60], [200]])
def test_an_order_placed_ahead_does_not_move_the_end(ahead: list[int]) -> None:
    last = date(2026, 5, 29)
    days = _weekdays(last)
    strays = [last + timedelta(days=more) for more in ahead]
    observed = Observed(("transactions",), (*days, *strays), (*(4 for _ in days), *(1 for _ in strays)))
    few = len(strays) == 1
    assert (observed.last == last) is few
    dense = Observed(("transactions",), (*days, *strays), (*(40 for _ in days), *(1 for _ in strays)))
    assert (dense.last, dense.latest_complete_month(TODAY)) == (last, date(2026, 5, 31))


def test_the_last_rows_of_a_sparse_file_are_no_strays() -> None:
    days = [date(2025, 1, 5), date(2025, 2, 5), date(2026, 4, 5)]
    assert _observed(days, rows=1).last == date(2026, 4, 5)
    # Twice as many rows after a long silence are a business that opened again.
    again = [*_weekdays(date(2026, 3, 31)), *(day.date() for day in pd.bdate_range("2026-06-01", "2026-06-12"))]
    assert _observed(again).last == date(2026, 6, 12)


def test_data_that_end_long_before_the_last_day_observed_are_stale() -> None:
    observed = _observed(_weekdays(date(2025, 3, 31)))
    (caution,) = observed.stale(date(2026, 11, 26), TODAY)
    assert (caution.kind, caution.table, caution.lowers) == ("stale", "transactions", True)
    assert "The data end on 31 March 2025, 605 days before the last day observed, 26 November 2026" in caution.text
    assert "No silence of the year before was longer than 2 days." in caution.text
    assert not observed.stale(date(2025, 4, 7), TODAY)
    assert observed.stale(date(2025, 4, 8), TODAY)


def test_until_when_a_later_run_reads_the_same_days_alike() -> None:
    friday = date(2026, 5, 29)
    observed = _observed(_weekdays(friday))
    # Where the last day is given, the day of the run has no say.
    assert observed.same_until(date(2026, 4, 30), TODAY) is None
    # The month turns whole when it is over; later the data get old, which the report then says every day.
    for today, until in ((friday, 31), (date(2026, 5, 31), 31)):
        assert observed.same_until(None, today) == date(2026, 5, until)
        assert observed.latest_complete_month(date(2026, 5, until)) == observed.latest_complete_month(today)
    assert observed.same_until(None, date(2026, 6, 1)) == friday + timedelta(days=31)
    assert observed.latest_complete_month(date(2026, 6, 1)) != observed.latest_complete_month(friday)
    assert not observed.stale(None, friday + timedelta(days=31))
    assert observed.stale(None, friday + timedelta(days=32))
    assert observed.same_until(None, TODAY) == TODAY
    # A contract ends on a day to come.
    ahead, june = replace(observed, ahead=date(2026, 6, 15)), date(2026, 6, 12)
    assert ahead.same_until(None, june) == date(2026, 6, 14)
    assert ahead.same_until(date(2026, 4, 30), june) is None
    assert ahead.same_until(june, june) == date(2026, 6, 14)


def test_dropped_rows_of_days_to_come_count_from_their_day_on(tmp_path: Path) -> None:
    rows = ledger(*(f"c{n},2025-12-{n:02},5" for n in range(1, 10)))
    assert load(tmp_path, rows).same_until is None
    for language in ("en", "uk"):  # a row of a day to come is known by its day, not by what is said of it
        with using(language):
            ahead = load(tmp_path, rows + "c1,2027-01-01,5\n", bad_rows={"drop_up_to": 0.5})
        assert ahead.same_until == RUN


def test_the_day_of_the_run_counts_where_the_tables_set_the_last_day() -> None:
    observed = _observed(_weekdays(date(2026, 10, 30)))
    assert not observed.stale(None, TODAY)
    (caution,) = observed.stale(None, date(2028, 6, 30))
    assert (caution.kind, caution.lowers) == ("stale", False)
    assert "609 days before the day of the run, 30 June 2028" in caution.text
    monthly = _observed([day.date() for day in pd.date_range("2024-01-01", "2025-12-01", freq="61D")])
    assert not monthly.stale(monthly.last + timedelta(days=60), TODAY)
    assert monthly.stale(monthly.last + timedelta(days=61), TODAY)


def test_contracts_that_neither_begin_nor_end_for_a_quarter_are_no_stale_data(tmp_path: Path) -> None:
    def cautions(as_of: str) -> list[str]:
        contracts = "customer_id,start,end\na,2024-01-05,2025-06-30\nb,2024-02-05,\nc,2024-02-20,2026-01-31\n"
        contracts += "".join(f"d{day},2024-03-{day:02d},\n" for day in range(1, 9))
        given = {"subscriptions": contracts}
        return [
            one.text
            for one in load(tmp_path, given, as_of=as_of, contract="contractual").cautions
            if one.kind == "stale"
        ]

    assert not cautions("2025-09-30")
    (text,) = cautions("2026-01-14")
    assert "The data end on 30 June 2025, 198 days before the last day observed, 14 January 2026" in text
    assert "nobody seems to have joined or left since" in text
