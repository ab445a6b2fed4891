from __future__ import annotations

from datetime import date

import pytest

from cxvalue.language.catalogue import using
from cxvalue.tables.checks.rules import Broken
from cxvalue.tables.refusals import bad_rows_problem, day_problems, too_many_bad

FIRST, LAST, TODAY = date(2025, 1, 1), date(2025, 12, 31), date(2026, 1, 15)


@pytest.mark.parametrize(("rows", "said"), [(1, "1 row with no date."), (1200, "1,200 rows with no date.")])
def test_bad_rows_are_counted_and_the_column_of_the_source_is_named(rows: int, said: str) -> None:
    item = Broken("date", "no date", "Fill it in.", rows, rows, None, (2,))
    problem = bad_rows_problem("transactions", item, "Datum", "", ("line 2",))
    assert problem.where == "tables.transactions.date ('Datum' in the source)"
    assert (problem.found, problem.remedy) == (said, "Fill it in.")
    assert (problem.count, problem.examples) == (rows, ("line 2",))


def test_rows_without_a_column_or_with_ours_are_named_by_table_and_column() -> None:
    assert bad_rows_problem("fees", Broken("", "x", "y", 1, 1, None, ()), None, "", ()).where == "tables.fees"
    own = bad_rows_problem("fees", Broken("amount", "x", "y", 1, 1, None, ()), "amount", "0.002", ())
    assert own.where == "tables.fees.amount"
    assert own.remedy == "y Or drop such rows: bad_rows: {drop_up_to: 0.002}."


def test_too_many_bad_rows_may_be_allowed_only_where_they_may_be_dropped() -> None:
    problem = too_many_bad("tables.fees", 12, 1000, 0.01, droppable=True)
    assert problem.found == "12 of 1,000 rows are bad (1.20%); bad_rows allows 1.00%."
    assert "raise bad_rows.drop_up_to" in problem.remedy
    assert too_many_bad("tables.fees", 12, 1000, 0.01, droppable=False).remedy == "Correct the source."


@pytest.mark.parametrize(
    ("end", "named", "new", "said"),
    [
        (date(2026, 2, 1), True, None, "2026-02-01 lies in the future."),
        (date(2024, 12, 31), True, None, "2024-12-31 is before the first day in the tables, 2025-01-01."),
        (date(2024, 12, 31), False, None, "no month is complete: the tables cover 2025-01-01 to 2025-12-31."),
        (
            LAST,
            True,
            date(2026, 1, 2),
            "is 2026-01-02, after 2025-12-31, the last day observed: no customer would be new.",
        ),
    ],
)
def test_a_day_that_cannot_be_the_last_one_is_refused(end: date, named: bool, new: date | None, said: str) -> None:
    (problem,) = day_problems("study.as_of", end, named=named, between=(FIRST, LAST), today=TODAY, new=new)
    assert problem.found == said
    assert problem.where == ("study.first_purchases.ignore_before" if new else "study.as_of")
    assert problem.remedy


def test_a_day_within_the_tables_is_none() -> None:
    assert day_problems("study.as_of", LAST, named=True, between=(FIRST, LAST), today=TODAY, new=FIRST) == []


def test_the_refusal_is_in_the_language_that_is_spoken() -> None:
    item = Broken("date", "нет date", "Заполните.", 5, 5, None, ())
    with using("ru"):
        problem = bad_rows_problem("contacts", item, "Дата", "0.01", ())
    assert problem.found == "5 строк: нет date."
    assert problem.remedy == "Заполните. Или исключите такие строки: bad_rows: {drop_up_to: 0.01}."
