"""Who is about to leave: the answers of one notebook agree, and a forecast that is withheld is withheld everywhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cxvalue.answers.churn_answers import ChurnAnswers
from cxvalue.workspace.opened import Study


def test_the_list_of_whom_to_reach_adds_up_to_the_margin_at_risk(sample: Study) -> None:
    churn = ChurnAnswers(sample)
    at_risk = next(one.value for one in churn.at_risk().findings if one.id == "churn.value_at_risk")
    listed = churn.whom_to_reach().private["early_warning.csv"]
    assert listed["value_at_risk"].sum() == pytest.approx(at_risk)
    assert churn.segments().tables == {}  # there is no table of customers
    # Ids are read for the active alone, and are theirs.
    assert churn.states.customer_id is None
    states = sample.states()
    assert states.customer_id is not None
    active = states.days_silent < sample.file.dormancy.days
    assert churn.forecast.active.customer_id.tolist() == states.customer_id[active].tolist()  # type: ignore[union-attr]
    assert sorted(listed["customer_id"]) == states.customer_id[active].tolist()


def test_a_forecast_that_is_withheld_shows_no_band_and_no_list(sample: Study) -> None:
    churn = ChurnAnswers(sample)
    churn.__dict__["forecast"] = replace(churn.forecast, withheld="nobody leaves for good.")
    for answer in (churn.bands(), churn.whom_to_reach()):
        assert repr(answer) == "Withheld: nobody leaves for good."
        assert answer.tables == answer.private == answer.figures == {}
