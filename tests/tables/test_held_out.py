"""Held-out arms by their names, however they are written; programmes are not taken for one."""

from __future__ import annotations

import ibis

from cxvalue.tables.held_out import HELD_OUT_WORDS, in_held_out_arm

HELD_OUT = [" Control ", "HELD_OUT", "hold-out", "Контрольная_группа", "对照组", *sorted(HELD_OUT_WORDS)]
TREATED = ["mail", "A", "control tower", "новая", "", None]


def test_names_are_known_however_they_are_written() -> None:
    arms = [*HELD_OUT, *TREATED]
    rows = ibis.memtable({"place": list(range(len(arms))), "arm": arms}, schema={"place": "int64", "arm": "string"})
    found = rows.mutate(held=in_held_out_arm(rows.arm)).order_by("place").to_pyarrow().column("held").to_pylist()
    assert found == [True] * len(HELD_OUT) + [False] * len(TREATED)
