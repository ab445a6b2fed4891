"""What stands at the top of a notebook before and after its cells have run."""

from __future__ import annotations

from datetime import date

from cxvalue.findings.finding import Finding
from cxvalue.findings.writer import FindingWriter
from cxvalue.report.notebook_top import Opening, in_short
from cxvalue.study import find_study, load_study_file


def test_the_sentences_of_the_first_minute_come_first_and_few() -> None:
    told = [
        Finding(name, name, 1.0, text=f"Says {name}.")
        for name in (
            "data.rows",
            "cltv.mean",
            "cltv.equity",
            "cltv.new_customer",
            "cltv.backtest",
            "cltv.season",
            "base.active",
        )
    ]
    short = in_short(told)
    assert short[:2] == ["Says cltv.equity.", "Says cltv.mean."]
    assert len(short) == 5
    assert in_short(told[:1]) == ["Says data.rows."]
    assert in_short([]) == []


def test_an_opening_waits_for_the_answer_and_says_what_is_simulated() -> None:
    days = date(2024, 1, 1), date(2025, 12, 31)
    waiting = Opening.of(load_study_file(find_study("mealkit")), *days)
    assert "Observed from 1 January 2024 to 31 December 2025, amounts in EUR. Simulated" in repr(waiting)
    assert "once all cells have run" in repr(waiting)
    answered = Opening.of(load_study_file(find_study("cdnow")), *days, ["A < B."])
    assert "Simulated" not in repr(answered)
    assert answered._repr_html_().endswith("<ul><li>A &lt; B.</li></ul>")


def test_what_cannot_be_told_comes_last_with_its_name() -> None:
    writer = FindingWriter("40_reactivation", prefix="reactivation.spring.", label="The spring campaign: ")
    missing = [writer.withhold(key, key, "Nobody was held out.", "USD") for key in ("return_uplift", "profit")]
    assert in_short([*missing, Finding("reactivation.autumn.profit", "Profit", 1.0, text="It earned USD 1.")]) == [
        "It earned USD 1.",
        "The spring campaign: return_uplift (not available): nobody was held out.",
    ]
