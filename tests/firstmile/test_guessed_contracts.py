"""Tables of contracts that no record knows: what a contract brings is taken by its name, or asked, never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.firstmile.found import Recognised, recognise
from tests.exports import as_csv


def _found(folder: Path, header: str, *rows: str) -> Recognised:
    (folder / "x.csv").write_text(as_csv(header, *rows), encoding="utf-8")
    return recognise(folder / "x.csv")


def test_contracts_with_two_ends_are_asked(tmp_path: Path) -> None:
    rows = [f"a{n}|2024-01-{n + 10}|2025-01-{n + 10}|2025-02-{n + 10}|9.50" for n in range(1, 9)]
    found = _found(tmp_path, "customer_id|start_date|cancelled_at|ended_at|price", *rows)
    assert found.understanding.drafts[0].table == "subscriptions"
    assert {"end", "value_per_month"} <= {question.key for question in found.questions}


@pytest.mark.parametrize(
    ("amount", "mapped"),
    [
        ("mrr", "mrr"),
        ("Monatsbeitrag", "Monatsbeitrag"),
        ("monthly_fee", "monthly_fee"),
        ("MonthlyCharges", "MonthlyCharges"),
        ("cuota mensual", "cuota mensual"),
        ("cotisation mensuelle", "cotisation mensuelle"),
        ("ежемесячный платёж, сумма", "ежемесячный платёж, сумма"),
        ("місячна плата", "місячна плата"),
        ("月额费", "月额费"),
        ("ARR", "=[ARR] / 12"),
        ("annual premium", "=[annual premium] / 12"),
        ("Jahresbeitrag", "=[Jahresbeitrag] / 12"),
    ],
)
def test_an_amount_whose_name_says_its_period_is_taken(tmp_path: Path, amount: str, mapped: str) -> None:
    rows = [f"a{n}|2024-01-{n + 10}|{'' if n % 2 else '2025-01-01'}|{n}9.90|{n}2|{n}00" for n in range(1, 9)]
    found = _found(tmp_path, f"customer_id|start_date|end_date|{amount}|term_months|setup_fee", *rows)
    assert found.understanding.drafts[0].spec["columns"]["value_per_month"] == mapped
    assert "value_per_month" not in {question.key for question in found.questions}


def test_an_amount_for_an_unknown_period_is_asked(tmp_path: Path) -> None:
    rows = [f"a{n}|2024-01-{n + 10}|2025-01-{n + 10}|{n}9.90" for n in range(1, 9)]
    found = _found(tmp_path, "customer_id|start_date|end_date|fee", *rows)
    asked = next(question for question in found.questions if question.key == "value_per_month")
    assert [option.answer for option in asked.options] == ["fee/1", "fee/12"]


def test_which_of_two_amounts_is_asked(tmp_path: Path) -> None:
    rows = [f"a{n}|2024-01-{n + 10}|2025-01-{n + 10}|{n}9.90|{n}5.00" for n in range(1, 9)]
    found = _found(tmp_path, "customer_id|start_date|end_date|fee per month gross|fee per month net", *rows)
    asked = next(question for question in found.questions if question.key == "value_per_month")
    assert [option.answer for option in asked.options] == ["fee per month gross/1", "fee per month net/1"]


def test_contracts_without_an_amount_are_said_to_have_none(tmp_path: Path) -> None:
    rows = [f"a{n}|2024-01-{n + 10}|2025-01-{n + 10}|{n}" for n in range(1, 9)]
    found = _found(tmp_path, "customer_id|start_date|end_date|tenure", *rows)
    assert "contracts are counted, without their value" in str(found)


@pytest.mark.parametrize(
    ("words", "months"),
    [
        (("month", "year"), {"month": "1", "year": "12"}),
        (("monatlich", "jährlich"), {"monatlich": "1", "jährlich": "12"}),
        (("quarterly", "half-yearly"), {"quarterly": "3", "half-yearly": "6"}),
        (("месяц", "год"), {"месяц": "1", "год": "12"}),
    ],
)
def test_an_interval_beside_the_amount_says_for_how_long_it_is_paid(
    tmp_path: Path, words: tuple[str, str], months: dict[str, str]
) -> None:
    rows = [f"a{n}|2024-01-{n + 10}|{'' if n % 2 else '2025-01-01'}|{n}9.90|{words[n % 2]}" for n in range(1, 9)]
    found = _found(tmp_path, "customer_id|start_date|end_date|price|billing", *rows)
    spec = found.understanding.drafts[0].spec
    assert (spec["columns"]["value_per_month"], spec["values"]) == ("=[price] / [billing]", {"billing": months})
    assert "value_per_month" not in {question.key for question in found.questions}
    unread = [row.replace(words[0], "once") for row in rows]
    found = _found(tmp_path, "customer_id|start_date|end_date|price|billing", *unread)
    assert "value_per_month" in {question.key for question in found.questions}


def _with_interval(folder: Path, column: str, words: tuple[str, ...]) -> Recognised:
    rows = [
        f"a{n}|2024-01-{n + 10}|{'' if n % 2 else '2025-01-01'}|{n}9.90|{words[n % len(words)]}" for n in range(1, 9)
    ]
    return _found(folder, f"customer_id|start_date|end_date|price|{column}", *rows)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("billing cycle", ("monthly", "every 3 months")),
        ("payment_frequency", ("biweekly", "monthly")),
        ("Zahlungsweise", ("vierteljährlich", "monatlich")),
        ("периодичность оплаты", ("раз в 3 месяца", "месяц")),
        ("计费周期", ("每三个月", "每月")),
    ],
)
def test_a_name_that_says_how_often_is_paid_is_believed(tmp_path: Path, column: str, words: tuple[str, ...]) -> None:
    found = _with_interval(tmp_path, column, words)
    assert found.understanding.drafts[0].spec["columns"]["value_per_month"] == f"=[price] / [{column}]"


@pytest.mark.parametrize(
    ("column", "words", "offered"),
    [
        ("notice period", ("1 month", "1 year"), False),
        ("term", ("12 months", "24 months"), False),
        ("Contract", ("Month-to-month", "One year", "Two year"), False),
        ("Laufzeit", ("12 Monate", "24 Monate"), False),
        ("Kündigungsfrist", ("1 Monat", "3 Monate"), False),
        ("payment terms", ("30 days", "60 days"), False),
        ("срок договора", ("год", "два года"), False),
        ("billing", ("bimonthly", "monthly"), False),
        ("plan", ("monthly", "yearly"), True),
        ("visits", ("every week", "every month"), True),
    ],
)
def test_an_interval_of_something_else_is_asked(
    tmp_path: Path, column: str, words: tuple[str, ...], offered: bool
) -> None:
    found = _with_interval(tmp_path, column, words)
    (question,) = (one for one in found.questions if one.key == "value_per_month")
    assert question.default is None
    options = {option.answer: option.set for option in question.options}
    assert list(options) == ["price/1", "price/12"] + ([f"price/{column}"] if offered else [])
    if offered:
        expected = {"columns": {"value_per_month": f"=[price] / [{column}]"}}
        assert options[f"price/{column}"]["columns"] == expected["columns"]
        assert set(options[f"price/{column}"]["values"][column]) == set(words)


def test_of_two_intervals_none_is_taken_unasked(tmp_path: Path) -> None:
    rows = [f"a{n}|2024-01-{n + 10}||{n}9.90|{'month' if n % 2 else 'year'}|month" for n in range(1, 9)]
    found = _found(tmp_path, "customer_id|start_date|end_date|price|billing|payment frequency", *rows)
    (question,) = (one for one in found.questions if one.key == "value_per_month")
    answers = [option.answer for option in question.options]
    assert answers == ["price/1", "price/12", "price/billing", "price/payment frequency"]


def test_trials_are_asked_about(tmp_path: Path) -> None:
    rows = [f"a{n}|2024-01-{n + 10}|2025-01-{n + 10}|9.50|{'Free trial' if n > 5 else 'Basic'}" for n in range(1, 9)]
    (question,) = [
        one for one in _found(tmp_path, "customer_id|start|end|mrr|plan", *rows).questions if one.key == "trials"
    ]
    assert question.default == "leave_out"
    assert question.options[0].set == {"leave_out_rows": {"plan": ["Free trial"]}}


@pytest.mark.parametrize(
    ("column", "word", "asked"),
    [
        ("plan", "Free", True),
        ("Tarif", "Testphase", True),
        ("subscription_status", "trialing", True),
        ("тариф", "Пробный", True),
        ("套餐", "试用", True),
        ("plan", "Ad-free", False),
        ("product", "Sugar free box", False),
        ("cancel reason", "Trial ended", False),
        ("reason type", "Found a free alternative", False),
        ("Kündigungsgrund", "Probe nicht bestanden", False),
        ("router", "Free router", False),
        ("delivery type", "Free", False),
        ("device", "Free phone", False),
    ],
)
def test_only_plans_and_states_are_called_trials(tmp_path: Path, column: str, word: str, asked: bool) -> None:
    rows = [f"a{n}|2024-01-{n + 10}|2025-01-{n + 10}|9.50|{word if n > 5 else 'Basic'}" for n in range(1, 9)]
    found = _found(tmp_path, f"customer_id|start|end|mrr|{column}", *rows)
    assert ("trials" in {question.key for question in found.questions}) == asked
