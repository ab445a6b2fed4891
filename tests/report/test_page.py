from __future__ import annotations

import dataclasses
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from cxvalue.findings.finding import Finding
from cxvalue.findings.writer import FindingWriter
from cxvalue.language.english import ENGLISH
from cxvalue.language.words import words_for
from cxvalue.report.assumptions import study_assumptions
from cxvalue.report.html import render_index, render_page
from cxvalue.report.page import build_page, headline_finding, verdict_findings
from cxvalue.report.page_model import IndexEntry, Link, NotebookOutcome, PageNotes, RunMeta
from cxvalue.study import StudyFile
from cxvalue.tables.cautions import Caution
from cxvalue.tables.counts import ControlResult, RowCount

META = RunMeta(
    "shop", "What customers are worth", date(2026, 6, 30), datetime(2026, 7, 1, 6, 5, tzinfo=UTC), "USD", "0.1.0"
)
COUNTED = FindingWriter("10_customer_base", "base.", kind="count")
EQUITY = Finding(
    "cltv.equity", "Equity", 1.2e6, 1.1e6, 1.4e6, 0.95, "USD", "C", "Customers are worth USD 1.20 M.", "BG/NBD"
)
ACTIVE = Finding("base.active", "Active customers", 9142, unit="customers", text="9,142 bought lately.")
CUSTOMERS = Finding("base.customers", "Customers", 23570, unit="customers", text="23,570 have bought.")
LOST = COUNTED.withhold("lost_value", "Lost value", "the history is too short.", "USD")
VERDICT = Finding("programme.waiver.verdict", "Waiver", "NOT PROVEN", text="Not proven yet.", grade="B")
NPV = Finding("programme.waiver.npv", "NPV", 5.0, -1.0, 9.0, 0.95, "USD", "B", "Worth USD 5.00.")
BIAS = Finding("cltv.holdout_bias", "Forecast error", -412.3, unit="transactions", text="Too few.", kind="holdout")
RATE = FindingWriter("30_churn", "churn.").withhold("rate", "Churn", "not identified.", "share", word="withheld")
ALL = [CUSTOMERS, ACTIVE, LOST, EQUITY, BIAS, RATE, NPV, VERDICT]


def ids(lines: Any) -> list[str]:
    return [line.id for line in lines]


def test_the_verdict_comes_first_then_the_headlines_in_their_order() -> None:
    page = build_page(META, ALL)
    assert ids(page.verdicts) == ["programme.waiver.verdict"]
    assert (page.verdicts[0].value, page.verdicts[0].tone) == ("Not proven", "open")
    assert ids(page.cards) == ["programme.waiver.npv", "cltv.equity", "base.active", "base.lost_value"]
    assert ids(page.lines) == [finding.id for finding in ALL]


@pytest.mark.parametrize(("word", "grade", "told"), [
    ("PASS", "B", ("Pass", "good")), ("PASS", "C", ("Not proven", "open")),
    ("FAIL", "A", ("Fail", "bad")), ("FAIL", "D", ("Not proven", "open")),
])  # fmt: skip
def test_a_verdict_on_weak_evidence_is_not_proven_wherever_it_is_told(
    word: str, grade: str, told: tuple[str, str]
) -> None:
    judged = dataclasses.replace(VERDICT, value=word, grade=grade)
    page = build_page(META, [judged, NPV])
    (line,) = page.verdicts
    assert (line.value, line.tone) == told
    made = datetime(2026, 7, 1, tzinfo=UTC)
    entry = IndexEntry("shop", "A shop", date(2026, 6, 30), made, verdicts=(judged,), href="a/index.html")
    for shown in (entry, dataclasses.replace(entry, answers=page.answers)):
        assert ("Not proven" in render_index([shown])) is (told[1] == "open")
    assert ("Pass</strong>" in render_index([entry])) is (told[0] == "Pass")


def test_a_card_has_its_value_interval_and_grade() -> None:
    card = build_page(META, ALL).cards[1]
    assert (card.value, card.interval) == ("USD 1.20 M", "between USD 1.10 and 1.40 M")
    assert (card.confidence, card.evidence) == ("95% interval", "Evidence C")


def test_a_withheld_value_keeps_its_place_with_its_reason() -> None:
    page = build_page(META, ALL)
    assert (page.cards[-1].value, page.cards[-1].tone) == ("not available", "withheld")
    assert page.cards[-1].reason == "The history is too short."
    assert [(line.value, line.reason) for line in page.withheld] == [
        ("not available", "The history is too short."),
        ("withheld", "Not identified."),
    ]


def test_a_sentence_begins_in_upper_case_whatever_name_it_begins_with() -> None:
    for made, written in (("jam sells.", "Jam sells."), ("sBG, fitted.", "sBG, fitted.")):
        (line,) = build_page(META, [dataclasses.replace(CUSTOMERS, text=made, method=made)]).lines
        assert (line.text, line.method) == (written, written)


def test_a_reason_that_holds_for_several_findings_is_told_once() -> None:
    short = [COUNTED.withhold(name, label, "the history is too short.", "USD")
             for name, label in (("lost_customers", "Base: lost"), ("repeat_rate", "Base: back"))]  # fmt: skip
    page = build_page(META, [LOST, *short, RATE])
    assert page.not_stated == (
        ("Lost value; Base: lost; back", "not available", "The history is too short."),
        ("Churn", "withheld", "Not identified."),
    )
    same = "For the same reason."
    assert [line.reason for line in page.cards] == ["The history is too short.", same]
    assert [line.text for line in page.lines] == [LOST.text, same, same, RATE.text]
    assert (
        render_page(page).count("istory is too short.") == 3
    )  # on the first card, behind the names, among all findings


def test_one_minute_reads_on_and_leaves_out_what_is_not_known() -> None:
    assert build_page(META, ALL).minute == (
        "Not proven yet. Worth USD 5.00.",
        "Customers are worth USD 1.20 M.",
        "23,570 have bought. 9,142 bought lately.",
    )


def test_how_sure_lists_estimates_holdout_and_the_grades_used() -> None:
    page = build_page(META, ALL)
    assert ids(page.modelled) == ["cltv.equity", "programme.waiver.npv"]
    assert ids(page.holdout) == ["cltv.holdout_bias"]
    assert [grade for grade, _ in page.grades] == ["B", "C"]


@pytest.mark.parametrize(
    ("expected", "agrees", "words"),
    [(100.0, True, "Yes: revenue in the data is USD 99.80"), (90.0, False, "No: revenue")],
)
def test_the_control_total(expected: float, agrees: bool, words: str) -> None:
    page = build_page(META, [], notes=PageNotes(control=ControlResult.of(expected, 99.8, 0.005)))
    assert page.control_agrees is agrees
    assert page.control.startswith(words)
    assert "0.5%" in page.control
    assert (ENGLISH["control_failed"] in page.banners) is not agrees


def test_without_a_control_total_the_page_says_so() -> None:
    page = build_page(META, [])
    assert page.control_agrees is None
    assert page.control == ENGLISH["control_none"]


def test_what_did_not_run_is_listed_and_failures_are_announced() -> None:
    notebooks = [
        NotebookOutcome("00_data_check", "Data", "done", href="notebooks/00_data_check.html"),
        NotebookOutcome("20_cltv", "Value", "failed", "cell 4 failed"),
        NotebookOutcome("40_reactivation", "", "not_run", "needs the table 'contacts'"),
    ]
    notes = PageNotes(not_made=(("deck.pptx", "not part of this version"),))
    page = build_page(dataclasses.replace(META, partial=True), [], [], notebooks, notes)
    assert page.missing == (
        ("Value", "failed", "cell 4 failed"),
        ("40_reactivation", "not run", "needs the table 'contacts'"),
        ("deck.pptx", "not made", "not part of this version"),
    )
    assert page.banners == (ENGLISH["partial"], ENGLISH["notebook_failed"].format(names="Value"))
    assert page.links["notebooks"] == (Link("Data", "notebooks/00_data_check.html", "notebooks"),)


def test_data_notes_are_written_out() -> None:
    counts = (RowCount("transactions", "rows after the day", 12345, 43210.0, "cut"),)
    (note,) = build_page(META, [], notes=PageNotes(data=counts)).data
    assert (note.kind, note.rows, note.amount) == ("cut", "12,345", "USD 43,200")


def test_a_page_model_holds_no_markup() -> None:
    page = build_page(META, ALL, notes=PageNotes(remarks=("a remark",)))
    assert "<" not in repr(page).replace("<object", "")


def test_the_page_is_in_the_language_of_its_study() -> None:
    page = build_page(dataclasses.replace(META, language="uk"), ALL)
    assert page.language == "uk"
    assert page.words is words_for("uk")


def test_headline_and_verdicts_for_the_index() -> None:
    assert headline_finding([CUSTOMERS, ACTIVE, EQUITY]) == EQUITY
    assert headline_finding([VERDICT, LOST]) is None
    assert verdict_findings(ALL) == (VERDICT,)


def study(**keys: Any) -> StudyFile:
    return StudyFile.model_validate(
        {"name": "shop", "currency": "USD", "tables": {"transactions": {"path": "a.csv"}}, **keys}
    )


def test_assumptions_mark_what_the_study_file_does_not_set() -> None:
    rows = {row.label: row for row in study_assumptions(study(gross_margin=0.3), observed_from=date(2024, 1, 1))}
    assert rows["Money"].value == "nominal and before tax"
    assert (rows["Discount rate"].value, rows["Discount rate"].assumed) == ("10% a year", True)
    assert (rows["Gross margin"].value, rows["Gross margin"].assumed) == ("30% of revenue before discount", False)
    assert rows["A customer is dormant after"].value == "90 days without a purchase"
    assert (rows["History from"].value, rows["History from"].assumed) == ("1 January 2024", True)


def test_assumptions_of_a_study_that_says_everything() -> None:
    said = study(
        annual_discount_rate=0.12, horizon_months=36, dormancy={"days": 30}, contract="contractual", level=0.9,
        observed_from="2023-02-01", bad_rows={"drop_up_to": 0.01},
    )  # fmt: skip
    rows = study_assumptions(said, margin_column=True)
    assert not any(row.assumed for row in rows)
    written = {row.label: row.value for row in rows}
    assert written["Horizon"] == "36 months"
    assert written["Gross margin"] == "taken from the margin of each purchase"
    assert written["Faulty rows"] == "dropped and counted, up to 1% of a table"


def test_figures_keep_their_place(tmp_path: Path) -> None:
    from cxvalue.report.page_model import PageFigure

    figures = [PageFigure("b", "", tmp_path / "b.svg"), PageFigure("a", "", tmp_path / "a.svg")]
    assert build_page(META, [], figures).figures == tuple(figures)


def test_four_figures_are_on_the_first_screen_and_the_rest_below() -> None:
    names = ("cltv.equity", "cltv.mean", "cltv.new_customer", "base.active", "base.lost_customers", "base.lost_value")
    page = build_page(META, [Finding(one, one, 5.0, text="Five.") for one in names])
    assert [line.id for line in page.cards] == list(names[:4])
    assert [line.id for line in page.more_cards] == list(names[4:])


def test_a_card_does_not_say_again_what_the_answer_says() -> None:
    ranged = dataclasses.replace(EQUITY, grade="C", text="They bring USD 1.20 M, between USD 1.10 and 1.40 M. More.")
    mean = Finding("cltv.mean", "Mean", 52.0, 48.0, 61.0, 0.95, "USD", "C", "52 each.")
    page = build_page(META, [ranged, mean, ACTIVE])
    assert page.answers[0].word == page.cards[0].value
    assert "Evidence C" in dict(page.answers[0].points)["How sure we are"]
    assert ids(page.said_once) == ["cltv.mean", "base.active"]
    above, below = render_page(page).split('<nav class="contents"')
    assert ranged.label not in above
    assert ranged.label in below, "its level and method are folded, not lost"


def test_a_card_stays_whose_range_or_grade_the_answer_does_not_tell() -> None:
    mean = Finding("cltv.mean", "Mean", 52.0, 48.0, 61.0, 0.95, "USD", "C", "52 each.")
    ranged = dataclasses.replace(EQUITY, text="Between USD 1.10 and 1.40 M.")
    told = build_page(META, [ranged, mean, ACTIVE])
    assert ids(told.said_once) == ["cltv.mean", "base.active"]
    assert [line.evidence for line in told.said_once] == ["", ""], "the answer names the grade of all"
    without_range = build_page(META, [dataclasses.replace(ranged, text="They bring USD 1.20 M."), mean, ACTIVE])
    without_grade = dataclasses.replace(told, answers=(dataclasses.replace(told.answers[0], points=()),))
    not_about_it = dataclasses.replace(told, answers=(dataclasses.replace(told.answers[0], told=()),))
    for page in (without_range, without_grade, not_about_it):
        assert ids(page.said_once) == ids(page.cards)
        assert not page.folded_cards
    assert "Evidence C" in [line.evidence for line in without_grade.said_once]


def test_a_card_whose_number_the_answer_tells_is_folded_and_its_miss_is_told_once() -> None:
    risk = Finding(
        "churn.value_at_risk", "At risk", 5.0, 4.0, 6.0, 0.95, "USD", "C", "Of the 9,142 active 12 may leave."
    )
    miss = Finding("cltv.typical_miss", "Miss", 0.029, unit="share", text="They missed by 2.9%.", kind="holdout")
    page = build_page(META, [EQUITY, ACTIVE, risk, miss])
    assert "base.active" not in ids(page.said_once)
    assert "base.active" in ids(page.folded_cards)
    assert not any(line.note for line in page.cards)
    programme = build_page(META, [EQUITY, miss, VERDICT, NPV])
    noted = [line.note for line in programme.cards if line.id == "cltv.equity"]
    assert noted == ["past forecasts were 2.9% off on average"], "where nothing else says it, the card does"


def test_few_rows_that_move_no_figure_are_folded_and_a_grave_caution_is_not() -> None:
    few = Caution("never_active", "employees", "left", 4, 0.0008, "Four rows. They are left out.")
    grave = Caution(
        "stale", "transactions", "date", 0, None, "The data are old. What is said of today is not of today."
    )
    page = build_page(META, ALL, notes=PageNotes(cautions=(grave, few)))
    assert (page.cautions, page.small_cautions) == ((grave.text,), (few.text,))
    first_screen = re.sub("<details.*?</details>", "", render_page(page).split('<nav class="contents"')[0], flags=re.S)
    assert "The data are old." in first_screen
    assert "Four rows." not in first_screen
    assert "not of today" in render_page(page)
    alone = render_page(build_page(META, ALL, notes=PageNotes(cautions=(few,))))
    assert ENGLISH["cautions_small"].format(count=1) in alone
    assert few.text in alone
    assert ENGLISH["caution"] not in alone


def test_a_simulated_study_says_so_first_and_the_run_is_named_last() -> None:
    page = build_page(dataclasses.replace(META, simulated=True, run_id="20260701T060500Z"), [])
    assert page.banners[0].startswith("A simulated company")
    assert page.remarks[0] == ENGLISH["simulated_why"]
    assert not build_page(META, []).banners
    assert "20260701T060500Z" not in [told for _, told in page.facts]
    assert "20260701T060500Z" in [told for _, told in page.origin]


def test_a_forecast_that_carries_no_decision_shows_its_range() -> None:
    forecast = Finding("cltv.equity", "Equity", 120.0, 40.0, 300.0, 0.95, "USD", "D", "A range.", kind="forecast")
    (line,) = build_page(META, [forecast]).cards
    assert (line.value, line.interval) == ("between USD 40 and 300", "")
    (sure,) = build_page(META, [dataclasses.replace(forecast, grade="C")]).cards
    assert sure.value == "USD 120"
