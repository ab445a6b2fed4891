"""Who was invited in 12 months, and what was known of them."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np

from cxvalue.questions.survey_truth.invited import invited_of
from cxvalue.study.experience import MetricRules

AS_OF = date(2025, 12, 31)


def test_the_latest_invitation_of_each_customer_counts() -> None:
    people = [f"c{k:03d}" for k in range(120)]
    day = AS_OF - timedelta(days=30)
    surveys = ibis.memtable(
        {"customer_id": [*people, "c000", "c001", "old", "volunteer"], "metric": ["nps"] * 124,
         "date": [day] * 120 + [day - timedelta(days=5), day + timedelta(days=5), AS_OF - timedelta(days=400), day],
         "score": [9.0] * 120 + [0.0, None, 5.0, 5.0], "invited": [True] * 123 + [False]}
    )  # fmt: skip
    surveys = surveys.mutate(score=surveys.score.isnan().ifelse(ibis.null("float64"), surveys.score))
    bought = ibis.memtable({"customer_id": ["c002"] * 2, "date": [day - timedelta(days=3), day], "margin": [5.0, 7.0]})
    upset = ibis.memtable({"customer_id": ["c003"], "date": [day - timedelta(days=9)], "complaint": [True]})
    town = ibis.memtable({"customer_id": people, "town": ["north", "south"] * 60})
    found = invited_of(surveys, bought, interactions=upset, customers=town, metric="nps",
                       metrics={"nps": MetricRules(kind="nps")}, as_of=AS_OF)  # fmt: skip
    assert found is not None
    assert found.ids.tolist() == people
    assert (found.low, found.high) == (-100.0, 100.0)
    assert found.score[0] == 100.0
    assert np.isnan(found.score[1])  # the later invitation was not answered
    assert found.known[2].tolist() == [5.0, 1.0, 3.0, 0.0]  # what is bought that day is not known before
    assert found.known[3].tolist() == [0.0, 0.0, 365.0, 1.0]
    assert found.segments.shape == (120, 1)
    assert invited_of(surveys.drop("invited"), bought, interactions=None, customers=None, metric="nps", metrics={},
                      as_of=AS_OF) is None  # fmt: skip
    assert (
        invited_of(surveys, bought, interactions=None, customers=None, metric="other", metrics={}, as_of=AS_OF) is None
    )
