"""`python -m tests.hostile.same [CUSTOMERS]`: worlds whose rows are shuffled, with every notebook that they get.

Whatever the order of the rows of every table, and whatever the order in which the engine answers where none was asked for,
findings and tables must be the same: every text and word, and every number to the last bit.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any
from unittest.mock import patch

import ibis.expr.operations as ops
import numpy as np
import pandas as pd

from cxvalue.engine.embedded import _Engine
from cxvalue.simulate import bank, cosmetics, insurer, mealkit, retailer, shop
from cxvalue.simulate.retailer_draw import RetailerParameters
from cxvalue.simulate.world import World, write_world
from tests.inprocess import hand_over, read_results

_ROW_BY_ROW = (ops.Project, ops.Filter, ops.Limit, ops.DropColumns, ops.FillNull, ops.DropNull, ops.Reference)


def shop_of_everything(customers: int, stores: int = 8) -> World:
    """A retailer with a campaign, a ladder of discounts, touchpoints, surveys and staff."""
    world = retailer(customers, seed=11, parameters=RetailerParameters(stores=stores, others=1500))
    tables, rng = dict(world.tables), np.random.default_rng(5)
    people = tables["customers"]["customer_id"]
    arms = np.where(rng.random(len(people)) < 0.5, "letter", "control")
    tables["contacts"] = pd.DataFrame({"customer_id": people, "date": "2026-01-15", "campaign": "letter",
                                       "arm": arms, "cost": 0.1})  # fmt: skip
    offers = [(who, "2026-03-10", rung, depth, "true" if rung == last else "false", 30.0, 12.0)
              for who, last in zip(people, rng.integers(1, 5, len(people)), strict=True)
              for rung, depth in ((1, 0.05), (2, 0.1), (3, 0.2)) if rung <= last]  # fmt: skip
    columns = ["customer_id", "date", "rung", "depth", "accepted", "basket_value", "basket_margin"]
    tables["offers"] = pd.DataFrame(offers, columns=columns)
    study = dict(world.study)
    study["tables"] = {name: {"path": f"{name}.csv"} for name in tables}
    study["campaigns"] = [{"name": "letter", "control": "control", "window_days": 60}]
    return replace(world, study=study, tables=tables)


def shuffled(world: World, seed: int) -> World:
    """The same world, the rows of every table in another order."""
    rng = np.random.default_rng(seed)
    return replace(
        world, tables={name: table.iloc[rng.permutation(len(table))] for name, table in world.tables.items()}
    )


def differences(one: Path, other: Path) -> list[str]:
    """What findings and tables that two runs handed over do not have in common, in words."""
    (findings, tables), (again, others) = read_results(one), read_results(other)
    out = [f"only once: {name}" for name in {*findings, *tables} ^ {*again, *others}]
    for name in findings.keys() & again.keys():
        keys = findings[name].keys() | again[name].keys()
        out += _unequal(name, ((findings[name].get(key), again[name].get(key)) for key in sorted(keys)))
    for name in tables.keys() & others.keys():
        rows = zip_longest(csv.reader(tables[name]), csv.reader(others[name]), fillvalue=())
        out += _unequal(name, (pair for row, its in rows for pair in zip_longest(row, its)))
    return out


def _unequal(name: str, pairs: Iterator[tuple[Any, Any]]) -> list[str]:
    return [f"{name}: {a!r} is not {b!r}" for a, b in pairs if a != b]


@contextmanager
def unordered() -> Iterator[None]:
    """Within it, what comes from the engine of this process in no order that was asked for comes in a random one.

    So it is when several threads share a large table, whose parts they finish now in this order and now in that.
    """
    loose: set[str] = set()
    answer, keep, compose = _Engine._to_duckdb_relation, _Engine._create_cached_table, _Engine.compile
    mixed_now: list[Any] = []

    def ordered(op: Any) -> bool:
        if isinstance(op, ops.Project) and any(value.find(ops.WindowFunction) for value in op.values.values()):
            return False  # rows come by the parts of its window
        if isinstance(op, _ROW_BY_ROW):
            return ordered(op.parent)
        return isinstance(op, ops.Sort | ops.PhysicalTable) and getattr(op, "name", None) not in loose

    def mixed(expr: Any, ask: Callable[[], Any]) -> Any:
        mixed_now.append(expr)
        try:
            return ask()
        finally:
            mixed_now.pop()

    def answered(self: Any, expr: Any, **given: Any) -> Any:
        table = expr.as_table()
        if ordered(table.op()):
            return answer(self, table, **given)
        return mixed(table, lambda: answer(self, table, **given))

    def kept(self: Any, name: str, expr: Any) -> Any:
        if ordered(expr.op()):
            return keep(self, name, expr)
        loose.add(name)
        return mixed(expr, lambda: keep(self, name, expr))

    def composed(self: Any, expr: Any, /, **given: Any) -> str:
        said = compose(self, expr, **given)
        return f"SELECT * FROM ({said}) ORDER BY random()" if mixed_now and expr is mixed_now[-1] else said

    with (
        patch.object(_Engine, "_to_duckdb_relation", answered),
        patch.object(_Engine, "_create_cached_table", kept),
        patch.object(_Engine, "compile", composed),
    ):
        yield


WORLDS: dict[str, Callable[[int], World]] = {
    "retailer": shop_of_everything,
    "shop": shop,
    "mealkit": lambda customers: mealkit(4 * customers),
    "cosmetics": cosmetics,
    "insurer": insurer,
    "bank": lambda customers: bank(4 * customers),
}


def main() -> None:
    """Run every world twice, and print what differs."""
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    wrong = 0
    for name, make in WORLDS.items():
        began, world = time.monotonic(), make(customers)
        with tempfile.TemporaryDirectory(prefix="s-") as place:
            folder = Path(place)
            works = []
            for number, told in enumerate((world, shuffled(world, 1))):
                os.environ["CXVALUE_CACHE"] = str(folder / f"cache{number}")
                works.append(folder / f"work{number}")
                with unordered() if number else nullcontext():
                    hand_over(write_world(told, folder / str(number) / "world"), works[-1])
            found, results = differences(*works), read_results(works[0])
        wrong += len(found)
        print(f"{name}: {len(results[0])} findings, {len(results[1])} tables, {len(found)} differences, "
              f"{time.monotonic() - began:.0f} s", *found[:20], sep="\n  ", file=sys.stderr)  # fmt: skip
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
