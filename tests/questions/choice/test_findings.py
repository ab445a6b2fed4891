"""The sentences of the choice."""

from __future__ import annotations

from cxvalue.questions.choice.budget import choose_items
from cxvalue.questions.choice.findings import choice_findings, no_choice_finding
from tests.questions.choice.test_budget import made


def test_the_choice_says_what_how_sure_and_that_it_is_a_link() -> None:
    items = made([10.0, 6.0, 1.0], [1.0, 1.0, 2.0], spread=1.0)
    found = {
        one.id: one for one in choice_findings(choose_items(items, 2.0), items, budget=2.0, currency="EUR", level=0.95)
    }
    assert set(found) == {"experience.choice.value", "experience.choice.regret", "experience.choice.budget_curve",
                          "experience.choice.t0.all", "experience.choice.t1.all", "experience.choice.t2.all"}  # fmt: skip
    value = found["experience.choice.value"]
    assert "t0, t1" in value.text
    assert "link" in value.text
    assert (value.grade, value.case) == ("D", "C12")
    assert value.low is not None


def test_where_nothing_pays_nothing_is_chosen() -> None:
    items = made([0.5, 0.2], [1.0, 1.0], spread=0.01)
    found = choice_findings(choose_items(items, 2.0), items, budget=2.0, currency="EUR", level=0.95)
    assert found[0].value == 0.0
    assert "no touchpoint brings more than it costs" in found[0].text


def test_a_choice_that_cannot_be_valued_says_why() -> None:
    found = no_choice_finding("EUR")
    assert (found.id, found.value, found.grade, found.case) == ("experience.choice.value", None, "D", "C12")
    assert "no link of score and margin" in found.text
