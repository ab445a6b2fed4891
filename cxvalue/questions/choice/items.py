"""Touchpoints of the study file as items: what each is worth a year, what it costs, and joint draws of the worth."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.errors import CxvalueError, Problem, nearest
from cxvalue.language.catalogue import translate
from cxvalue.language.letters import closed_up
from cxvalue.language.words import enumerated
from cxvalue.questions.drivers import Importance, ScoreLink, draws_of, touched_customers
from cxvalue.tables.read.schema import CUSTOMER

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.study.experience import Touchpoint

ALL = "all"
MOST_SEGMENTS = 2000
MOST_NAMED = 40
"""Values of a column among which a name is sought, and of which an error lists what is allowed."""


@dataclass(frozen=True, slots=True)
class Items:
    """Items with their worth a year (one value and `draws` x items), their price, and pairs that do not go together.

    `withheld` are touchpoints and segments of so few customers that what they are worth must not be shown. `link` is the
    factor that all of them share, and its draws: an error in it makes no item look better than another.
    """

    names: tuple[str, ...]
    segments: tuple[str, ...]
    value: Floats
    draws: Floats
    cost: Floats
    apart: tuple[tuple[int, int], ...] = ()
    withheld: tuple[tuple[str, str], ...] = ()
    link: tuple[float, Floats] | None = None


def made_items(
    touchpoints: Sequence[Touchpoint],
    touched: Mapping[tuple[str, str], int],
    slopes: Mapping[str, tuple[float, Floats]],
    link: tuple[float, Floats],
    exclude: Sequence[tuple[str, str]],
) -> Items:
    """v = points × slope × link × customers touched a year.

    Args:
        touchpoints: as declared; `points` of a touchpoint that is a driver are points of that driver, of any other of
        the score. touched: customers by (name, segment).
        slopes: of each driver, points of the score per point of it: a value and draws.
        link: margin a year per point of the score: a value and draws.
        exclude: names of touchpoints that do not go together.
    """
    ones = np.ones_like(link[1])
    value, draws = [], []
    for one in touchpoints:
        slope, drawn = slopes.get(one.name, (1.0, ones))
        reach = one.points * touched[one.name, one.segment]
        value.append(reach * slope * link[0])
        draws.append(reach * drawn * link[1])
    names = tuple(one.name for one in touchpoints)
    pairs = {frozenset(pair) for pair in exclude}
    apart = tuple(
        (i, j) for i in range(len(names)) for j in range(i + 1, len(names)) if frozenset((names[i], names[j])) in pairs
    )
    return Items(
        names, tuple(one.segment for one in touchpoints), np.array(value), np.column_stack(draws),
        np.array([one.cost for one in touchpoints]), apart, link=link,
    )  # fmt: skip


def items_of(
    touchpoints: Sequence[Touchpoint],
    importance: Importance,
    link: ScoreLink,
    surveys: ir.Table,
    interactions: ir.Table | None,
    customers: ir.Table | None,
    *,
    exclude: Sequence[tuple[str, str]] = (),
    as_of: date,
    suppress_below: int = 0,
    elsewhere: Collection[tuple[str, str]] = (),
) -> Items | None:
    """The items of a study; raises `CxvalueError` for a segment that no text column of the customers table has.

    Worth follows from the customers touched, so a segment of fewer than `suppress_below` of them is withheld, and one that
    lacks so few of all who were touched, or that other tables withhold (`elsewhere`, by column); None where nothing is left.
    """
    drawn = draws_of(importance, link)
    slopes = {
        member: (importance.slope[k].value, drawn.slopes[:, k])
        for k, members in enumerate(importance.members)
        for member in members
    }
    touched: dict[tuple[str, str], int] = {}
    for one in touchpoints:
        among = None if one.segment == ALL else segment_members(customers, one.segment)
        touched[one.name, one.segment] = touched_customers(one.name, surveys, interactions, as_of=as_of, among=among)
    also = {segment for _, segment in elsewhere}
    few = {*few_touched(touched, suppress_below), *(key for key in touched if key[1] in also)}
    withheld = tuple(key for key in touched if key in few)
    kept = [one for one in touchpoints if (one.name, one.segment) not in withheld]
    if not kept:
        return None
    return replace(made_items(kept, touched, slopes, (link.link.value, drawn.link), exclude), withheld=withheld)


def few_touched(touched: Mapping[tuple[str, str], int], least: int) -> tuple[tuple[str, str], ...]:
    """Touchpoints and segments that must not be shown: of few customers, or of nearly all who were touched.

    >>> few_touched({("shop", "all"): 500, ("shop", "gold"): 495, ("shop", "new"): 6, ("web", "all"): 90}, 10)
    (('shop', 'gold'), ('shop', 'new'))
    """
    return tuple(
        (name, segment)
        for (name, segment), number in touched.items()
        if 0 < number < least or (segment != ALL and 0 < touched.get((name, ALL), number) - number < least)
    )


def segment_problems(touchpoints: Sequence[Touchpoint], customers: ir.Table | None) -> list[Problem]:
    """Touchpoints for a segment that no text column of the customers table has, each with the nearest that one has."""
    asked = {one.segment for one in touchpoints} - {ALL}
    if not asked:
        return []
    known: set[str] = set()
    names: list[str] | None = None
    if customers is not None:
        names = _texts(customers)
        for name in names:
            values = customers.filter(customers[name].notnull()).select(name).distinct().order_by(name)
            known |= set(values.limit(MOST_SEGMENTS).to_pyarrow()[name].to_pylist())
            known |= {one for one in asked - known if values.filter(values[name] == one).to_pyarrow().num_rows}
    return [
        Problem(
            f"touchpoints.{one.name}.segment",
            _no_segment(one.segment, names),
            closed_up(" ".join([nearest(one.segment, sorted(known)[:MOST_NAMED]), translate("Or write 'all'.")]))
            if known
            else translate("Write 'all'."),
        )
        for one in touchpoints
        if one.segment in asked - known
    ]


def _no_segment(segment: str, names: Sequence[str] | None) -> str:
    """What is said of a segment without customers; `names` are the text columns, None without a customers table."""
    if names is None:
        return translate(
            "there is no customer of the segment {segment!r}: the study has no table 'customers'.", segment=segment
        )
    return translate(
        "there is no customer of the segment {segment!r}: no text column of the table 'customers' ({columns}) has it.",
        segment=segment,
        columns=enumerated(names) or translate("none"),
    )


def _texts(customers: Any) -> list[str]:
    columns = () if customers is None else customers.columns
    return [name for name in columns if name != CUSTOMER and customers[name].type().is_string()]


def segment_members(customers: Any, segment: str) -> ir.Table:
    """The customers of a segment: those with this value in a text column of the customers table, the first that has it."""
    names = _texts(customers)
    for name in names:
        rows = customers.filter((customers[name] == segment).fill_null(False)).select(CUSTOMER)
        if rows.limit(1).count().to_pyarrow().as_py():
            return rows
    raise CxvalueError(
        "touchpoints: there is no customer of the segment {segment!r}: no text column of the table 'customers' has that "
        "value. Its columns: {columns}.",
        segment=segment,
        columns=enumerated(names) or translate("none"),
    )
