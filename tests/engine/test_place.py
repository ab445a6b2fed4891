from __future__ import annotations

import ibis

from cxvalue.engine.embedded import Embedded
from cxvalue.study import TableSource


def test_the_engine_of_this_process_asks_for_no_rights_and_holds_no_table_of_a_study() -> None:
    place = Embedded()
    place.ask_for_rights(["sales.lines"])
    assert not place.holds(TableSource(table="sales.lines"))
    table = ibis.memtable({"a": [1]})
    assert place.send(table, "tables.rollout") is table
    with place.guarded():
        place.close()
    assert place.con.list_tables() == []  # a connection that was given goes on
