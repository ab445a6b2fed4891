"""Who is about to leave: the answers of one notebook agree, and a forecast that is withheld is withheld everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from cxvalue.answers.answer import Answer
from cxvalue.answers.churn_answers import ChurnAnswers
from cxvalue.figures import message_of
from cxvalue.questions.churn.losses import losses
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


def test_bands_too_small_to_show_are_neither_drawn_nor_left_out_of_what_is_said_of_all(sample: Study) -> None:
    """One customer apart gives the band of all others away, so none of the two is told."""
    forecast = ChurnAnswers(sample).forecast
    few, many = np.full((2, len(forecast.probabilities)), 0.1)
    few[0] = 0.3
    many[0], many[1 : len(many) // 3], many[len(many) // 2 :] = 0.3, 0.7, 0.5

    def shown(chances: NDArray[np.float64]) -> Answer:
        churn, alike = ChurnAnswers(sample), np.ones_like(chances)
        found = losses(chances, alike)
        churn.__dict__["forecast"] = replace(forecast, probabilities=chances, margins=alike, losses=found)
        return churn.bands()

    nothing, some, alone = shown(few), shown(many), shown(np.full_like(few, 0.1))
    assert not nothing.tables["churn_bands.csv"]["members"].any()
    assert nothing.figures == {}
    assert alone.tables["churn_bands.csv"]["members"].sum() == len(many)
    assert alone.figures == {}  # one column beside nothing is no picture
    assert 0 < some.tables["churn_bands.csv"]["members"].sum() < len(many)
    assert f"of {len(many):,} customers" in message_of(some.figures["churn_bands"][0])


def test_a_forecast_that_is_withheld_shows_no_band_and_no_list(sample: Study) -> None:
    churn = ChurnAnswers(sample)
    churn.__dict__["forecast"] = replace(churn.forecast, withheld="nobody leaves for good.")
    for answer in (churn.bands(), churn.whom_to_reach()):
        assert repr(answer) == "Withheld: nobody leaves for good."
        assert answer.tables == answer.private == answer.figures == {}
