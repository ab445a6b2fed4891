"""A column of discounts or of margin is money only where nothing speaks for a percentage."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxvalue.firstmile.found import Recognised, recognise
from cxvalue.firstmile.study_text import study_text
from cxvalue.foundation.errors import BadInput
from tests.exports import as_csv


def _found(folder: Path, name: str, *values: str) -> Recognised:
    rows = [f"c{n % 4}|o{n}|2025-03-{n + 10}|1{n}.50|{values[n % len(values)]}" for n in range(12)]
    (folder / "x.csv").write_text(as_csv(f"customer_id|order_id|date|net_amount|{name}", *rows), encoding="utf-8")
    return recognise(folder / "x.csv")


@pytest.mark.parametrize(
    ("values", "default"),
    [
        (("0", "10", "20"), None),
        (("0.0", "0.1", "0.25"), None),
        (("1.000", "0", "0.500"), None),
        (("0", "0,20"), None),
        (("0", "0.125", "0.1"), "leave"),
        (("0", "0.3333", "1.0"), "leave"),
    ],
)
def test_what_may_be_a_percentage_is_asked(tmp_path: Path, values: tuple[str, ...], default: str | None) -> None:
    found = _found(tmp_path, "Discount", *values)
    (question,) = [one for one in found.questions if one.key == "discount"]
    assert question.default == default
    for answer, mapped in (("leave", None), ("money", "Discount")):
        spec, _, _ = found.answer(discount=answer).understanding.settled["transactions"]
        assert spec["columns"].get("discount") == mapped


@pytest.mark.parametrize(("name", "values"), [("Discount", ("10%", "0%")), ("Discount %", ("10", "0"))])
def test_what_is_called_a_percentage_is_not_used(tmp_path: Path, name: str, values: tuple[str, ...]) -> None:
    found = _found(tmp_path, name, *values)
    assert "discount" not in found.understanding.drafts[0].spec["columns"]
    assert f"{name!r} is a percentage, and is not used" in str(found)
    assert {question.key for question in found.questions} == {"currency", "margin"}


@pytest.mark.parametrize(
    "values", [("0.00", "3.27", "12.40"), ("0", "250", "1000"), ("0", "0", "0"), ("0.5", "1.5", "1.0", "0")]
)
def test_money_is_taken(tmp_path: Path, values: tuple[str, ...]) -> None:
    found = _found(tmp_path, "Discount", *values)
    assert found.understanding.drafts[0].spec["columns"]["discount"] == "Discount"


@pytest.mark.parametrize("name", ["Profit", "gross_margin", "Margin EUR", "Маржа", "Deckungsbeitrag", "毛利"])
def test_a_column_of_margin_is_an_answer(tmp_path: Path, name: str) -> None:
    found = _found(tmp_path, name, "4.10", "3.27", "-2.40").answer(currency="EUR", tax="none")
    (question,) = found.questions
    assert [option.answer for option in question.options] == ["column", "unknown"]
    assert name in question.lines()[1]
    settled = found.answer(margin="column")
    assert not settled.questions
    assert settled.understanding.settled["transactions"][0]["columns"]["margin"] == name
    assert "gross_margin:" not in study_text(settled.understanding, "x", {"transactions": ["x.csv"]})
    for other in ("0.4", "unknown"):
        assert "margin" not in found.answer(margin=other).understanding.settled["transactions"][0]["columns"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Margin", ("40%", "35%")),
        ("Margin %", ("40.5", "35.1")),
        ("Margin", ("0.40", "0.35")),
        ("Margin", ("40", "35")),
    ],
)
def test_a_margin_that_may_be_a_percentage_is_no_answer(tmp_path: Path, name: str, values: tuple[str, ...]) -> None:
    found = _found(tmp_path, name, *values)
    (question,) = [one for one in found.questions if one.key == "margin"]
    assert [option.answer for option in question.options] == ["unknown"]
    with pytest.raises(BadInput, match="no column says in each row what is left of it"):
        _ = found.answer(margin="column").questions
