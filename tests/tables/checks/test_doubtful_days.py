"""Days misread on the way into a file: swapped day and month, a first day long before all others."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cxvalue.tables.checks.doubtful_days import doubtful_days, months_alone
from cxvalue.tables.checks.observed import Observed

START = date(2024, 2, 3)


def _observed(days: list[date]) -> Observed:
    each = sorted(set(days))
    return Observed(("transactions",), tuple(each), tuple(days.count(day) for day in each))


def _swapped(days: list[date]) -> list[date]:
    return [day.replace(month=day.day, day=day.month) if day.day <= 12 else day for day in days]


def _sales(days: int, closed: tuple[int, ...] = ()) -> list[date]:
    every = [START + timedelta(days=i) for i in range(days)]
    return [day for day in every if day.weekday() not in closed]


@pytest.mark.parametrize(("days", "closed"), [(600, ()), (700, (6,)), (400, (5, 6))])
def test_days_and_months_that_changed_places_are_seen_and_sound_days_are_not(
    days: int, closed: tuple[int, ...]
) -> None:
    sound = _sales(days, closed)
    assert doubtful_days(_observed(sound)) == []
    (caution,) = doubtful_days(_observed(_swapped(sound)))
    assert (caution.kind, caution.column, caution.lowers) == ("doubtful_days", "date", True)


def test_whole_years_are_told_by_the_days_on_which_a_shop_is_closed() -> None:
    sound = [day for i in range(731) if (day := date(2024, 1, 1) + timedelta(days=i)).weekday() != 6]
    assert doubtful_days(_observed(sound)) == []
    (caution,) = doubtful_days(_observed(_swapped(sound)))
    sundays = sum(day.weekday() == 6 for day in _swapped(sound) if day.day <= 12)
    assert caution.rows == sundays > 30


@pytest.mark.parametrize("first", [[date(1925, 3, 2)] * 5, [date(1985, 1, 1), date(1999, 7, 9)]])
def test_a_few_first_rows_long_before_all_others_are_doubtful(first: list[date]) -> None:
    (caution,) = doubtful_days(_observed([*first, *_sales(300)]))
    assert caution.rows == len(first)


def test_a_business_that_rested_and_contracts_are_not_judged() -> None:
    opened_again = [*_sales(200), *(START + timedelta(days=900 + i) for i in range(200))]
    assert doubtful_days(_observed(opened_again)) == []
    monthly = [date(2020 + i // 12, i % 12 + 1, 1) for i in range(60)] * 4
    assert doubtful_days(_observed(monthly)) == []
    contracts = _observed([date(1985, 1, 1), *_sales(300)])
    assert doubtful_days(Observed(("subscriptions",), contracts.days, contracts.rows)) == []


def test_a_soft_launch_a_new_weekday_and_a_monthly_market_are_sound() -> None:
    weekdays = _sales(400, (5, 6))
    launched = [*[date(2023, 12, day) for day in (5, 6, 7, 11)] * 4, *_sales(300)]
    assert doubtful_days(_observed(launched)) == []
    first_saturdays = [day for day in _sales(400) if day.weekday() == 5 and day.day <= 7]
    assert doubtful_days(_observed([*weekdays, *first_saturdays * 4])) == []
    last = weekdays[-1].replace(day=28) + timedelta(days=7)
    opened = [day for i in range(12) if (day := last.replace(day=1) + timedelta(days=i)).weekday() != 6]
    assert doubtful_days(_observed([*weekdays, *opened * 6])) == []


def test_months_without_days_are_seen() -> None:
    first = [date(2024 + i // 12, i % 12 + 1, 1) for i in range(18)] * 3
    (caution,) = months_alone(_observed(first))
    assert (caution.kind, caution.rows, caution.lowers) == ("doubtful_days", 54, False)
    assert months_alone(_observed([day - timedelta(days=1) for day in first])) != []
    assert months_alone(_observed([*first, date(2024, 5, 2)])) == []
    assert months_alone(_observed(first[:5] * 10)) == []
    assert months_alone(Observed(("subscriptions",), _observed(first).days, _observed(first).rows)) == []
