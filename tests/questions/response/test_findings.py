"""The sentences of complaints: what would undo an effect is said, an effect that is not shown is not claimed."""

from __future__ import annotations

from dataclasses import replace

from cxvalue.foundation.intervals import Interval
from cxvalue.questions.response.complaints import Complaints
from cxvalue.questions.response.findings import response_findings
from cxvalue.questions.response.recovery import Instrument, Recovery, answer_speed, fit_recovery
from tests.experienceworlds import RULES
from tests.questions.response.test_recovery import complaints, drawn

MADE = Recovery(
    retained=Interval(0.09, 0.03, 0.15), margin=Interval(13.0, 5.0, 21.0), margin_of_slow=Interval(15.0, 5.0, 25.0),
    naive=0.16, robustness=0.07, complaints=2000, fast=900, thin=0.0, instrument=None,
)  # fmt: skip


def written(found: Recovery | None) -> dict[str, object]:
    rows, _ = complaints()
    assert isinstance(rows, Complaints)
    speed = answer_speed(rows, RULES.target_days)
    assert speed is not None
    findings = response_findings(speed, found, RULES, answered_by="responded_on", currency="EUR", level=0.95)
    return {one.id.removeprefix("experience.response."): one for one in findings}


def test_the_value_of_the_target_is_the_effect_on_the_slow_times_the_slow() -> None:
    rows, _ = complaints()
    speed = answer_speed(rows, RULES.target_days)  # type: ignore[arg-type]
    assert speed is not None
    found = written(MADE)
    assert set(found) == {"days", "closed_loop", "retained", "margin", "value_of_target", "robustness"}
    value = found["value_of_target"]
    assert (value.value, value.low, value.high) == (15.0 * speed.slow, 5.0 * speed.slow, 25.0 * speed.slow)  # type: ignore[attr-defined]
    text = found["retained"].text  # type: ignore[attr-defined]
    assert "9.0 more stayed if answered within" in text
    assert "7.0%" in text
    assert "cause that the data do not show" in text


def test_what_is_not_shown_is_not_claimed() -> None:
    text = written(replace(MADE, retained=Interval(0.01, -0.05, 0.07)))["retained"].text  # type: ignore[attr-defined]
    assert "is not shown" in text
    assert "1.0 of 100 (between −5.0 and 7.0)" in text
    assert "keeps 1" not in text


def test_too_few_complaints_are_withheld_with_the_reason() -> None:
    found = written(None)
    assert found["retained"].value is None  # type: ignore[attr-defined]
    assert "fewer than 100" in found["retained"].text  # type: ignore[attr-defined]


def test_an_instrument_is_graded_by_its_balance() -> None:
    sound, biased = (Instrument(Interval(0.1, 0.02, 0.2), 200.0, p) for p in (0.5, 0.001))
    assert written(replace(MADE, instrument=sound))["instrument"].grade == "C"  # type: ignore[attr-defined]
    one = written(replace(MADE, instrument=biased))["instrument"]
    assert one.grade == "D"  # type: ignore[attr-defined]
    assert "link" in one.text  # type: ignore[attr-defined]
    assert written(replace(MADE, instrument=Instrument(None, 0.5, 0.5)))["instrument"].value is None  # type: ignore[attr-defined]
    assert written(replace(MADE, thin=0.2))["retained"].grade == "D"  # type: ignore[attr-defined]
    found = fit_recovery(drawn(1, 0.1))
    assert found is not None
    assert found.thin < 0.5


def test_a_sign_is_said_in_words_or_in_the_range_and_what_is_not_shown_is_not_claimed() -> None:
    worse = replace(
        MADE, retained=Interval(-0.09, -0.15, -0.03), naive=0.02, margin_of_slow=Interval(5.0, -1.0, 11.0),
        instrument=Instrument(Interval(0.2, -0.1, 0.5), 40.0, 0.5),
    )  # fmt: skip
    found = {key: one.text for key, one in written(worse).items()}  # type: ignore[attr-defined]
    assert "9.0 fewer stayed if answered within 3 days (between 3.0 and 15.0)" in found["retained"]
    assert "would say −2.0" in found["retained"]
    assert "It is not shown that doing so" in found["value_of_target"]
    assert (
        "it is not shown that a fast answer keeps complainers: 20.0 of 100 (between −10 and 50)" in found["instrument"]
    )
    fewer = replace(MADE, instrument=Instrument(Interval(-0.2, -0.3, -0.1), 40.0, 0.5))
    told = written(fewer)["instrument"].text  # type: ignore[attr-defined]
    assert "keeps 20.0 fewer of 100 (between 10 and 30)" in told
    more = replace(MADE, instrument=Instrument(Interval(0.2, 0.1, 0.3), 40.0, 0.5))
    assert "keeps 20.0 more of 100" in written(more)["instrument"].text  # type: ignore[attr-defined]


def test_a_median_that_cannot_be_another_day_has_no_range() -> None:
    rows, _ = complaints()
    assert isinstance(rows, Complaints)
    speed = answer_speed(rows, RULES.target_days)
    assert speed is not None
    told = {"answered_by": "responded_on", "currency": "EUR", "level": 0.95}
    found = response_findings(replace(speed, days=Interval(3.0, 3.0, 3.0)), None, RULES, **told)
    assert found[0].text == "Half of them were answered by day 3."
    assert (found[0].value, found[0].low, found[0].high) == (3.0, None, None)
