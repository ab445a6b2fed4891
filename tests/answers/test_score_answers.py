"""Whether a score can be trusted: eight answers to one question, nobody known who did not answer."""

from __future__ import annotations

import pandas as pd
import pytest

import cxvalue
from cxvalue.answers.score_answers import ScoreAnswers
from cxvalue.workspace.opened import Study


def test_what_eight_answers_cannot_tell_is_said(little: Study) -> None:
    scores = ScoreAnswers(little)
    for answer in (scores.who_answers(), scores.main_store(), scores.competitors()):
        assert repr(answer).startswith("Left out: ")
        assert answer.findings == []
    assert set(scores.handed_over()["tables"]) == set()


@pytest.mark.parametrize("silent", [0, 60])
def test_a_response_rate_is_told_only_where_somebody_did_not_answer(silent: int) -> None:
    # A number for no answer, or an export of answers alone, would be told as 100% of those invited.
    names = [f"c{number:03d}" for number in range(180)]
    score = pd.Series([9.0, 0.0, 4.0] * 60)
    score[:silent] = None
    surveys = pd.DataFrame(
        {"customer_id": names, "date": "2026-05-04", "metric": "overall", "score": score, "invited": True}
    )
    bought = pd.DataFrame(
        {"customer_id": names * 2, "date": ["2026-01-05"] * 180 + ["2026-06-01"] * 180, "revenue": 20.0}
    )
    study = cxvalue.study_from(
        transactions=bought, surveys=surveys, currency="EUR", gross_margin=0.5, as_of="2026-06-30"
    )
    told = {one.id: one for one in ScoreAnswers(study).who_answers().findings}
    rate, score = told["experience.survey.response_rate"], told["experience.survey.reweighted"]
    assert told["experience.survey.raw"].value == pytest.approx(13 / 3)
    if silent:
        assert rate.value == pytest.approx(2 / 3)
        assert score.low < score.value < score.high
    else:
        assert rate.value is score.value is None
        assert "every invitation in 12 months has a score" in rate.text
