"""Days misread on the way into a file: day and month swapped in some rows, a first day long before all others."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise

from cxvalue.language.catalogue import translate, translate_count
from cxvalue.tables.cautions import Caution
from cxvalue.tables.checks.observed import Observed

LAST_MONTH = 12
"""Days of a month up to this one can be taken for its number."""
LATE_SHARES = (0.40, 0.80)
"""Share of rows after the 12th of a month among which both halves are sales of the same shop (19 of 31 days: 61%)."""
FEWEST_ROWS, FEWEST_OUTSIDE, OUTSIDE = 100, 5, 0.01
CLOSED, OPEN = 0.01, 0.07
"""Share of rows on a weekday on which a shop is closed, and on one that is like any other."""
FEWEST_MONTHS = 3
"""In as many months rows with day and month swapped lie at least; a soft launch or a day newly opened lies in fewer."""
FEWEST_CLOSED = 8
"""Days of a weekday, all after the 12th of a month, on which nothing was sold before it is called closed."""
SECOND_WEEK, OF_SECOND_WEEK = 7, 0.15
"""Of the first twelve days five lie after the seventh: with hardly a row there it is a market on a first weekday."""
FEW = 0.05
FEW_DAYS = 3
A_YEAR = 365
FEWEST_STARTS, FEWEST_IN_MONTHS = 6, 20
"""Months, and rows, from which it is no chance that all lie on the first or the last day of one."""


def doubtful_days(observed: Observed) -> list[Caution]:
    """Cautions about days of purchases that no single row shows to be wrong.

    Contracts begin and end on days of their own, and are not judged.

    >>> from datetime import date
    >>> days = [date(2025, 1, 1) + timedelta(days=i) for i in range(300)]
    >>> doubtful_days(Observed(("transactions",), tuple(days), (4,) * 300))
    []
    >>> [one.kind for one in doubtful_days(Observed(("transactions",), (date(1985, 3, 2), *days), (1,) + (4,) * 300))]
    ['doubtful_days']
    """
    return (_long_before(observed) or _swapped(observed)) if observed.tables == ("transactions",) else []


def months_alone(observed: Observed) -> list[Caution]:
    """The caution where all days are the first of a month, or all the last: then the months are known, and no days.

    >>> from datetime import date
    >>> months = tuple(date(2024, month, 1) for month in range(1, 13))
    >>> [one.kind for one in months_alone(Observed(("transactions",), months, (4,) * 12))]
    ['doubtful_days']
    >>> months_alone(Observed(("transactions",), (*months, date(2024, 12, 2)), (4,) * 13))
    []
    """
    days, total = observed.days, sum(observed.rows)
    first = all(day.day == 1 for day in days)
    last = all((day + timedelta(days=1)).day == 1 for day in days)
    if (
        observed.tables != ("transactions",)
        or len(days) < FEWEST_STARTS
        or total < FEWEST_IN_MONTHS
        or not (first or last)
    ):
        return []
    text = (
        translate("All {rows:,} rows are dated the first of a month.", rows=total)
        if first
        else translate("All {rows:,} rows are dated the last day of a month.", rows=total)
    )
    text += " " + translate(
        "Rows summed by month look like that: then purchases are one a month, and when the last one was is known to the "
        "month only. Export the orders with their days, or say that there is one occasion a month: {line}.",
        line="cltv: {models: [bg_bb], time_unit: month}",
    )
    return [Caution("doubtful_days", observed.tables[0], "date", total, 1.0, text)]


def _long_before(observed: Observed) -> list[Caution]:
    """A few first rows that a silence longer than all that follows sets apart."""
    days, rows = observed.days, observed.rows
    gaps = [((late - early).days, place) for place, (early, late) in enumerate(pairwise(days), 1)]
    silence, place = max(gaps, default=(0, 0))
    apart = sum(rows[:place])
    few = place <= FEW_DAYS or apart <= FEW * sum(rows)
    if silence <= max(A_YEAR, (days[-1] - days[place]).days) or not few or 2 * apart > sum(rows):
        return []
    text = translate_count(
        "{count:,} row is dated {first} or up to {last}, {years:,.0f} years before the next one on {next}: such a day is "
        "often entered where none was known. The history would begin with it: correct it, or leave the row out.",
        "{count:,} rows are dated {first} or up to {last}, {years:,.0f} years before the next one on {next}: such days are "
        "often entered where none was known. The history would begin with them: correct them, or leave the rows out.",
        apart,
        first=days[0],
        last=days[place - 1],
        years=silence / A_YEAR,
        next=days[place],
    )
    return [Caution("doubtful_days", observed.tables[0], "date", apart, apart / sum(rows), text, lowers=True)]


def _swapped(observed: Observed) -> list[Caution]:
    """Rows of which those up to the 12th of a month lie where no later ones do, or on weekdays on which these do not."""
    counted = list(zip(observed.days, observed.rows, strict=True))
    late = [(day, n) for day, n in counted if day.day > LAST_MONTH]
    early = [(day, n) for day, n in counted if day.day <= LAST_MONTH]
    total, of_late = sum(observed.rows), sum(n for _, n in late)
    if total < FEWEST_ROWS or not LATE_SHARES[0] <= of_late / total <= LATE_SHARES[1]:
        return []
    # Until the 12th of the month after the last late row early rows may well stand alone.
    begin, last = late[0][0].replace(day=1), late[-1][0]
    end = last + timedelta(days=monthrange(last.year, last.month)[1] - last.day + LAST_MONTH)
    beyond = [(day, n) for day, n in early if not begin <= day <= end]
    outside = sum(n for _, n in beyond) if _months(beyond) >= FEWEST_MONTHS else 0
    closed = [one for one in range(7) if _closed_but_early(one, early, late)]
    if outside >= max(FEWEST_OUTSIDE, OUTSIDE * total):
        text = translate(
            "{rows:,} rows are dated before {first} or after {last}, all of them on the first to the twelfth of a month: "
            "in such rows day and month were often swapped when a spreadsheet read them. Export the dates again.",
            rows=outside,
            first=begin,
            last=end,
        )
        return [Caution("doubtful_days", observed.tables[0], "date", outside, outside / total, text, lowers=True)]
    if closed:
        found = sum(n for day, n in early if day.weekday() in closed)
        text = translate(
            "{rows:,} rows from the first to the twelfth of a month fall on weekdays on which no later ones do: in such "
            "rows day and month were often swapped when a spreadsheet read them. Export the dates again.",
            rows=found,
        )
        return [Caution("doubtful_days", observed.tables[0], "date", found, found / total, text, lowers=True)]
    return []


def _closed_but_early(weekday: int, early: list[tuple[date, int]], late: list[tuple[date, int]]) -> bool:
    """Whether hardly anything is sold on a weekday after the 12th of a month, and much before, as on any other day."""
    sold = [(day, n) for day, n in early if day.weekday() == weekday]
    of_early = sum(n for _, n in sold)
    of_late = sum(n for day, n in late if day.weekday() == weekday)
    span = (late[0][0] + timedelta(days=one) for one in range((late[-1][0] - late[0][0]).days + 1))
    passed = sum(day.weekday() == weekday and day.day > LAST_MONTH for day in span)
    return (
        passed >= FEWEST_CLOSED
        and of_late <= CLOSED * sum(n for _, n in late)
        and of_early >= OPEN * sum(n for _, n in early)
        and _months(sold) >= FEWEST_MONTHS
        and sum(n for day, n in sold if day.day > SECOND_WEEK) >= OF_SECOND_WEEK * of_early
    )


def _months(rows: list[tuple[date, int]]) -> int:
    return len({(day.year, day.month) for day, _ in rows})
