"""Holdout scores and the choice of a model."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime import HoldoutScore, score_holdout, select_model
from tests.lifetime.conftest import HOLDOUT_DAYS, exact_model, make_states


@pytest.fixture(scope="module")
def scores(fitted, cdnow, cdnow_holdout):
    found = score_holdout(fitted.values(), cdnow, cdnow_holdout, days=HOLDOUT_DAYS)
    return {score.model: score for score in found}


def test_cdnow_scores(scores):
    # Totals, MAE and RMSE computed with BTYD 2.4.3 and lifetimes 0.11.3; wmape = MAE x 2357 / 1882.
    pareto = scores["pareto_nbd"]
    assert pareto.actual == 1882
    assert pareto.predicted == pytest.approx(1665.66, rel=1e-3)
    assert pareto.bias == pytest.approx(1665.66 - 1882, abs=1)
    assert (pareto.mae, pareto.rmse) == pytest.approx((0.75454, 1.6028), rel=1e-3)
    assert pareto.wmape == pytest.approx(0.75454 * 2357 / 1882, rel=1e-3)


def test_selection_is_by_log_score_and_marked(scores):
    best = max(scores.values(), key=lambda score: score.log_score)
    assert select_model(list(scores.values())) == best.model
    assert [score.model for score in scores.values() if score.selected] == [best.model]
    assert best.model != "nbd"


def test_log_score_is_the_sum_of_log_chances():
    model = exact_model("nbd", 2.0, 10.0)
    states = make_states([0, 1], [0, 7], [70, 70])
    (score,) = score_holdout([model], states, [0, 2], days=70)
    # Negative binomial: (20/30)^2 for nothing at (2, 20); C(4, 2) (20/30)^3 (1/3)^2 for two at (3, 20).
    assert score.log_score == pytest.approx(np.log((2 / 3) ** 2) + np.log(6 * (2 / 3) ** 3 / 9))


def test_restrictions_and_fallback(scores):
    every = list(scores.values())
    assert select_model(every, ["bg_nbd"]) == "bg_nbd"
    assert select_model([replace(score, status="degenerate") for score in every]) == "nbd"
    with pytest.raises(CxvalueError, match=r"no score for the model 'sbg'\. Allowed: 'nbd', 'bg_nbd'"):
        select_model(every, ["sbg"])


def test_dictionary_round_trip(scores):
    score = scores["bg_nbd"]
    assert HoldoutScore.from_dict(json.loads(json.dumps(score.to_dict()))) == score
    silent = replace(score, wmape=float("nan"))
    assert np.isnan(HoldoutScore.from_dict(json.loads(json.dumps(silent.to_dict(), allow_nan=False))).wmape)


def test_messages(fitted, cdnow, cdnow_holdout):
    with pytest.raises(CxvalueError, match="one count per customer is needed"):
        score_holdout(fitted.values(), cdnow, cdnow_holdout[:-1], days=273)
    with pytest.raises(CxvalueError, match="states per customer"):
        score_holdout(fitted.values(), cdnow.grouped(), np.zeros(len(cdnow.grouped())), days=273)
    with pytest.raises(CxvalueError, match="days == 0"):
        score_holdout(fitted.values(), cdnow, cdnow_holdout, days=0)
