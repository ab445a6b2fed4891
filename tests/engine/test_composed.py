"""SQL that is composed once for a shape is what ibis composes for each expression of it: ibis itself is asked every time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import ibis
import ibis.expr.types as ir
import pytest

from cxvalue.engine import composed
from cxvalue.engine.composed import Composed
from cxvalue.engine.embedded import connect


def _fresh(**columns: str) -> ir.Table:
    """A table under a name that is drawn anew, as those have that are made on the way."""
    return ibis.table(columns or {"id": "string", "day": "date", "x": "float64"}, name=ibis.util.gen_name("cached"))


def _plainly(expression: ir.Expr) -> str:
    return str(ibis.to_sql(expression, dialect="duckdb"))


class _Counting:
    """Composes as ibis does, and counts."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, expression: ir.Expr) -> str:
        self.times += 1
        return _plainly(expression)


def _own_earlier(table: ir.Table) -> ir.Table:
    other = table.view()
    return table.join(other, [table.id == other.id, other.day < table.day]).select(table.id, then=other.day)


def _two(table: ir.Table) -> ir.Table:
    return table.inner_join(_fresh(), "id").left_join(_fresh(id="string", y="int64"), "id")


SHAPES: list[Callable[[ir.Table], ir.Expr]] = [
    lambda t: t.count(),
    lambda t: t.filter(t.x > 0.5, t.day <= ibis.literal(date(2025, 3, 1))).aggregate(
        n=ibis._.count(), x=ibis._.x.sum()
    ),
    lambda t: t.group_by("id").agg(first=t.day.min()).order_by("id").limit(3),
    lambda t: t.mutate(r=ibis.row_number().over(group_by="id", order_by=["day", ibis.desc("x")])).filter(
        lambda u: u.r == 0
    ),
    lambda t: t.filter(t.id.isin(["a", "b"])).union(t.filter(t.id.re_search("^c"))),
    lambda t: t.x.cast("int64").fill_null(0).max(),
    lambda t: t.semi_join(t.group_by("id").agg(n=t.count()).filter(ibis._.n > 1), "id").select("id"),
    lambda t: t.aggregate(n=t.count(where=t.x.isnull()), mean=t.x.mean(where=t.day.year() == 2025)),
    lambda t: t.mutate(y=t.x + 1).drop("x", "day"),
    _own_earlier,
    _two,
]


@pytest.mark.parametrize("shape", SHAPES)
def test_tables_of_one_layout_are_asked_in_words_composed_once(shape: Callable[[ir.Table], ir.Expr]) -> None:
    known, compose = Composed(), _Counting()
    for _ in range(3):
        asked = shape(_fresh())
        assert known.sql(asked, compose) == _plainly(asked)
    assert compose.times == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda t: t.x == ibis.literal(0.0), lambda t: t.x == ibis.literal(-0.0)),
        (lambda t: t.x + ibis.literal(1, "float64"), lambda t: t.x + ibis.literal(1, "int8")),
        (lambda t: t.x.isin([1, 2]), lambda t: t.x.isin([2, 1])),
        (lambda t: t.day < ibis.literal(date(2025, 1, 1)), lambda t: t.day < ibis.literal(date(2025, 1, 2))),
        (lambda t: t.id == "a", lambda t: t.id == "A"),
        (lambda t: t.select("id", "x"), lambda t: t.select("x", "id")),
        (lambda t: t.order_by("x"), lambda t: t.order_by(ibis.desc("x"))),
        (lambda t: t.drop("x"), lambda t: t.drop("day")),
        (lambda t: t.inner_join(t.view(), "id"), lambda t: t.inner_join(_fresh(), "id")),
    ],
)
def test_what_differs_is_never_put_in_the_same_words(
    one: Callable[[ir.Table], ir.Expr], other: Callable[[ir.Table], ir.Expr]
) -> None:
    known, compose = Composed(), _Counting()
    for make in (one, other):
        asked = make(_fresh()).as_table()
        assert known.sql(asked, compose) == _plainly(asked)
    assert compose.times == 2


def test_columns_in_another_order_and_names_that_mean_something_are_another_shape() -> None:
    known, compose = Composed(), _Counting()
    layout = {"id": "string", "x": "float64"}
    tables = [
        _fresh(**layout),
        _fresh(**dict(reversed(layout.items()))),
        ibis.table(layout, name="purchases"),
        ibis.table(layout, name="fees"),
        ibis.table(layout, name="fees", database="theirs"),
    ]
    for table in tables:
        asked = table.filter(table.x > 1)
        assert known.sql(asked, compose) == _plainly(asked)
    assert compose.times == len(tables)


def test_what_cannot_be_told_apart_is_composed_each_time() -> None:
    @ibis.udf.scalar.builtin
    def lower(text: str) -> str: ...

    known, compose = Composed(), _Counting()
    for values in ({"a": 1}, {"a": 2}):
        asked = _fresh().mutate(made=ibis.literal(values, "map<string, int64>"))
        assert known.sql(asked, compose) == _plainly(asked)
    for _ in range(2):
        table = _fresh()
        asked = table.filter(lower(table.id) == "a")
        assert known.sql(asked, compose) == _plainly(asked)


def test_it_forgets_what_would_take_too_much_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composed, "MOST_NODES", 20)
    known, compose = Composed(), _Counting()
    for step in range(30):
        asked = _fresh().filter(lambda t, step=step: t.x > step)
        assert known.sql(asked, compose) == _plainly(asked)
        assert len(known._shapes.parts) < 30


def test_the_engine_answers_for_the_table_that_was_meant() -> None:
    con = connect()
    kept = [ibis.memtable({"id": ["a", name], "n": [1, size]}) for name, size in (("b", 2), ("c", 3))]
    tables = [
        con.create_table(f"t{place}", one, temp=True).filter(lambda t: t.n > 0).cache()
        for place, one in enumerate(kept)
    ]
    for table, size in zip(tables, (3, 4), strict=True):
        assert table.n.sum().to_pyarrow().as_py() == size
    for left, right, common in ((0, 1, ["a"]), (1, 0, ["a"])):
        assert tables[left].semi_join(tables[right], "id").id.to_pyarrow().to_pylist() == common
