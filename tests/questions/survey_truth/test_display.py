"""The score in four ways."""

from __future__ import annotations

from cxvalue.questions.survey_truth.display import scores_display, scores_table
from cxvalue.questions.survey_truth.weighting import reweight
from tests.questions.survey_truth.test_weighting import drawn


def test_four_ways() -> None:
    found = reweight(drawn(1)[0])
    assert found is not None
    table = scores_table(found)
    assert len(table) == 4
    assert table.loc[1, "value"] == found.score.value
    assert "—" in scores_display(found).to_html()
