"""Do the programmes pay: steps add up to the value that the verdict is about; a study without programmes is told so."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from cxvalue.answers.case_answers import CaseAnswers
from cxvalue.money import Case, ProgrammeCosts, business_case
from cxvalue.workspace.opened import Study
from tests.money.test_money import an_effect


def opened(**given: Any) -> Study:
    file = SimpleNamespace(currency="EUR", level=0.95, programmes=(), market=None)
    return cast(Study, SimpleNamespace(file=file, programmes=(), goodwill=(), portfolio=None, **given))


@pytest.fixture
def case() -> Case:
    effect = an_effect([2.0] * 12, 0.01 * np.eye(12), customers=1000)
    return business_case(effect, costs=ProgrammeCosts(one_off=500), horizon_months=24, annual_discount_rate=0.12)


def test_without_programmes_it_says_so_and_hands_nothing_over() -> None:
    answers = CaseAnswers(opened(as_of=None))
    assert repr(answers.goodwill_rules()).startswith("No programme of this study compares goodwill rules")
    assert repr(answers.all_together()).startswith("The study declares one programme only")
    assert repr(answers.not_counted()).startswith("Also not counted: ")
    given = answers.handed_over()
    assert given["findings"] == []
    assert given["figures"] == {}
    assert all(table.empty for table in given["tables"].values())


def test_months_and_steps_add_up_to_the_net_present_value(case: Case) -> None:
    answers = CaseAnswers(opened())
    answers.__dict__["cases"] = {"loyalty_card": case}
    steps = answers.bridge().tables["case_bridge.csv"]
    last = steps["step"] == "Net present value"
    assert steps["amount"][~last].sum() == pytest.approx(steps["amount"][last].sum()) == pytest.approx(case.npv.value)
    assert set(answers.months().tables["case_months.csv"]["programme"]) == {"loyalty_card"}
    assert set(answers.what_moves_it().figures) == {"programme_loyalty_card_tornado", "programme_loyalty_card_draws"}
