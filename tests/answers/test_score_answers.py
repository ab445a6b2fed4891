"""Whether a score can be trusted: eight answers to one question, nobody known who did not answer."""

from __future__ import annotations

from cxvalue.answers.score_answers import ScoreAnswers
from cxvalue.workspace.opened import Study


def test_what_eight_answers_cannot_tell_is_said(little: Study) -> None:
    scores = ScoreAnswers(little)
    for answer in (scores.who_answers(), scores.main_store(), scores.competitors()):
        assert repr(answer).startswith("Left out: ")
        assert answer.findings == []
    assert set(scores.handed_over()["tables"]) == set()
