"""Offers become occasions: how deep a discount was refused and how deep one was accepted, added up by the engine.

An occasion is an `occasion_id`, else a customer's offers of one date; where rung 1 comes again on it, a new one starts with
each of them, in the order of the rows. It brackets the customer's reservation discount: above the deepest that was refused,
at or below the one that was accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from sys import float_info
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxvalue.engine.buckets import bucket
from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.foundation.errors import BadInput, Problem
from cxvalue.language.catalogue import translate, translate_count
from cxvalue.questions.discounts.at_once import AtOnce, named_at_once
from cxvalue.questions.discounts.chosen import by_history, explained
from cxvalue.questions.discounts.given_back import kept_share
from cxvalue.tables.ask import ask
from cxvalue.tables.checks.soundness import FEWEST_SALES, is_no_amount
from cxvalue.tables.labels import MOST_LEVELS, NOT_KNOWN, NOT_LABELS
from cxvalue.tables.read.sql import ROW

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir

GROUPS = 250
"""Random groups of customers, which are drawn anew together to tell how sure a figure is."""


@dataclass(frozen=True, slots=True, eq=False)
class Occasions:
    """Counts and baskets of occasions by bracket, segment and group of customers.

    Attributes:
        low, high: bracket of the reservation discount: in (low, high]; −inf where the first rung was accepted, inf where the
            customer walked away.
        segment, segments: number and names of the segments.
        count, value, margin: groups x cells: occasions, and the sums of basket value and margin before discount.
        realised: groups x cells: margin that the ladder as run brought.
        ladder: depths that were offered.
        first_depths: share of occasions whose first offer was that deep.
        customers: number of customers. people: the same of each segment.
        first_refusals: by visit number (1, 2, …): occasions and refusals at the first rung.
        priced: whether baskets have a value and a margin.
        assumed_margin: the share of the basket's value that stands in for a missing column of margins, else None.
        depth_by_basket: share of the differences between baskets (logarithms) that goes with the depth named first; 0 where
            chance alone makes as much.
        kept: share of what these visits sold that was not given back later; value, margin and realised are reduced to it.
        depth_by_history: the same of what customers had done before, within a month: the most of what `chosen` asks.
        at_once: where a depth was named to many at once; `stretches` are then count, value and margin, each as groups
            of stretches x cells.
    """

    low: Floats
    high: Floats
    segment: Ints
    segments: tuple[str, ...]
    count: Floats
    value: Floats
    margin: Floats
    realised: Floats
    ladder: Floats
    first_depths: dict[float, float]
    customers: int
    first_refusals: tuple[tuple[int, int, int], ...]
    priced: bool
    assumed_margin: float | None = None
    people: tuple[int, ...] = ()
    depth_by_basket: float = 0.0
    depth_by_history: float = 0.0
    kept: float = 1.0
    at_once: AtOnce | None = None
    stretches: tuple[Floats, ...] = ()

    @property
    def total(self) -> float:
        """Number of occasions."""
        return float(self.count.sum())


def occasions_of(
    offers: ir.Table,
    customers: ir.Table | None = None,
    *,
    segment: str | None = None,
    gross_margin: float | None = None,
    purchases: ir.Table | None = None,
    transactions: ir.Table | None = None,
) -> Occasions:
    """Add offers up; `segment` is a column of `customers`. Raises `BadInput` with every contradiction that it finds.

    Without a column `basket_margin` a basket's margin is `gross_margin` of its value before discount, if that is given.
    `purchases` tell what customers had spent before their first offer and, with the lines of `transactions`, which share of
    what these visits sold was given back: amounts are reduced to what was kept.
    """
    each, priced, assumed = _each_occasion(offers, gross_margin)
    problems = _contradictions(each, priced)
    if problems:
        raise BadInput(problems)
    known = _with_segments(each, customers, segment)
    cells = _cells_of(known)
    kept = kept_share(each, purchases, transactions) if priced else 1.0
    people = int(each.customer_id.nunique().to_pyarrow().as_py())
    first_depths, depth_by_basket = _first_depths(each, priced, people)
    at_once, stretches = _by_stretch(known, named_at_once(each, customers), kept, cells)
    return Occasions(
        low=cells.low,
        high=cells.high,
        segment=cells.segment,
        segments=tuple(cells.segments.tolist()),
        count=cells.number,
        value=kept * cells.value,
        margin=kept * cells.margin,
        realised=kept * cells.realised,
        ladder=np.sort(offers.select("depth").distinct().to_pandas()["depth"].to_numpy(float)),
        first_depths=first_depths,
        customers=people,
        first_refusals=_by_visit(each),
        priced=priced,
        assumed_margin=assumed,
        people=_people(known, cells.segments),
        depth_by_basket=depth_by_basket,
        depth_by_history=by_history(each, purchases, people) if len(first_depths) > 1 else 0.0,
        kept=kept,
        at_once=at_once,
        stretches=stretches,
    )


class _Cells(NamedTuple):
    """The brackets of each segment, and sums by group of customers and bracket; names as in `Occasions`."""

    low: Floats
    high: Floats
    segment: Ints
    segments: NDArray[np.str_]
    number: Floats
    value: Floats
    margin: Floats
    realised: Floats


def _with_segments(each: ir.Table, customers: ir.Table | None, segment: str | None) -> ir.Table:
    """The occasions with the segment (`part`) and the group of their customer."""
    if segment is not None and customers is not None:
        about = customers.select(who="customer_id", part=customers[segment].cast("string"))
        known = each.left_join(about, each.customer_id == about.who)
        known = known.mutate(part=known.part.fill_null(NOT_KNOWN))
    else:
        known = each.mutate(part=ibis.literal("all"))
    return known.mutate(group=bucket(known.customer_id, GROUPS))


def _cells_of(known: ir.Table) -> _Cells:
    table, low, high = _summed(known)
    segments, part = np.unique(table["part"].to_numpy(str), return_inverse=True)
    keys, cell = np.unique(np.column_stack([part, low, high]), axis=0, return_inverse=True)
    sums = _added_up(table, cell.reshape(-1), len(keys))
    return _Cells(keys[:, 1], keys[:, 2], keys[:, 0].astype(np.int64), segments, *sums)


def _summed(known: ir.Table) -> tuple[pd.DataFrame, Floats, Floats]:
    """Sums by group, segment and bracket, and the ends of the brackets."""
    net = known.taken.isnull().ifelse(0.0, known.bm - known.taken * known.bv)
    table: pd.DataFrame = (
        known.group_by(["group", "part", "refused", "taken"])
        .agg(number=known.count(), value=known.bv.sum(), margin=known.bm.sum(), realised=net.sum())
        .to_pandas()
    )
    low, high = table["refused"].fillna(-np.inf).to_numpy(float), table["taken"].fillna(np.inf).to_numpy(float)
    return table, low, high


def _added_up(table: pd.DataFrame, cell: Ints, cells: int) -> list[Floats]:
    """Sums as groups x cells."""
    groups, group = np.unique(table["group"].to_numpy(int), return_inverse=True)
    sums = []
    for name in ("number", "value", "margin", "realised"):
        out = np.zeros((groups.size, cells))
        np.add.at(out, (group, cell), np.nan_to_num(table[name].to_numpy(float)))
        sums.append(out)
    return sums


def _by_stretch(
    known: ir.Table, together: tuple[AtOnce, ir.Table] | None, kept: float, cells: _Cells
) -> tuple[AtOnce | None, tuple[Floats, ...]]:
    """How depths were named to many at once, and the sums of `cells` by stretch; nothing where visits had their own."""
    if together is None:
        return None, ()
    at_once, named = together
    each = known.drop("group").inner_join(named, "occasion")
    table, low, high = _summed(each.mutate(group=ibis.dense_rank().over(order_by="stretch") % GROUPS))
    # Visits of customers without a unit have no stretch, so that brackets may be missing here.
    place = {
        key: at
        for at, key in enumerate(zip(cells.segment.tolist(), cells.low.tolist(), cells.high.tolist(), strict=True))
    }
    part = np.searchsorted(cells.segments, table["part"].to_numpy(str))
    keys = zip(part.tolist(), low.tolist(), high.tolist(), strict=True)
    number, value, margin, _ = _added_up(table, np.array([place[key] for key in keys], dtype=np.int64), len(place))
    return at_once, (number, kept * value, kept * margin)


def _first_depths(each: ir.Table, priced: bool, customers: int) -> tuple[dict[float, float], float]:
    """Share of occasions by first depth, and what share of the differences between baskets goes with it."""
    # NaN is above every number for an engine: no basket without a price, and none that is no number, has a size.
    known_size = (each.bv > 0) & (each.bv <= float_info.max) if priced else ibis.literal(False)
    size = known_size.ifelse(each.bv, ibis.null("float64")).log()
    sized = each.select("first", size=size).group_by("first")
    firsts = sized.agg(
        number=lambda t: t.count(),
        n=lambda t: t["size"].count(),
        total=lambda t: t["size"].sum(),
        squares=lambda t: (t["size"] * t["size"]).sum(),
    ).to_pandas()
    sizes, total, squares = (firsts[name].fillna(0.0).to_numpy(float) for name in ("n", "total", "squares"))
    mean = total / np.maximum(sizes, 1.0)
    spread = np.maximum(squares / np.maximum(sizes, 1.0) - mean**2, 0.0)
    every = float(firsts["number"].sum())
    shares = {float(d): float(n) / every for d, n in zip(firsts["first"], firsts["number"], strict=True)}
    return shares, explained(sizes, mean, spread, customers)


def _each_occasion(offers: ir.Table, gross_margin: float | None) -> tuple[ir.Table, bool, float | None]:
    """A row an occasion, whether baskets have a price, and the share that stands in for a missing margin."""
    rows = with_occasions(offers)
    valued, own = ("basket_value" in rows.columns), ("basket_margin" in rows.columns)
    assumed = gross_margin if valued and not own else None
    priced = valued and (own or assumed is not None)
    nothing = ibis.literal(float("nan"))
    value = rows.basket_value if priced else nothing
    margin = rows.basket_margin if own and priced else value * (assumed if assumed is not None else 0.0)
    rows = rows.mutate(bv=value, bm=margin, yes=rows.accepted)
    accepted: Any = rows.yes
    each = rows.group_by("occasion").agg(
        customer_id=rows.customer_id.min(),
        people=rows.customer_id.nunique(),
        date=rows.date.min(),
        first=rows.depth.argmin(rows.rung),
        refused=rows.depth.max(where=~accepted),
        taken=rows.depth.min(where=accepted),
        yeses=accepted.ifelse(1, 0).sum(),
        last_no=rows.rung.max(where=~accepted),
        yes_rung=rows.rung.min(where=accepted),
        rungs=rows.rung.nunique(),
        depths=rows.depth.nunique(),
        offers=rows.count(),
        corr=rows.depth.argmax(rows.rung) - rows.depth.max(),
        first_yes=accepted.ifelse(1, 0).argmin(rows.rung),
        bv=rows.bv.max(), bv_low=rows.bv.min(), bm=rows.bm.max(), bm_low=rows.bm.min(),
    ).cache()  # fmt: skip
    return each, priced, assumed


def _people(rows: ir.Table, segments: NDArray[np.str_]) -> tuple[int, ...]:
    counted = rows.group_by("part").agg(people=rows.customer_id.nunique()).to_pandas().set_index("part")["people"]
    return tuple(int(counted[name]) for name in segments)


def with_occasions(offers: ir.Table) -> ir.Table:
    """The offers with a column `occasion`: the `occasion_id`, else a customer's date and which of that day's sequences.

    A day on which rung 1 comes once has one sequence, however its rows are ordered. Where it comes again, sequences follow
    the numbers of the rows, or the order of a frame that has none.
    """
    rows = offers.mutate(place=offers[ROW] if ROW in offers.columns else ibis.row_number())
    known = rows.occasion_id if "occasion_id" in rows.columns else ibis.null("string")
    within = ibis.window(group_by=["customer_id", "date"], order_by="place", preceding=None, following=0)
    first = (rows.rung == 1).ifelse(1, 0)
    begun, on_that_day = first.sum().over(within), first.sum().over(group_by=["customer_id", "date"])
    number = (on_that_day > 1).ifelse(begun, on_that_day)
    made = rows.customer_id + "@" + rows.date.cast("string") + "#" + number.cast("string")
    return rows.mutate(occasion=ibis.coalesce(known, made))


def segment_column(customers: ir.Table | None) -> str | None:
    """The column of the customers that makes segments: the first text column with 2 to 12 different values."""
    if customers is None:
        return None
    for name in (column for column in customers.columns if column not in NOT_LABELS):
        distinct = int(customers[name].nunique().to_pyarrow().as_py())
        if customers[name].type().is_string() and 2 <= distinct <= MOST_LEVELS:
            return str(name)
    return None


def _by_visit(each: ir.Table) -> tuple[tuple[int, int, int], ...]:
    """Occasions and refusals of the first rung by the number of the customer's visit, up to the tenth."""
    within = ibis.window(group_by="customer_id", order_by=["date", "occasion"])
    rows = each.mutate(visit=ibis.row_number().over(within) + 1)
    rows = rows.filter(rows.visit <= 10)
    counted = rows.group_by("visit").agg(number=rows.count(), refused=(rows.first_yes == 0).ifelse(1, 0).sum())
    table = counted.order_by("visit").to_pandas()
    return tuple((int(v), int(n), int(r)) for v, n, r in table.itertuples(index=False))


def offer_problems(offers: ir.Table, gross_margin: float | None = None) -> list[Problem]:
    """Everything in which the offers contradict one another; `occasions_of` refuses them for it."""
    each, priced, _ = _each_occasion(offers, gross_margin)
    return _contradictions(each, priced)


class _Rule(NamedTuple):
    """What is said of so many occasions that break a rule, which they are, and the rule."""

    said: Callable[[int], str]
    broken: ir.BooleanValue
    remedy: str


def _contradictions(each: ir.Table, priced: bool) -> list[Problem]:
    """All contradictions at once, with the first few occasions of each."""
    problems = _no_money(each) if priced else []
    rules = _rules_of_ladders(each) + (_rules_of_baskets(each) if priced else [])
    numbers = ask(each.aggregate(**{str(k): each.count(where=rule.broken) for k, rule in enumerate(rules)}))
    for rule, number in zip(rules, numbers.values(), strict=True):
        if number:
            shown = each.filter(rule.broken).order_by("occasion").limit(3).to_pyarrow().column("occasion").to_pylist()
            problems.append(Problem("tables.offers", rule.said(number), rule.remedy, number, tuple(map(str, shown))))
    return problems


def _rules_of_ladders(each: ir.Table) -> list[_Rule]:
    return [
        _Rule(
            lambda number: translate_count(
                "{count:,} occasion is accepted more than once.",
                "{count:,} occasions are accepted more than once.",
                number,
            ),
            each.yeses > 1,
            translate("An occasion ends with its first acceptance."),
        ),
        _Rule(
            lambda number: translate_count(
                "{count:,} occasion continues after an acceptance.",
                "{count:,} occasions continue after an acceptance.",
                number,
            ),
            (each.yeses == 1) & (each.last_no > each.yes_rung),
            translate("The accepted rung is the last."),
        ),
        _Rule(
            lambda number: translate_count(
                "{count:,} occasion contains a rung twice.", "{count:,} occasions contain a rung twice.", number
            ),
            each.rungs < each.offers,
            translate("Give each occasion its own occasion_id."),
        ),
        _Rule(
            lambda number: translate_count(
                "{count:,} occasion does not go deeper from rung to rung.",
                "{count:,} occasions do not go deeper from rung to rung.",
                number,
            ),
            (each.depths < each.offers) | (each["corr"] < 0),
            translate("Put the rungs in the order in which they were offered, the smallest discount first."),
        ),
        _Rule(
            lambda number: translate_count(
                "{count:,} occasion belongs to several customers.",
                "{count:,} occasions belong to several customers.",
                number,
            ),
            each.people > 1,
            translate("Each occasion belongs to one customer."),
        ),
    ]


def _rules_of_baskets(each: ir.Table) -> list[_Rule]:
    return [
        _Rule(
            lambda number: translate_count(
                "{count:,} occasion has a basket that changes from rung to rung.",
                "{count:,} occasions have baskets that change from rung to rung.",
                number,
            ),
            (each.bv != each.bv_low) | (each.bm != each.bm_low),
            translate("A basket is the same before every discount."),
        ),
        _Rule(
            lambda number: translate_count(
                "{count:,} occasion has no basket value or no basket margin.",
                "{count:,} occasions have no basket value or no basket margin.",
                number,
            ),
            each.bv.isnull() | each.bm.isnull(),
            translate("Fill them in for those who left without buying as well, or leave both columns out."),
        ),
    ]


def _no_money(each: ir.Table) -> list[Problem]:
    """Margins that cannot be money: more than the baskets in all, or a share. The same above 1 may be a fee a sale."""
    sold = each.filter((each.bv > 0) & each.bm.notnull())
    share = sold.bm / sold.bv
    shares = {"least_share": share.min(), "most_share": share.max()}
    ends = {"least": sold.bm.min(), "most": sold.bm.max(), "least_sale": sold.bv.min(), "most_sale": sold.bv.max()}
    asked = ask(sold.aggregate(number=sold.count(), value=sold.bv.sum(), margin=sold.bm.sum(), **ends, **shares))
    if (asked["number"] or 0) < FEWEST_SALES:
        return []
    if asked["margin"] > asked["value"] * (1 + 1e-9):
        found = translate("the basket margins add up to more than the basket values.")
    elif asked["most"] <= 1 and is_no_amount(
        [float(asked[name]) for name in ends], [float(asked[name]) for name in shares], asked["margin"] / asked["value"]
    ):
        found = translate("the basket margin is {least:g} to {most:g} whatever the basket's value.", **asked)
    else:
        return []
    remedy = translate(
        "Give the margin of each basket in money, before the discount, or leave the column out: "
        "gross_margin is then used instead."
    )
    return [Problem("tables.offers.basket_margin", found, remedy)]
