"""Refunds matched to the purchases that they take back, and taken off them.

A refund nets the latest purchase that is large enough, or several where none is: the rules stand in `cxvalue.tables.ledger`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from itertools import accumulate
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

TOLERANCE = 1e-9  # relative; sums of money in floating point
ROUNDS = 20
FEW_PURCHASES = 50_000
"""Purchases up to this number are matched with few refunds out of the engine, in one go."""


class Matching:
    """Refunds matched to purchases within groups: `table` has a row for each purchase that a matched refund nets.

    With `several` a refund that no purchase is large enough for nets several. Of its margin those that it uses up take
    back what they had left, and the last one the rest.
    """

    def __init__(
        self, refunds: ir.Table, targets: ir.Table, by: tuple[str, ...], few: bool, several: bool = False
    ) -> None:
        self.held: list[ir.Table] = []
        left = targets.select(*by, "date", "left", "margin")
        if few:
            # Each round in the engine is three expressions to put into its words: more work than all of these rows.
            fetched = left.semi_join(refunds, list(by)).order_by("date").limit(FEW_PURCHASES + 1).to_pyarrow()
            if len(fetched) <= FEW_PURCHASES:
                self.table = self._keep(self._one_by_one(refunds, fetched, by, several))
                return
        # Most refunds concern a group with one purchase that covers them all: no order matters there.
        found = [self._keep(self._whole(refunds, left, by))]
        rest = refunds.anti_join(found[0], "refund")
        turn = ibis.row_number().over(group_by=list(by), order_by=["date", "refund"])
        waiting = self._keep(rest.mutate(turn=turn))
        left = left.semi_join(waiting, list(by))
        rounds = waiting.aggregate(n=waiting.turn.max()).to_pyarrow().to_pylist()[0]["n"]
        rounds = 0 if rounds is None else int(rounds) + 1
        for number in range(min(rounds, ROUNDS)):
            now = waiting.filter(waiting.turn == number)
            hit = self._keep(self._hits(now, left, by))
            if several:
                spread = self._spread(now.anti_join(hit, "refund"), left, by)
                hit = self._keep(hit.union(spread.select(*hit.columns)))
            found.append(hit)
            if number + 1 == rounds:
                break  # nobody asks what is left after the last one
            later = waiting.filter(waiting.turn > number)
            taken = hit.select(*by, date="bought", taken="amount", back="margin")
            remaining = left.semi_join(later, list(by)).left_join(taken, [*by, "date"])
            remaining = remaining.mutate(
                left=remaining.left - remaining.taken.fill_null(0.0),
                margin=remaining.margin + remaining.back.fill_null(0.0),
            )
            left = self._keep(remaining.select(*by, "date", "left", "margin"))
        if rounds > ROUNDS:
            still = left.order_by("date").to_pyarrow()
            found.append(self._keep(self._one_by_one(waiting.filter(waiting.turn >= ROUNDS), still, by, several)))
        self.table = self._keep(ibis.union(*found)) if len(found) > 1 else found[0]

    def _keep(self, table: ir.Table) -> ir.Table:
        kept = table.cache()
        self.held.append(kept)
        return kept

    @staticmethod
    def _whole(refunds: ir.Table, left: ir.Table, by: tuple[str, ...]) -> ir.Table:
        single = left.group_by(list(by)).agg(days=left.count(), bought=left.date.min(), left=left.left.sum())
        asked = refunds.group_by(list(by)).agg(total=refunds.amount.sum(), earliest=refunds.date.min())
        both = single.inner_join(asked, list(by))
        covered = both.filter(
            (both.days == 1) & (both.bought <= both.earliest) & (both.total <= both.left * (1 + TOLERANCE))
        )
        return refunds.inner_join(covered.select(*by, "bought"), list(by)).select(
            "refund", *by, "bought", "amount", "margin"
        )

    @staticmethod
    def _one_by_one(refunds: ir.Table, left: pa.Table, by: tuple[str, ...], several: bool) -> ir.Table:
        # Only few refunds come here, or the few customers with very many (an id shared by all guests, say): a round for
        # each of their refunds would cost more than taking their rows out of the engine. `left` is in order of date.
        days: dict[tuple[Any, ...], list[list[Any]]] = {}
        for row in left.to_pylist():
            days.setdefault(tuple(row[name] for name in by), []).append([row["date"], row["left"], row["margin"]])
        netted: list[tuple[int, date, float, float | None]] = []
        for row in refunds.order_by(["date", "refund"]).to_pyarrow().to_pylist():
            candidates = days.get(tuple(row[name] for name in by), [])
            earlier = candidates[: bisect_right(candidates, row["date"], key=lambda item: item[0])][::-1]
            amount, margin, enough = row["amount"], row["margin"], row["amount"] * (1 - TOLERANCE)
            chosen = next(([day] for day in earlier if day[1] >= enough), [])
            if not chosen:
                sums = list(accumulate(day[1] for day in earlier)) if several else []
                last = bisect_left(sums, enough)
                if last == len(sums):
                    continue
                chosen = [day for day in earlier[: last + 1] if day[1] > 0]
            for day in chosen:
                whole = day is not chosen[-1]
                part, back = (day[1], -(day[2] or 0.0)) if whole else (amount, margin)
                netted.append((row["refund"], day[0], part, back))
                day[1] -= part
                if margin is not None:
                    day[2] = (day[2] or 0.0) + back
                    margin -= back
                amount -= part
        names = ("refund", "bought", "amount", "margin")
        types = (pa.int64(), pa.date32(), pa.float64(), pa.float64())
        columns = list(zip(*netted, strict=True)) or [()] * 4
        arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
        pairs = ibis.memtable(pa.table(dict(zip(names, arrays, strict=True))))
        asked = refunds.select("refund", *by)
        return asked.inner_join(pairs, "refund").select("refund", *by, "bought", "amount", "margin")

    @staticmethod
    def _hits(refunds: ir.Table, left: ir.Table, by: tuple[str, ...]) -> ir.Table:
        targets = left.select(*by, "left", bought="date")
        enough = refunds.join(targets, list(by))
        enough = enough.filter((enough.bought <= enough.date) & (enough.left >= enough.amount * (1 - TOLERANCE)))
        latest = enough.group_by("refund").agg(bought=enough.bought.max())
        return refunds.inner_join(latest, "refund").select("refund", *by, "bought", "amount", "margin")

    @staticmethod
    def _spread(refunds: ir.Table, left: ir.Table, by: tuple[str, ...]) -> ir.Table:
        """The latest purchases, newest first, until each refund is used up; none where they are too small together."""
        targets = left.select(*by, "left", bought="date", had=left.margin.fill_null(0.0))
        earlier = refunds.join(targets, list(by))
        earlier = earlier.filter((earlier.bought <= earlier.date) & (earlier.left > 0))
        newest = ibis.cumulative_window(group_by="refund", order_by=ibis.desc("bought"))
        upto = earlier.mutate(upto=earlier.left.sum().over(newest), had_upto=earlier.had.sum().over(newest))
        enough = upto.amount * (1 - TOLERANCE)
        upto = upto.mutate(last=upto.upto >= enough, newer=upto.upto - upto.left)
        covered = upto.filter(upto["last"]).select("refund").distinct()
        used = upto.filter(upto.newer < enough).semi_join(covered, "refund")
        # Of the refund's own margin (below 0 as a rule) the last purchase gets what the newer ones did not take.
        return used.select(
            "refund",
            *by,
            "bought",
            amount=used["last"].ifelse(used.amount - used.newer, used.left),
            margin=used["last"].ifelse(used.margin + (used.had_upto - used.had), -used.had),
        )


def net(targets: ir.Table, hits: ir.Table, keys: tuple[str, ...]) -> ir.Table:
    """Take matched refunds off their purchases; `void` marks those refunded in full."""
    renamed = hits.rename(date="bought")
    taken = renamed.group_by(list(keys)).agg(taken=renamed.amount.sum(), taken_margin=renamed.margin.sum())
    # An empty order id never equals another, so lines without one keep their amounts.
    joined = targets.left_join(taken, list(keys))
    refunded, rest = joined.taken.fill_null(0.0), joined.left - joined.taken.fill_null(0.0)
    return joined.select(
        *[name for name in targets.columns if name not in ("left", "margin")],
        left=rest,
        margin=joined.margin + joined.taken_margin.fill_null(0.0),
        void=(refunded > 0) & (rest <= joined.gross * TOLERANCE),
    )
