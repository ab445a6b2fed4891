from __future__ import annotations

import ibis
import pytest

from cxvalue.engine.embedded import Embedded, connect
from cxvalue.study import TableSource


def test_the_engine_of_this_process_asks_for_no_rights_and_holds_no_table_of_a_study() -> None:
    place = Embedded()
    place.ask_for_rights(["sales.lines"])
    assert not place.holds(TableSource(table="sales.lines"))
    table = ibis.memtable({"a": [1]})
    assert place.send(table, "tables.rollout") is table


def test_a_connection_that_was_given_goes_on_and_one_of_its_own_ends() -> None:
    given = connect()
    for place in (Embedded(given), Embedded()):
        kept = place.con.create_table("t", ibis.memtable({"a": [1, 2]}), temp=True).filter(lambda t: t.a > 1).cache()
        with place.guarded():
            place.close()
        if place.con is given:
            assert kept.to_pyarrow().to_pydict() == {"a": [2]}
        else:
            with pytest.raises(Exception, match=r"(?i)closed"):
                place.con.con.execute("SELECT 1")
        del kept  # nothing is asked of a connection that has ended


def test_rows_of_a_table_that_was_brought_are_given_back_and_others_stay() -> None:
    place = Embedded()
    for name in ("parsed_surveys", "parsed_surveys_converted", "raw_surveys", "source_raw_surveys", "parsed_offers"):
        place.con.con.execute(f"CREATE TEMP TABLE {name} AS SELECT 1 AS a")
    place.con.con.execute("CREATE TEMP VIEW raw_offers AS SELECT * FROM parsed_offers")
    place.forget("surveys", as_read=True)
    left = place.con.con.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
    assert left == [("parsed_offers",), ("parsed_surveys",), ("parsed_surveys_converted",)]
    place.forget("surveys")
    left = place.con.con.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert left == [("parsed_offers",)]
