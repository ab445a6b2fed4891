"""Whether a depth was named to many at once: to everybody of a day, or of a shop and a day.

What else was different on those days then looks like the work of the depth, and a thousand visits of one week are one draw
of it. A stretch is a run of days on which everybody, or everybody of one unit, was named the same depth first.

A column of the customers may name the lot itself: the cell of a trial, the bucket of a hash. Its values keep their depth, as
shops may, but those of one depth are alike, as shops are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd
from scipy import special

from cxvalue.foundation.arrays import Floats
from cxvalue.questions.discounts.chosen import explained
from cxvalue.tables.ask import ask
from cxvalue.tables.labels import NOT_LABELS

if TYPE_CHECKING:
    import ibis.expr.types as ir

ALIKE = 2 / 3
"""Share of what chance leaves apart in which two of a day, or a unit, agree, from which on the depth was theirs together.

A tenth who were named another depth by mistake leave about as much.
"""
FEWEST_PEOPLE, FEWEST_APART, FEWEST_UNITS, MOST_UNITS = 5, 60, 6, 500
"""Customers of a depth to judge it by; those whom chance would set apart from others; values of a column of units."""
UNLIKE = 0.005
"""Below this probability values of a column that were named the same depth do not differ by chance."""
FEW, FEWEST = 10, 4
"""Stretches of a depth below which drawing them anew tells too little, and nothing."""


@dataclass(frozen=True, slots=True)
class AtOnce:
    """In how many stretches the depth named first was the same for everybody; `unit` is a column of the customers, or ''.

    `rarest` are those of the depth that has fewest, uneven ones taken as fewer (Kish: (Σ n)² / Σ n²).
    """

    unit: str
    stretches: int
    rarest: float

    @property
    def few(self) -> bool:
        """Too few to say what else was different in them."""
        return round(self.rarest) < FEW

    @property
    def drawn(self) -> bool:
        """Enough to be drawn anew."""
        return round(self.rarest) >= FEWEST

    @property
    def widening(self) -> float:
        """What makes the spread of stretches drawn anew that of a depth's figure, where it had not many (t, and n - 1)."""
        left = max(self.rarest - 1, 1.0)
        return float(special.stdtrit(left, 0.975) / special.ndtri(0.975) * (1 + 1 / left) ** 0.5)


def named_at_once(occasions: ir.Table, customers: ir.Table | None) -> tuple[AtOnce, ir.Table] | None:
    """How depths were named at once, and the occasions with their `stretch`; None where customers got depths of their own.

    `occasions` has a row each with customer_id, occasion, date, first (the depth named first) and taken (null: not bought).
    """
    for name, rows in _by_unit(occasions, customers):
        together = _together(rows, ["of_unit"]) if name else []
        if together:
            # A unit that keeps its depth may be a lot's own name.
            rows = rows.filter(rows["first"].isin(together))
            if not _differ(rows):
                continue
        else:
            together = _together(rows, ["of_unit", "date"])
            if not together:
                continue
            rows = rows.filter(rows["first"].isin(together))
        named = rows.group_by(["of_unit", "date", "first"]).agg(visits=rows.count())
        most = named.visits.max().over(group_by=["of_unit", "date"])
        usual = named.mutate(most=most).filter(lambda t: t.visits == t.most)
        usual = usual.group_by(["of_unit", "date"]).agg(depth=usual["first"].min())
        before = usual.depth.lag().over(ibis.window(group_by="of_unit", order_by="date"))
        turned = usual.mutate(turn=(before.isnull() | (before != usual.depth)).ifelse(1, 0))
        number = turned.turn.sum().over(ibis.window(group_by="of_unit", order_by="date", preceding=None, following=0))
        turned = turned.mutate(stretch=turned.of_unit + "#" + number.cast("string"))
        joined = rows.inner_join(turned.select("of_unit", "date", "depth", "stretch"), ["of_unit", "date"]).cache()
        sizes = joined.group_by(["depth", "stretch"]).agg(visits=joined.count().cast("float64"))
        each = sizes.group_by("depth").agg(
            number=sizes.count(), visits=sizes.visits.sum(), squares=(sizes.visits * sizes.visits).sum()
        )
        table: pd.DataFrame = each.to_pandas()
        if len(table) > 1:
            rarest = float((table["visits"] ** 2 / table["squares"]).min())
            return AtOnce(name, int(table["number"].sum()), rarest), joined.select("occasion", "stretch")
    return None


def _together(rows: ir.Table, by: list[str]) -> list[float]:
    """The depths that were named to everybody of a cell (`by`) together; fewer than two are none.

    Of each depth, two in three customers must be in cells that mostly were named it; and of all, two of a cell must agree
    far more often than chance makes them, so that a rare depth, or cells of few customers, are not taken for it.
    """
    people = rows.select("customer_id", "first", *by).distinct()
    kept: pd.DataFrame = _agreeing(people, by)
    clear = kept[(kept["told"] >= FEWEST_PEOPLE) & (kept["mostly"] >= ALIKE * kept["told"])]
    if len(clear) < 2:
        return []
    depths = clear["first"].tolist()
    seen = clear if len(clear) == len(kept) else _agreeing(people.filter(people["first"].isin(depths)), by)
    told = seen["told"].to_numpy(float)
    apart = told.sum() - (told**2).sum() / max(told.sum(), 1.0)
    found = apart >= FEWEST_APART and told.sum() - seen["same"].sum() <= (1 - ALIKE) * apart
    return depths if found else []


def _agreeing(people: ir.Table, by: list[str]) -> pd.DataFrame:
    """By depth, of cells with several: customers, the sum of their shares of others alike, and those in a majority."""
    counted = people.group_by([*by, "first"]).agg(own=people.count().cast("float64"))
    cells = counted.mutate(every=counted.own.sum().over(group_by=by))
    cells = cells.filter(cells.every > 1).group_by("first")
    summed = cells.agg(
        told=lambda t: t.own.sum(),
        same=lambda t: (t.own * (t.own - 1) / (t.every - 1)).sum(),
        mostly=lambda t: ((t.own > 1) & (t.own >= ALIKE * t.every)).ifelse(t.own, 0.0).sum(),
    )
    return summed.order_by("first").to_pandas()


def _differ(rows: ir.Table) -> bool:
    """Whether values of a column that were named the same depth differ: in who buys, in baskets, or in size."""
    value = (rows.bv > 0).ifelse(rows.bv, ibis.null("float64")).log() if "bv" in rows.columns else ibis.null("float64")
    measured = rows.mutate(bought=rows.taken.notnull().ifelse(1.0, 0.0), value=value)
    sums = {
        f"{name}_{part}": made
        for name in ("bought", "value")
        for part, made in (
            ("number", measured[name].count()),
            ("total", measured[name].sum()),
            ("squares", (measured[name] * measured[name]).sum()),
        )
    }
    grouped = measured.group_by(["of_unit", "first"]).agg(
        people=measured.customer_id.nunique(), visits=measured.count(), **sums
    )
    table: pd.DataFrame = grouped.order_by(["of_unit", "first"]).to_pandas().fillna(0.0)
    table = table[table["visits"] == table.groupby("of_unit")["visits"].transform("max")]
    stratum = table.groupby("first").ngroup().to_numpy(np.int64)
    everybody = int(table["people"].sum())
    for name in ("bought", "value"):
        number, total, squares = (table[f"{name}_{part}"].to_numpy(float) for part in ("number", "total", "squares"))
        mean = total / np.maximum(number, 1.0)
        spread = np.maximum(squares / np.maximum(number, 1.0) - mean**2, 0.0)
        if explained(number, mean, spread, everybody, stratum, chance=UNLIKE) > 0:
            return True
    people = table["people"].to_numpy(float)
    expected = table.groupby("first")["people"].transform("mean").to_numpy(float)
    left = len(table) - len(np.unique(stratum))
    return bool(left > 0 and special.chdtrc(left, ((people - expected) ** 2 / expected).sum()) < UNLIKE)


def _by_unit(occasions: ir.Table, customers: ir.Table | None) -> Iterator[tuple[str, ir.Table]]:
    """The occasions as of one unit, then with each column of the customers that may name units, fewest units first."""
    names = [name for name in ("customer_id", "occasion", "first", "taken", "bv") if name in occasions.columns]
    rows = occasions.select(*names, date=occasions.date.cast("date"))
    yield "", rows.mutate(of_unit=ibis.literal(""))
    if customers is None:
        return
    kinds = customers.schema().items()
    names = [name for name, kind in kinds if (kind.is_string() or kind.is_integer()) and name not in NOT_LABELS]
    counted = ask(customers.aggregate(**{name: customers[name].nunique() for name in names})) if names else {}
    for name in sorted(names, key=lambda one: (counted[one], one)):
        if FEWEST_UNITS <= counted[name] <= MOST_UNITS:
            about: Any = customers.select("customer_id", of_unit=customers[name].cast("string"))
            yield name, rows.inner_join(about.filter(about.of_unit.notnull()), "customer_id")


def drawn_anew(found: AtOnce, number: int, rng: np.random.Generator) -> Floats:
    """The weight of each of `number` groups of stretches in a draw: positive, of mean 1, spread as the figure is (gamma)."""
    spread = found.widening**2
    return np.asarray(rng.gamma(1 / spread, spread, number), dtype=np.float64)
