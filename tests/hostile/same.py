"""`python -m tests.hostile.same [CUSTOMERS]`: worlds whose rows are shuffled, with every notebook that they get.

Whatever the order of the rows of every table, findings and tables must be the same: every text and word, and every number
to eleven digits, as sums of floating point hang on the order of adding in the last of their sixteen.
"""

from __future__ import annotations

import csv
import math
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxvalue.simulate import bank, cosmetics, insurer, mealkit, retailer, shop
from cxvalue.simulate.retailer_draw import RetailerParameters
from cxvalue.simulate.world import World, write_world
from tests.inprocess import hand_over, read_results

DIGITS = 1e-11
NOTHING = 1e-6
"""What is left of sums that cancel counts as nothing below this."""


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
    return [f"{name}: {a!r} is not {b!r}" for a, b in pairs if a != b and not _near(a, b)]


def _near(one: Any, other: Any) -> bool:
    try:
        a, b = float(one), float(other)
    except (TypeError, ValueError):
        return False
    return math.isclose(a, b, rel_tol=DIGITS, abs_tol=NOTHING * DIGITS)


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
                hand_over(write_world(told, folder / str(number) / "world"), works[-1])
            found, results = differences(*works), read_results(works[0])
        wrong += len(found)
        print(f"{name}: {len(results[0])} findings, {len(results[1])} tables, {len(found)} differences, "
              f"{time.monotonic() - began:.0f} s", *found[:20], sep="\n  ", file=sys.stderr)  # fmt: skip
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
