"""Whether the data can carry the conclusions: what is asked of the CDNOW sample and of a shop with several tables."""

from __future__ import annotations

from cxvalue.answers.data_answers import DataAnswers
from cxvalue.workspace.opened import Study


def test_every_row_is_counted_and_a_single_table_has_nothing_to_match(sample: Study) -> None:
    data = DataAnswers(sample)
    assert repr(data.matches()) == "There is only one table with an id."
    given = data.handed_over()
    assert {one.id for one in given["findings"]} == {"data.rows", "data.dropped", "data.purchases"}
    months = given["tables"]["monthly.csv"]
    assert months["purchases"].sum() == next(one.value for one in given["findings"] if one.id == "data.purchases")


def test_tables_that_share_ids_are_matched(little: Study) -> None:
    data = DataAnswers(little)
    assert repr(data.matches()) == ""
    assert len(data.matches().shown) == 1
    assert set(data.counts["kind"]) >= {"match"}
