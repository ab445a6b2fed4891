"""Which contracts are about to end: the list of whom to reach adds up to the margin at risk."""

from __future__ import annotations

import pytest

from cxvalue.answers.ending_answers import EndingAnswers
from cxvalue.workspace.opened import Study


def test_the_list_of_whom_to_reach_adds_up_to_the_margin_at_risk(insured: Study) -> None:
    endings = EndingAnswers(insured)
    at_risk = next(one.value for one in endings.at_risk().findings if one.id == "churn.value_at_risk")
    listed = endings.whom_to_reach().private["early_warning.csv"]
    assert listed["value_at_risk"].sum() == pytest.approx(at_risk)
    assert endings.bands().tables["churn_bands.csv"]["members"].sum() == len(listed)
