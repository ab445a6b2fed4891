from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from cxvalue.findings.finding import Finding
from cxvalue.findings.numbers import format_finding
from cxvalue.language.english import ENGLISH
from cxvalue.language.words import words_for
from cxvalue.report.answer_block import Answer, answers_of, first_sentence

WAIVER = "programme.waiver."


def money(key: str, value: float | None, low: float | None = None, high: float | None = None, **more: Any) -> Finding:
    given = {
        "label": key,
        "unit": "EUR",
        "grade": "B",
        "text": f"About {key}.",
        "level": 0.95 if low is not None else None,
    }
    return Finding(key, value=value, low=low, high=high, **{**given, **more})


def programme(word: str | None) -> list[Finding]:
    return [
        Finding(
            f"{WAIVER}verdict",
            "Waiver",
            word,
            text="Waiver is judged. The test of May 2024 is met. We are sure.",
            grade="B",
        ),
        money(f"{WAIVER}npv", 710_150.0, 403_000.0, 1_010_000.0, text="It is worth EUR 710,000."),
        money(f"{WAIVER}roi", 5.88, unit="share", text="Each EUR brings 5.88 more."),
        money(f"{WAIVER}payback_months", 11, unit="months", text="It pays back after 11 months."),
        money(f"{WAIVER}stop_below", -0.7, text="Waiver: it no longer pays below EUR 0.56. Measure again."),
        money(f"{WAIVER}mde", 1.9, text="EUR 1.91 could have been proven. Break-even needs EUR 0.56."),
    ]


def only(findings: list[Finding]) -> Answer:
    (answer,) = answers_of(findings, ENGLISH)
    return answer


@pytest.mark.parametrize(
    ("word", "said", "tone"), [("PASS", "Yes", "good"), ("FAIL", "No", "bad"), ("NOT PROVEN", "Not proven", "open")]
)
def test_a_programme_is_answered_by_its_verdict(word: str, said: str, tone: str) -> None:
    answer = only(programme(word))
    assert (answer.word, answer.tone) == (said, tone)
    assert answer.sentence.endswith("It is worth EUR 710,000.")
    points = dict(answer.points)
    # What it costs and brings stands on the cards.
    assert list(points) == [ENGLISH[f"answer_{part}"] for part in ("do", "sure", "undo")]
    proven = " EUR 1.91 could have been proven." if tone == "open" else ""
    assert points[ENGLISH["answer_undo"]] == f"It no longer pays below EUR 0.56.{proven}"
    assert answer.told == (f"{WAIVER}npv",)
    assert points[ENGLISH["answer_sure"]].startswith("The test of May 2024 is met. We are sure. Evidence B: ")
    assert answer.picture == "programme_waiver_money"


@pytest.mark.parametrize(
    ("word", "value", "low", "high", "about_money"),
    [
        ("PASS", 10.0, 1.0, 20.0, True), ("PASS", -10.0, -20.0, -1.0, False), ("FAIL", -10.0, -20.0, -1.0, True),
        ("FAIL", 10.0, 1.0, 20.0, False), ("NOT PROVEN", 1.0, -5.0, 7.0, True), ("NOT PROVEN", 6.0, 1.0, 20.0, False),
        ("NOT PROVEN", -6.0, -20.0, -1.0, False),
    ],
)  # fmt: skip
def test_a_test_that_asks_for_more_than_paying_is_not_told_as_paying(
    word: str, value: float, low: float, high: float, about_money: bool
) -> None:
    """A programme worth KRW 30 M whose test was on its effect was said not to pay, above the very figure."""
    findings = [
        money(f"{WAIVER}npv", value, low, high, text="It is worth so much.") if one.id.endswith("npv") else one
        for one in programme(word)
    ]
    pays, asked = (ENGLISH[f"{kind}_{word}"].format(title="Waiver") for kind in ("pays", "effect"))
    answer = only(findings)
    assert answer.sentence == f"{pays if about_money else asked} It is worth so much."
    assert answer.word == ENGLISH[f"answer_{word}"]


def test_without_a_test_agreed_beforehand_the_figure_is_the_answer() -> None:
    answer = only([dataclasses.replace(one, value=None, text="No test.") if one.id.endswith("verdict") else one
                   for one in programme("PASS")])  # fmt: skip
    assert (answer.word, answer.tone) == ("EUR 710,000", "plain")
    assert "no test was agreed beforehand" in answer.sentence


def test_of_many_programmes_three_with_most_money_are_told_with_what_to_do() -> None:
    many = [
        finding
        for number, worth in enumerate((10.0, -500.0, 20.0, 300.0))
        for finding in (
            Finding(f"programme.p{number}.verdict", f"P{number}", "PASS" if worth > 0 else "FAIL", grade="B"),
            money(f"programme.p{number}.npv", worth, worth - 1, worth + 1),
        )
    ]
    told = answers_of(many, ENGLISH)
    assert [one.about for one in told] == ["programme.p1", "programme.p3", "programme.p2"]
    assert all([heading for heading, _ in one.points] == [ENGLISH["answer_do"]] for one in told)


def campaign(low: float, high: float, grade: str = "A", uplift: float = 0.03) -> list[Finding]:
    head, label = "reactivation.box.", "Campaign box: profit"
    return [
        money(f"{head}profit", (low + high) / 2, low, high, grade=grade, label=label),
        money(f"{head}margin_per_contact", (low + high) / 2000, low / 1000, high / 1000, grade=grade),
        money(f"{head}return_uplift", 0.06, uplift, 0.09, grade=grade, unit="share"),
        money(
            f"{head}next_contacts", 70, unit="customers", text="Contact all 70. It costs EUR 5.00 and earns EUR 9.00."
        ),
        money("cltv.equity", 5e6, 4e6, 6e6, grade="C", text="Customers are worth EUR 5.00 M. So it is."),
    ]


def test_a_campaign_says_how_many_it_won_back_and_whom_to_contact_next() -> None:
    answer = only(campaign(5_000, 11_000))
    points = dict(answer.points)
    # 8,000 of profit at 8 a contact were 1,000 contacts, of whom 6% came because of them.
    assert answer.sentence.startswith(
        "It made about 60 customers buy who would not have bought otherwise. Campaign box earned EUR 8,000"
    )
    assert (answer.word, answer.tone) == ("Yes", "good")
    assert points[ENGLISH["answer_do"]] == "Contact all 70."
    assert points[ENGLISH["answer_brings"]] == "It costs EUR 5.00 and earns EUR 9.00."
    assert answer.told == ("reactivation.box.profit", "reactivation.box.next_contacts")


def test_a_campaign_that_lost_and_one_that_proves_nothing() -> None:
    assert only(campaign(-9_000, -1_000)).word == "No"
    doubtful = only(campaign(-2_000, 9_000, uplift=-0.01))
    assert (doubtful.word, doubtful.tone) == ("Not proven", "open")
    assert "made about" not in doubtful.sentence
    assert doubtful.sentence.startswith(
        "Campaign box: it is not clear whether it earned or lost money; anything between EUR "
    )


def test_campaigns_without_a_held_out_group_that_prove_nothing_leave_the_page_to_the_customers() -> None:
    answer = only(campaign(-2_000, 9_000, grade="C"))
    assert (answer.about, answer.word) == ("cltv", "EUR 5.00 M")
    assert only(campaign(2_000, 9_000, grade="C")).about == "reactivation.box"
    # A doubtful comparison is no yes, however clear its range.
    assert only(campaign(2_000, 9_000, grade="D")).about == "cltv"


def discount(ladder: tuple[float, float, float], flat: tuple[float, float, float]) -> list[Finding]:
    return [
        money("discounts.ladder_profit", *ladder, grade="C"),
        money("discounts.flat_profit", *flat, grade="C"),
        money("discounts.none_profit", 7.0, 6.0, 8.0, grade="C", text="Without any. This is beyond the data."),
        Finding("discounts.optimal_depth", "Depth", 0.162, 0.15, 0.17, 0.95, "share", "C"),
    ]


def test_the_better_discount_is_recommended_and_not_the_first_that_was_computed() -> None:
    answer = only(discount((20.1, 19.8, 20.4), (15.9, 15.6, 16.2)))
    assert (answer.word, answer.tone) == ("Keep the ladder", "good")
    assert answer.sentence.startswith(
        "The ladder as run earns EUR 4.20 more margin per visit than the best single discount (16.2%)"
    )
    assert answer.aside == ("discounts.none_profit", "discounts.optimal_depth"), "nobody decides on these"
    assert dict(answer.points)[ENGLISH["answer_undo"]] == ENGLISH["undo_discounts"]
    other = only(found := discount((15.1, 14.8, 15.4), (15.9, 15.6, 16.2)))
    assert (other.word, other.tone) == ("16.2% for everybody", "good")
    assert "Offer 16.2%" in dict(other.points)[ENGLISH["answer_do"]]
    doubts = [dataclasses.replace(one, text="Flat. Nobody left.") if "flat" in one.id else one for one in found]
    assert "Nobody left." in dict(only(doubts).points)[ENGLISH["answer_undo"]], "what is doubtful of all stays"
    assert other.aside == ("discounts.none_profit",), "how sure the depth is that is offered stays"
    none = only(discount((4.0, 3.8, 4.2), (15.9, 15.6, 16.2)))
    assert none.aside == ("discounts.ladder_profit",)
    assert "beyond the data" in dict(none.points)[ENGLISH["answer_undo"]], "a caveat of what is compared"


def test_discounts_whose_ranges_overlap_change_nothing_yet() -> None:
    answer = only(discount((16.1, 15.0, 17.0), (15.9, 15.6, 16.2)))
    assert answer.tone == "open"
    assert dict(answer.points)[ENGLISH["answer_do"]] == ENGLISH["do_discount_open"]


def test_what_customers_are_worth_is_a_figure_or_its_range() -> None:
    equity = money("cltv.equity", 5e6, 4e6, 6e6, grade="C", text="Customers bring EUR 5.00 M. More.", kind="forecast")
    newcomer = money("cltv.new_customer", 20.0, 15.0, 30.0, grade="C", kind="forecast")
    sure = only([equity, newcomer])
    assert (sure.word, sure.sentence) == ("EUR 5.00 M", "Customers bring EUR 5.00 M.")
    assert "less than EUR 20.00 (between EUR 15.00 and 30.00) to" in dict(sure.points)[ENGLISH["answer_do"]]
    assert (sure.aside, only([equity]).aside) == (("cltv.mean",), ()), "the average stands where no new customer does"
    doubtful = only([dataclasses.replace(one, grade="D") for one in (equity, newcomer)])
    assert doubtful.word == "Between EUR 4.00 and 6.00 M"
    assert "less than EUR 15.00 to" in dict(doubtful.points)[ENGLISH["answer_do"]]
    assert "(up to EUR 30.00)" in dict(doubtful.points)[ENGLISH["answer_do"]], "a limit without its range"


@pytest.mark.parametrize(
    ("word", "sentence", "said"),
    [
        ("EUR 5.00 M", "They bring EUR 5.00 M.", ("They bring ", "EUR 5.00 M", ".")),
        ("Between EUR 4 and 6", "They bring between EUR 4 and 6.", ("They bring ", "between EUR 4 and 6", ".")),
        ("710\u00a0000 EUR", "Из 1\u00a0710\u00a0000 EUR.", ("", "710\u00a0000 EUR.", " Из 1\u00a0710\u00a0000 EUR.")),
        ("Yes", "Yes it does.", ("", "Yes.", " Yes it does.")),
        ("EUR 9", "They stay.", ("", "EUR 9.", " They stay.")),
    ],
)
def test_a_figure_that_the_sentence_tells_is_not_told_before_it(
    word: str, sentence: str, said: tuple[str, ...]
) -> None:
    assert Answer("cltv", word, "plain", sentence, (), "").said(".") == said


def test_experience_leads_where_customers_were_asked() -> None:
    target = money(
        "experience.response.value_of_target", 6_000.0, 3_000.0, 8_800.0, grade="B", text="It is worth EUR 6,000."
    )
    asked = money("experience.score.margin_per_point", 0.3, -0.3, 0.9, grade="D")
    assert only([target, asked]).word == "EUR 6,000"
    assert only([dataclasses.replace(target, low=-5.0), asked]).word == "Not proven"
    assert only([dataclasses.replace(target, grade="C"), asked]).word == "Not proven"
    assert answers_of([target], ENGLISH) == ()


@pytest.mark.parametrize(
    ("language", "text", "told"),
    [
        ("en", "It keeps 11 more of 100; compared as is, it looks like 14.", "It keeps 11 more of 100."),
        ("ru", "Это удерживает из 100 на 11 больше.", "Это удерживает из 100 на 11 больше."),
        ("zh", "每100位多留住11位；直接比较看似14位。", "每100位多留住11位。"),
        ("zh", "每100位多留住11位。", "每100位多留住11位。"),
    ],
)
def test_what_experience_keeps_is_one_sentence_in_every_language(language: str, text: str, told: str) -> None:
    target = money("experience.response.value_of_target", 6_000.0, 3_000.0, 8_800.0, grade="C", text="Worth EUR 6,000.")
    asked = money("experience.score.margin_per_point", 0.3, -0.3, 0.9, grade="D")
    kept = money("experience.response.retained", 0.11, 0.05, 0.2, text=text)
    undo = money("experience.response.robustness", 0.073, unit="share", grade="C", text="A cause.")
    step = money("experience.step.high.margin", 82.53, 50.0, 115.0, grade="D", text="High goes with EUR 82.53 more.")
    words = words_for(language)
    (answer,) = answers_of([target, asked, kept, undo, step], words)
    assert answer.sentence == told
    assert answer.told == (target.id, kept.id)
    points = dict(answer.points)
    assert format_finding(undo, words) in points[words["answer_undo"]]
    assert "82" not in points[words["answer_sure"]], "weaker evidence stands with its own grade, on its card"


def test_nothing_known_is_no_answer() -> None:
    assert answers_of([], ENGLISH) == ()
    assert answers_of([money("cltv.equity", None, text="Not known.")], ENGLISH) == ()


def test_the_first_sentence_is_parted_from_the_rest() -> None:
    assert first_sentence("EUR 1.20 M came.") == ("EUR 1.20 M came.", "")
    assert first_sentence("") == ("", "")


def test_how_far_past_forecasts_missed_is_told_where_it_is_said_how_sure_we_are() -> None:
    miss = Finding("cltv.typical_miss", "Miss", 0.03, unit="share", text="Forecasts missed by 3.0%.")
    held = Finding("cltv.coverage", "Held", 1.0, unit="share", text="10 of 10 ranges held what came.")
    equity = money("cltv.equity", 5e6, 4e6, 6e6, grade="C", text="Customers are worth EUR 5.00 M.")
    (answer,) = answers_of([equity, miss, held], ENGLISH)
    points = dict(answer.points)
    assert points[ENGLISH["answer_sure"]] == "Evidence C. Forecasts missed by 3.0%."
    assert answer.picture == "forecast_record", "what past ranges held is what that picture says"
    assert points[ENGLISH["answer_undo"]] == ENGLISH["undo_lifetime"]


@pytest.mark.parametrize("word", ["PASS", "FAIL"])
def test_a_verdict_on_weak_evidence_is_not_told_as_proven(word: str) -> None:
    """A roll-out to branches that were drifting passed with 99.9% probability and was worth less than nothing."""
    weak = [dataclasses.replace(one, grade="C") if one.id.endswith("verdict") else one for one in programme(word)]
    answer = only(weak)
    assert (answer.word, answer.tone) == ("Not proven", "open")
    assert "too weak to prove it" in answer.sentence
    assert "with a random group left out" in dict(answer.points)[ENGLISH["answer_do"]]


def test_a_campaign_on_weak_evidence_is_not_told_as_proven() -> None:
    answer = only(campaign(2_000, 9_000, grade="C"))
    assert (answer.word, answer.tone) == ("Not proven", "open")
    assert "earned EUR 5,500 in all" in answer.sentence
    assert "too weak to prove it" in answer.sentence
