"""Items from touchpoints: their worth, their segments, and what is refused."""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.questions.choice.items import few_touched, items_of, made_items, segment_members, segment_problems
from cxvalue.questions.drivers.importance import fit_importance
from cxvalue.questions.drivers.score_link import fit_link
from cxvalue.study.experience import Touchpoint
from tests.questions.drivers.test_importance import drawn
from tests.questions.drivers.test_score_link import drawn as link_drawn

AS_OF = date(2025, 12, 31)
SURVEYS = {"customer_id": ["a", "b"], "metric": ["first", "first"], "date": [AS_OF, AS_OF]}


def test_worth_is_points_times_slope_times_link_times_customers() -> None:
    touchpoints = [Touchpoint(name="shop", cost=5, points=2), Touchpoint(name="poster", cost=1, points=3)]
    slopes = {"shop": (0.5, np.array([0.4, 0.6]))}
    touched = {("shop", "all"): 10, ("poster", "all"): 7}
    found = made_items(touchpoints, touched, slopes, (2.0, np.array([1.0, 3.0])), [("poster", "shop")])
    assert found.value.tolist() == [2 * 10 * 0.5 * 2.0, 3 * 7 * 2.0]  # what is no driver moves the score itself
    assert found.draws.tolist() == [[2 * 10 * 0.4 * 1.0, 21.0], [2 * 10 * 0.6 * 3.0, 63.0]]
    assert found.apart == ((0, 1),)


def test_a_segment_is_a_value_of_the_customers_table() -> None:
    people = ibis.memtable({"customer_id": ["a", "b"], "city": ["north", "south"], "age": [1, 2]})
    assert segment_members(people, "north").to_pyarrow()["customer_id"].to_pylist() == ["a"]
    with pytest.raises(CxvalueError, match=r"no customer of the segment 'west'.*city"):
        segment_members(people, "west")
    with pytest.raises(CxvalueError, match="none"):
        segment_members(None, "north")


def test_a_segment_that_nobody_has_is_refused_with_the_nearest() -> None:
    people = ibis.memtable({"customer_id": ["a", "b"], "city": ["north", "south"], "age": [1, 2]})
    asked = [Touchpoint(name="shop", segment=name, cost=1, points=1) for name in ("all", "north", "nort", "zzz")]
    assert segment_problems(asked[:2], people) == []
    near, far = segment_problems(asked, people)
    assert near.where == "touchpoints.shop.segment"
    assert "'nort'" in near.found
    assert near.remedy == "Did you mean 'north'? Or write 'all'."
    assert far.remedy == "Allowed: 'north', 'south'. Or write 'all'."
    assert "no table 'customers'" in segment_problems(asked[1:2], None)[0].found


def test_items_of_a_study_count_who_was_touched_in_the_segment() -> None:
    importance, link = fit_importance(drawn(1)), fit_link(link_drawn(1, effect=12.0))
    assert importance is not None
    assert link is not None
    people = ibis.memtable({"customer_id": ["a", "b"], "city": ["north", "south"]})
    touchpoints = [
        Touchpoint(name="first", cost=1, points=1),
        Touchpoint(name="first", segment="north", cost=1, points=1),
    ]
    found = items_of(touchpoints, importance, link, ibis.memtable(SURVEYS), None, people, as_of=AS_OF)
    assert found.value[0] == pytest.approx(2 * found.value[1])
    assert found.value[1] == pytest.approx(importance.slope[0].value * link.link.value)


def test_few_customers_or_all_but_a_few_are_withheld() -> None:
    touched = {("shop", "all"): 500, ("shop", "gold"): 495, ("shop", "new"): 6, ("web", "new"): 30, ("web", "old"): 0}
    assert few_touched(touched, 10) == (("shop", "gold"), ("shop", "new"))
    assert few_touched(touched, 0) == ()
