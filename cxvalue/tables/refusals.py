"""What a load says where it refuses: bad rows, too many of them, a last day observed that cannot be one."""

from __future__ import annotations

from datetime import date

from cxvalue.foundation.errors import Problem
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.tables.checks.rules import Broken


def bad_rows_problem(table: str, item: Broken, theirs: str | None, drop: str, examples: tuple[str, ...]) -> Problem:
    """The refusal of the rows that break one rule; `theirs` is the column in the source, `drop` the share to drop, if any.

    >>> item = Broken("date", "no date", "Fill it in.", 2, 2, None, ())
    >>> print(bad_rows_problem("contacts", item, "sent", "0.01", ()))
    tables.contacts.date ('sent' in the source): 2 rows with no date. Fill it in. Or drop such rows: bad_rows: \
{drop_up_to: 0.01}.
    """
    where = f"tables.{table}" + (f".{item.column}" if item.column else "")
    if theirs not in (None, item.column):
        where = translate("{place} ({theirs!r} in the source)", place=where, theirs=theirs)
    found = translate_count("{count:,} row with {what}.", "{count:,} rows with {what}.", item.rows, what=item.what)
    remedy = item.remedy
    if drop:
        line = f"bad_rows: {{drop_up_to: {drop}}}"
        remedy = " ".join([remedy, translate("Or drop such rows: {line}.", line=line)])
    return Problem(where, found, remedy, item.rows, examples)


def too_many_bad(where: str, bad: int, rows: int, limit: float, droppable: bool) -> Problem:
    """The refusal of more bad rows than a study allows to drop."""
    found = translate_count(
        "{count:,} of {rows:,} rows is bad ({share:.2%}); bad_rows allows {limit:.2%}.",
        "{count:,} of {rows:,} rows are bad ({share:.2%}); bad_rows allows {limit:.2%}.",
        bad,
        rows=rows,
        share=bad / rows,
        limit=limit,
    )
    remedy = (
        translate("Correct the source, or raise bad_rows.drop_up_to.")
        if droppable
        else translate("Correct the source.")
    )
    return Problem(where, found, remedy, count=bad)


def day_problems(
    where: str, end: date, *, named: bool, between: tuple[date, date], today: date, new: date | None
) -> list[Problem]:
    """What is wrong with the last day observed: `named` or found, among tables with days `between` two.

    `new` is the day from which a study counts first purchases as those of new customers.
    """
    # Days stand as a study file writes them, since they are to be corrected there.
    first, last = between
    if end > today:
        found = translate("{day} lies in the future.", day=str(end))
        remedy = translate("Today is {today}; choose a day that has passed.", today=str(today))
        return [Problem(where, found, remedy)]
    if new and new > end:
        found = translate(
            "is {day}, after {last}, the last day observed: no customer would be new.", day=str(new), last=str(end)
        )
        remedy = translate("Name the first day from which first purchases are those of new customers.")
        return [Problem("study.first_purchases.ignore_before", found, remedy)]
    if end < first:
        told = {"first": str(first), "last": str(last)}
        found = (
            translate("{day} is before the first day in the tables, {first}.", day=str(end), first=told["first"])
            if named
            else translate("no month is complete: the tables cover {first} to {last}.", **told)
        )
        return [Problem(where, found, translate("Choose a day from {first} to {last}.", **told))]
    return []
