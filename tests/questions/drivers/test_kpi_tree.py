"""The KPI tree: sums by department, customers touched, and draws that go together."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pytest

from cxvalue.questions.drivers.importance import fit_importance
from cxvalue.questions.drivers.kpi_tree import build_tree, draws_of, touched_customers
from cxvalue.questions.drivers.score_link import fit_link
from cxvalue.study.experience import MetricRules
from tests.questions.drivers.test_importance import drawn
from tests.questions.drivers.test_score_link import drawn as link_drawn

AS_OF = date(2025, 12, 31)


def test_a_department_is_worth_the_sum_of_its_drivers() -> None:
    importance, link = fit_importance(drawn(1)), fit_link(link_drawn(1, effect=12.0))
    assert importance is not None
    assert link is not None
    metrics = {"first": MetricRules(department="a"), "second": MetricRules(department="b")}
    touched = {"first": 100, "second": 10}
    apart = build_tree(importance, link, metrics, touched)
    assert [one.department for one in apart] == ["a", "b"]
    expected = [importance.slope[k].value * link.link.value * reach for k, reach in enumerate((100, 10))]
    assert [one.margin_per_point.value for one in apart] == pytest.approx(expected)
    together = build_tree(importance, link, dict.fromkeys(metrics, MetricRules(department="a")), touched)
    assert together[0].margin_per_point.value == pytest.approx(sum(expected))
    assert together[0].margin_per_point.low > 0
    assert build_tree(importance, link, {}, touched) == ()


def test_draws_spread_like_the_intervals() -> None:
    importance, link = fit_importance(drawn(1)), fit_link(link_drawn(1, effect=12.0))
    assert importance is not None
    assert link is not None
    found = draws_of(importance, link)
    half = (link.link.high - link.link.low) / 2
    assert 1.96 * found.link.std() == pytest.approx(half, rel=0.12)
    assert 1.96 * found.slopes[:, 0].std() == pytest.approx(
        importance.slope[0].high - importance.slope[0].value, rel=0.12
    )
    assert abs(np.corrcoef(found.link, found.slopes[:, 0])[0, 1]) < 0.2  # other answers of other customers


def test_touched_are_those_with_a_survey_or_a_contact_in_twelve_months() -> None:
    surveys = ibis.memtable(
        {"customer_id": ["a", "b", "c", "d"], "metric": ["shop", "overall", "shop", "overall"],
         "touchpoint": [None, "shop", None, "web"], "date": [AS_OF, AS_OF, date(2024, 12, 31), AS_OF]}
    )  # fmt: skip
    contacts = ibis.memtable({"customer_id": ["a", "e"], "touchpoint": ["shop", "shop"], "date": [AS_OF, AS_OF]})
    assert touched_customers("shop", surveys, None, as_of=AS_OF) == 2
    assert touched_customers("shop", surveys, contacts, as_of=AS_OF) == 3
    some = ibis.memtable({"customer_id": ["e", "c"]})
    assert touched_customers("shop", surveys, contacts, as_of=AS_OF, among=some) == 1
