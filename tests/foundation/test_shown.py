"""How results show themselves: briefly, escaped, and with the name of a picture that there is not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cxvalue.effects import Effect
from cxvalue.foundation.errors import IN_RUN, BadInput, CxvalueError
from cxvalue.foundation.shown import Drawn, Shown, Summary
from cxvalue.lifetime import CustomerValue, LifetimeModel, SpendModel
from cxvalue.lifetime.fitting.discrete import DiscreteModel
from cxvalue.lifetime.fitting.regular import RegularModel
from cxvalue.lifetime.models.by_level import CovariateModel
from cxvalue.money import Case
from cxvalue.money.verdict import Verdict
from cxvalue.tables.panels.by_unit import UnitPanel
from cxvalue.tables.states import PurchaseStates
from cxvalue.workspace.opened import Study


def test_a_summary_is_a_table_and_text_in_three_forms() -> None:
    told = Summary("A <line>", (("what & why", "5", "4 to 6"), ("long name of it", "7", "")), ("One <b>.", "Two."))
    assert list(told.table.columns) == ["what", "value", "range"]
    assert told.table.iloc[0].tolist() == ["what & why", "5", "4 to 6"]
    assert told.text == "One <b>.\nTwo."
    lines = [
        "A <line>",
        "  what & why       5  (4 to 6)",
        "  long name of it  7",
        "One <b>.",
        "Two.",
    ]
    assert repr(told).splitlines() == lines
    markup = told._repr_html_()
    assert "A &lt;line&gt;" in markup
    assert "what &amp; why" in markup
    assert "<p>One &lt;b&gt;.</p>" in markup


def test_a_picture_that_there_is_not_is_refused_with_those_that_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, slots=True, repr=False)
    class Thing(Drawn):
        value: int
        _card = "none"

    monkeypatch.setattr(Thing, "_asked", lambda self, what: lambda *_: {"money": lambda currency: f"in {currency}"})
    assert Thing(1).plot(currency="EUR") == Thing(1).plot("money", currency="EUR") == "in EUR"
    with pytest.raises(CxvalueError, match=r"no picture 'mony' of this\. Did you mean 'money'"):
        Thing(1).plot("mony")


@pytest.mark.parametrize(
    "kind",
    [
        Study,
        PurchaseStates,
        UnitPanel,
        LifetimeModel,
        SpendModel,
        CustomerValue,
        Effect,
        Case,
        Verdict,
        CovariateModel,
        RegularModel,
        DiscreteModel,
    ],
)
def test_what_a_notebook_shows_of_a_result_is_its_card(kind: type) -> None:
    """A dataclass would write a `__repr__` of its own, with every array in it."""
    assert issubclass(kind, Shown)
    assert kind.__repr__ is Shown.__repr__
    assert kind._repr_html_ is Shown._repr_html_


def test_an_error_is_a_sentence_in_jupyter_and_the_whole_way_to_it_in_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(IN_RUN, raising=False)
    refused = BadInput.at("study.yml", "is empty.", "Fill it in.")
    assert refused._render_traceback_() == ["1 problem found:", "  1. study.yml: is empty. Fill it in."]
    monkeypatch.setenv(IN_RUN, "1")
    with pytest.raises(CxvalueError) as caught:
        raise CxvalueError("No.")
    assert any("test_shown.py" in line for line in caught.value._render_traceback_())
