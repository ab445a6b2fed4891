"""Sums of an engine hang on no order of rows: not for threads that finish first, not from one engine to the next."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest

from cxvalue.engine.embedded import connect
from cxvalue.engine.opening import open_warehouse
from cxvalue.engine.sums import STEPS, order_free
from tests.engine.helpers import VARIABLE, AnyEngine

ROWS = 1_000_000
"""Eight parts of the engine, which four threads share."""


def _money(rows: int, seed: int = 5) -> pa.Table:
    """Amounts as studies have them, refunds among them: cents, margins with all their digits, missing ones; three groups."""
    rng = np.random.default_rng(seed)
    cents = np.where(rng.random(rows) < 0.05, -1, 1) * rng.lognormal(4, 2, rows).round(2)
    share = pa.array(cents * rng.random(rows), mask=rng.random(rows) < 0.1)
    return pa.table({"number": rng.integers(0, 3, rows), "cents": cents, "share": share})


def _shuffled(table: pa.Table) -> pa.Table:
    return table.take(pa.array(np.random.default_rng(8).permutation(table.num_rows)))


def _asked(table: Any) -> dict[str, list[Any]]:
    """Every kind of sum that the product asks for."""
    groups = ibis.window(group_by="number")
    grouped = table.group_by("number").agg(
        cents=table.cents.sum(),
        share=table.share.sum(),
        some=table.share.sum(where=table.cents > 60),
        none=table.share.sum(where=table.cents > 1e30),
        mean=table.share.mean(),
        mean_of_some=table.share.mean(where=table.cents > 60),
        mean_of_none=table.share.mean(where=table.cents > 1e30),
        product=(table.share * table.cents - 1).sum(),
        rows=table.number.sum(),
    )
    beside = table.mutate(all=table.share.sum().over(groups), usual=(table.share + 1).mean().over(groups))
    beside = beside.group_by("number").agg(**{
        f"{which}_{name}": getattr(beside[name], which)() for name in ("all", "usual") for which in ("min", "max")
    })  # fmt: skip
    found: dict[str, list[Any]] = {}
    for one in (grouped, beside):
        found |= one.order_by("number").to_pyarrow().to_pydict()
    return found


def test_threads_and_the_order_of_rows_move_no_bit() -> None:
    con, rows = connect(), _money(ROWS)
    con.raw_sql("SET threads = 4")
    here, there = (con.create_table(name, table) for name, table in (("a", rows), ("b", _shuffled(rows))))
    found = _asked(here)
    assert _asked(there) == found
    plain = [con.con.execute(f"SELECT sum(share) FROM {name} WHERE number = 1").fetchall() for name in ("a", "b")]
    assert plain[0] != plain[1]
    for number in range(3):
        mine = rows.filter(pa.compute.equal(rows["number"], number))
        for name in ("cents", "share"):
            right = math.fsum(mine[name].drop_null().to_pylist())
            assert abs(found[name][number] - right) <= math.ulp(right)
        assert found["mean"][number] == found["share"][number] / (len(mine) - mine["share"].null_count)
        assert found["max_all"][number] == found["min_all"][number] == found["share"][number]
        assert found["max_usual"][number] == pytest.approx(found["mean"][number] + 1, rel=1e-15)
    assert found["none"] == found["mean_of_none"] == [None] * 3


def test_every_engine_says_the_same_bits(engine: AnyEngine) -> None:
    rows = _money(20_000)
    here = _asked(connect().create_table("rows", rows))
    there = open_warehouse(f"${{{VARIABLE}}}")
    for name, table in (("as_they_are", rows), ("shuffled", _shuffled(rows))):
        assert _asked(there.table(engine.put(name, table), "tables")) == here
    there.close()


@pytest.mark.parametrize("size", [1e300, 1e16, 1e9, 1.0, 1e-5, 1e-12, 1e-300])
def test_a_sum_is_right_whatever_the_size_of_its_numbers(size: float) -> None:
    values = (size * np.random.default_rng(2).normal(1, 0.5, 5_000)).tolist()
    found = connect().create_table("t", pa.table({"x": values})).x.sum().to_pyarrow().as_py()
    assert found == pytest.approx(math.fsum(values), rel=2e-15, abs=0)


def test_the_steps_hold_what_they_promise() -> None:
    coarse, fine = STEPS
    rows = 2**26
    assert coarse * 2**53 > 3.5e13
    assert rows * coarse / 2 <= fine * 2**53  # what the first step leaves
    least = math.ulp(0.00025)
    assert rows * fine / 2 <= least * 2**53  # and the second


def test_small_numbers_stay_single_and_whole_ones_plain() -> None:
    con = connect()
    table = con.create_table(
        "t", pa.table({"x": pa.array([0.1, 0.2], pa.float32()), "n": [1, 2], "yes": [True, False]})
    )
    assert table.x.sum().to_pyarrow().as_py() == float(np.float32(0.1)) + float(np.float32(0.2))
    asked = table.aggregate(n=table.n.sum(), mean=table.n.mean(), yes=table.yes.sum())
    assert asked.to_pyarrow().to_pylist() == [{"n": 3, "mean": 1.5, "yes": 1}]
    assert con.compile(asked).count("CAST") == 1


@pytest.mark.parametrize("asked", ["var", "std"])
def test_what_no_order_of_sums_can_settle_is_not_asked(asked: str) -> None:
    table = connect().create_table("t", pa.table({"x": [0.1, 0.2]}))
    with pytest.raises(TypeError, match="depends on the order of rows"):
        getattr(table.x, asked)().to_pyarrow()
    with pytest.raises(TypeError, match="depends on the order of rows"):
        table.x.corr(table.x, how="pop").to_pyarrow()


def test_other_connections_stay_as_they_were(tmp_path: Path) -> None:
    first, second = (ibis.duckdb.connect(os.fspath(tmp_path / name)) for name in ("a.ddb", "b.ddb"))
    order_free(first)
    tables = [con.create_table("t", pa.table({"x": [0.1, 0.2]})) for con in (first, second)]
    assert [con.compile(table.x.sum()).count("SUM") for con, table in zip((first, second), tables, strict=True)] == [
        3,
        1,
    ]
