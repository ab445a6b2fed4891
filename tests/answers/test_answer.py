"""What an answer shows and hands over, and that a question is answered once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest

from cxvalue.answers.answer import Answer, Asked, question
from cxvalue.findings.finding import Finding
from cxvalue.workspace.opened import Study


def finding(name: str) -> Finding:
    return Finding(name, "how many", 3, unit="customers", text="Three.", notebook="00_data_check")


class Two(Asked):
    @question
    def first(self, answer: Answer) -> None:
        answer.find([finding("a.first")])
        answer.tables["first.csv"] = pd.DataFrame({"n": [len(self._answered)]})

    @question
    def second(self, answer: Answer) -> None:
        answer.say("It is so.", "")
        answer.findings.append(finding("a.second"))
        answer.private["calls.csv"] = pd.DataFrame()

    def helper(self) -> None:
        """No question."""


def asked() -> Two:
    return Two(cast(Study, SimpleNamespace(name="shop", file=SimpleNamespace(currency="EUR", level=0.9))))


def test_a_question_is_answered_once_and_handed_over_in_the_order_of_the_class() -> None:
    two = asked()
    assert two.second() is two.second()
    assert two.questions() == ("first", "second")
    assert repr(two) == "Two shop: first, second"
    given = two.handed_over()
    assert [one.id for one in given["findings"]] == ["a.first", "a.second"]
    assert given["tables"]["first.csv"]["n"].item() == 1  # asked after the second
    assert set(given["private"]) == {"calls.csv"}
    assert given["figures"] == {}
    assert (two.currency, two.level) == ("EUR", 0.9)


def test_an_answer_shows_what_it_holds_from_the_top_down(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr("IPython.display.display", lambda *things: seen.extend(things))
    answer = asked().second()
    answer.head("Loyalty card", grade="B", below="Measured.")
    answer.show(7)
    answer.say("")
    answer._ipython_display_()
    assert [type(one).__name__ for one in seen] == ["Sentences", "Markdown", "int"]
    assert seen[1].data == "### Loyalty card: evidence B\n\nMeasured."
    assert repr(answer) == "It is so."
