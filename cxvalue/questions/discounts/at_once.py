"""Whether a depth was named to many at once: to everybody of a day, or of a shop and a day.

What else was different on those days then looks like the work of the depth, and a thousand visits of one week are one draw
of it. A stretch is a run of days on which everybody, or everybody of one unit, was named the same depth first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
from scipy import special

from cxvalue.foundation.arrays import Floats
from cxvalue.tables.ask import ask
from cxvalue.tables.labels import NOT_LABELS

if TYPE_CHECKING:
    import ibis.expr.types as ir

ALIKE = 0.9
"""Share of the visits of a day, or a unit and a day, with its usual depth, from which on the depth was the day's."""
FEWEST_VISITS, FEWEST_UNITS, MOST_UNITS = 30, 6, 500
FEW, FEWEST = 10, 2
"""Stretches of a depth below which drawing them anew tells too little, and nothing."""


@dataclass(frozen=True, slots=True)
class AtOnce:
    """In how many stretches the depth named first was the same for everybody; `unit` is a column of the customers, or ''."""

    unit: str
    stretches: int
    depths: int

    @property
    def few(self) -> bool:
        """Too few to say what else was different in them."""
        return self.stretches < FEW * self.depths

    @property
    def drawn(self) -> bool:
        """Enough to be drawn anew."""
        return self.stretches >= FEWEST * self.depths

    @property
    def widening(self) -> float:
        """What makes the spread of stretches drawn anew that of a depth's figure, where it had not many (t, and n - 1)."""
        left = max(self.stretches / self.depths - 1, 1.0)
        return float(special.stdtrit(left, 0.975) / special.ndtri(0.975) * (1 + 1 / left) ** 0.5)


def named_at_once(occasions: ir.Table, customers: ir.Table | None) -> tuple[AtOnce, ir.Table] | None:
    """How depths were named at once, and the occasions with their `stretch`; None where customers got depths of their own.

    `occasions` has a row each with customer_id, occasion, date and first (the depth named first).
    """
    shares = occasions.group_by("first").agg(visits=occasions.count())
    asked = ask(shares.aggregate(every=shares.visits.sum(), most=shares.visits.max(), depths=shares.count()))
    every, depths = int(asked["every"] or 0), int(asked["depths"])
    if depths < 2 or asked["most"] >= ALIKE * every:
        return None
    for name, rows in _by_unit(occasions, customers, depths):
        cells = rows.group_by(["of_unit", "date"]).agg(visits=rows.count(), people=rows.customer_id.nunique())
        named = rows.group_by(["of_unit", "date", "first"]).agg(visits=rows.count())
        most = named.visits.max().over(group_by=["of_unit", "date"])
        usual = named.mutate(most=most).filter(lambda t: t.visits == t.most)
        usual = usual.group_by(["of_unit", "date"]).agg(depth=usual["first"].min(), alike=usual.most.max())
        both = cells.inner_join(usual, ["of_unit", "date"])
        told = both.filter(both.people > 1)
        seen = ask(told.aggregate(visits=told.visits.sum(), alike=told.alike.sum()))
        if (seen["visits"] or 0) < FEWEST_VISITS or seen["alike"] < ALIKE * seen["visits"]:
            continue
        within = ibis.window(group_by="of_unit", order_by="date")
        before = usual.depth.lag().over(within)
        turned = usual.mutate(turn=(before.isnull() | (before != usual.depth)).ifelse(1, 0))
        number = turned.turn.sum().over(ibis.window(group_by="of_unit", order_by="date", preceding=None, following=0))
        turned = turned.select("of_unit", "date", stretch=turned.of_unit + "#" + number.cast("string"))
        joined = rows.inner_join(turned, ["of_unit", "date"]).select("occasion", "stretch")
        count = int(turned.stretch.nunique().to_pyarrow().as_py())
        return AtOnce(name, count, depths), joined
    return None


def _by_unit(occasions: ir.Table, customers: ir.Table | None, depths: int) -> Iterator[tuple[str, ir.Table]]:
    """The occasions as of one unit, then with each column of the customers that may name units, fewest units first."""
    rows = occasions.select("customer_id", "occasion", "first", date=occasions.date.cast("date"))
    yield "", rows.mutate(of_unit=ibis.literal(""))
    if customers is None:
        return
    kinds = customers.schema().items()
    names = [name for name, kind in kinds if (kind.is_string() or kind.is_integer()) and name not in NOT_LABELS]
    counted = ask(customers.aggregate(**{name: customers[name].nunique() for name in names})) if names else {}
    for name in sorted(names, key=lambda one: (counted[one], one)):
        # A column with one value a depth says who was drawn for which, and no unit.
        if max(FEWEST_UNITS, 2 * depths) <= counted[name] <= MOST_UNITS:
            about: Any = customers.select("customer_id", of_unit=customers[name].cast("string"))
            yield name, rows.inner_join(about.filter(about.of_unit.notnull()), "customer_id")


def drawn_anew(found: AtOnce, number: int, rng: np.random.Generator) -> Floats:
    """How often each of `number` groups of stretches is drawn, less the once it stands there, spread as the figure is."""
    drawn = np.bincount(rng.integers(0, number, number), minlength=number).astype(np.float64)
    return np.asarray(found.widening * (drawn - 1.0), dtype=np.float64)
