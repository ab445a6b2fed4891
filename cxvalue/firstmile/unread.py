"""Why columns are not what their names say, so that a refusal names the values that are in the way."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cxvalue.firstmile.exports import DAY, NUMBER, Export, Look
from cxvalue.language.catalogue import translatable, translate, translate_count
from cxvalue.tables.read.roles import KEY, role_of, said
from cxvalue.tables.read.sql import literal
from cxvalue.tables.read.written_days import MONTHS

FILL_DOWN = translatable("Where it stands on the first row of a group only, write it on every row and export again.")
"""What to do about a column whose cells are empty below the first of each group."""

_MONTH, _YEAR = "|".join(MONTHS), r"(19|20)\d\d"
_PERIOD = re.compile(
    rf"{_YEAR}|{_YEAR} (\d\d?|{_MONTH})( \d\d?)?|{_YEAR}年 ?\d\d?月|(\d\d?|q[1-4]) {_YEAR}|{_YEAR} ?q[1-4]|"
    rf"({_MONTH}) (\d\d|{_YEAR})"
)
_FEWEST_PERIODS = 3


def spread(export: Export) -> tuple[str, ...]:
    """The columns of numbers that are months, quarters or years by their names, where there are several."""
    found = [look.name for look in export.looks.values() if look.is_number and _PERIOD.fullmatch(said(look.name))]
    return tuple(found) if len(found) >= _FEWEST_PERIODS else ()


def why_not(export: Export, customer: bool, day: bool, amount: bool) -> Iterator[str]:
    """For what no column was found to be, each column that is so by its name, and what of its values is not."""
    for lacking, role, what, pattern in (
        (day, "date", translate("a day"), DAY),
        (amount, "amount", translate("an amount"), NUMBER),
    ):
        for look in export.looks.values() if lacking else ():
            named = role_of(look.name, role) or (role == "amount" and role_of(look.name, "net"))
            another = re.search(KEY, said(look.name)) or role_of(look.name, "late")
            if not named or another or not look.filled or (role == "date" and look.is_number):
                continue
            text = export.text(look.name)
            other = f"{text} IS NOT NULL AND NOT regexp_full_match({text}, {literal(pattern)})"
            count, value = (export.one(f"{one} FILTER (WHERE {other})") for one in ("count(*)", f"min({text})"))
            if count:
                yield translate_count(
                    "{column!r} is {what} by its name, but {count:,} of {rows:,} values is not: {value!r}.",
                    "{column!r} is {what} by its name, but {count:,} of {rows:,} values are not, such as {value!r}.",
                    int(count),
                    column=look.name,
                    what=what,
                    rows=look.filled,
                    value=value,
                )
    for look in export.looks.values() if customer else ():
        if role_of(look.name, "customer") and look.filled and 2 * look.filled < export.rows:
            yield f"{emptied(export, look)} {translate(FILL_DOWN)}"
        elif role_of(look.name, "customer") and 2 * look.commonest > 1:
            value, count = export.values(look.name, 1)[0]
            yield translate(
                "{column!r} is {value!r} in {share:.0%} of all rows.",
                column=look.name,
                value=value,
                share=count / export.rows,
            )


def emptied(export: Export, look: Look) -> str:
    """How many cells of a column are empty."""
    return translate_count(
        "{column!r} is empty in {count:,} of {rows:,} rows.",
        "{column!r} is empty in {count:,} of {rows:,} rows.",
        export.rows - look.filled,
        column=look.name,
        rows=export.rows,
    )
