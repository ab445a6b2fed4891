"""The sentences of the survey's truth."""

from __future__ import annotations

from cxvalue.findings.numbers import format_range
from cxvalue.questions.survey_truth.asked_late import expectation_of, lateness_of
from cxvalue.questions.survey_truth.findings import minimum_finding, response_findings_of, timing_findings
from cxvalue.questions.survey_truth.weighting import reweight
from tests.questions.survey_truth.test_asked_late import answers
from tests.questions.survey_truth.test_weighting import drawn


def test_published_reweighted_and_bounds_stand_in_one_sentence() -> None:
    frame, _ = drawn(1)
    scores = reweight(frame)
    assert scores is not None
    found = {
        one.id.removeprefix("experience.survey."): one
        for one in response_findings_of(scores, frame, main="overall", level=0.95)
    }
    assert set(found) == {"response_rate", "gap.margin", "gap.purchases", "gap.silence", "raw", "reweighted", "bounds"}
    text = found["reweighted"].text
    assert "Published overall" in text
    assert "without assumptions" in text
    assert "assumes" in found["reweighted"].method
    assert found["bounds"].low == scores.bounded[0]
    assert "less satisfied by" in found["bounds"].text
    assert found["reweighted"].grade == "C"
    gaps = [one for name, one in found.items() if name.startswith("gap.")]
    assert {one.value < 0 for one in gaps} == {True, False}
    for one in gaps:
        ends = (-one.high, -one.low) if one.value < 0 else (one.low, one.high)
        assert f"({format_range(*ends, '')})" in one.text


def test_delay_expectation_and_the_smallest_sample() -> None:
    rows = answers(1, pull=0.02)
    found = timing_findings(lateness_of(rows, main="main"), expectation_of(rows, main="main", scale=(0, 10)), main="main",
                            level=0.95)  # fmt: skip
    assert [one.id for one in found] == ["experience.survey.delay", "experience.survey.expectation"]
    assert "from 0 to 100, a week" in found[0].text
    assert timing_findings(None, None, main="main", level=0.95) == []
    assert minimum_finding(3831, 5.0, main="main").value == 3831
    assert minimum_finding(3831, 5.0, main="main", a_point="So much.").text.endswith("are noise. So much.")
