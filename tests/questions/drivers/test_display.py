"""Drivers and departments as tables."""

from __future__ import annotations

from cxvalue.foundation.intervals import Interval
from cxvalue.questions.drivers.display import drivers_display, drivers_table, kpi_display
from cxvalue.questions.drivers.importance import fit_importance
from cxvalue.questions.drivers.kpi_tree import Branch
from cxvalue.study.experience import MetricRules
from tests.questions.drivers.test_importance import drawn


def test_tables_name_drivers_owners_and_who_computes() -> None:
    found = fit_importance(drawn(1))
    assert found is not None
    table = drivers_table(found)
    assert table["driver"].tolist() == ["first", "second"]
    assert table["share"].sum().round(9) == 1.0
    assert "first" in drivers_display(found).to_html()
    branch = Branch("shops", {"store": 300}, Interval(5.0, -1.0, 11.0))
    shown = kpi_display([branch], {"store": MetricRules(owner="boss", computed_by="bureau")}, "EUR").to_html()
    assert "boss" in shown
    assert "bureau" in shown
