"""The choice as tables."""

from __future__ import annotations

from cxvalue.questions.choice.budget import choose_items
from cxvalue.questions.choice.display import choice_display, choice_table, curve_table
from tests.questions.choice.test_budget import made


def test_tables_say_what_was_chosen_at_each_budget() -> None:
    items = made([10.0, 6.0, 1.0], [1.0, 1.0, 2.0])
    found = choose_items(items, 2.0)
    assert choice_table(found, items)["chosen"].tolist() == [True, True, False]
    assert curve_table(found, items)["touchpoints"].tolist()[0] == "t0"
    assert "yes" in choice_display(found, items, "EUR").to_html()
