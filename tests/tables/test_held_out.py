"""Held-out arms by their names: the engine's answer is that of the plain function, and programmes are not taken for one."""

from __future__ import annotations

import ibis

from cxvalue.tables.held_out import HELD_OUT_WORDS, in_held_out_arm, is_held_out

WRITTEN = [
    " Control ",
    "HELD_OUT",
    "hold-out",
    "Контрольная_группа",
    "对照组",
    "mail",
    "A",
    "control tower",
    "новая",
    "",
]


def test_names_are_known_however_they_are_written() -> None:
    assert [is_held_out(name) for name in WRITTEN] == [True] * 5 + [False] * 5
    assert all(is_held_out(word) for word in HELD_OUT_WORDS)


def test_the_engine_says_the_same() -> None:
    rows = ibis.memtable(
        {"place": list(range(11)), "arm": [*WRITTEN, None]}, schema={"place": "int64", "arm": "string"}
    )
    found = rows.mutate(held=in_held_out_arm(rows.arm)).order_by("place").to_pyarrow().column("held").to_pylist()
    assert found == [*(is_held_out(name) for name in WRITTEN), False]
