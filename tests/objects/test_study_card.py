"""What an opened study shows."""

from __future__ import annotations

from cxvalue.workspace.opened import Study


def test_a_study_says_what_it_asks_and_which_notebooks_it_can_have(sample: Study) -> None:
    assert repr(sample).startswith("Study cdnow_sample: ")
    rows = {what: value for what, value, _ in sample.summary().rows}
    assert rows["tables"] == "transactions"
    assert rows["notebooks"] == "00_data_check, 10_customer_base, 20_cltv, 30_churn"
    assert rows["horizon"] == "24 months"
    assert "Simulated" not in sample.summary().text
    assert {"read", "kept"} <= set(sample.to_frame()["kind"])
    assert sample.plot().axes
