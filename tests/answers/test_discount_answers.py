"""How deep a discount should be: the curve that is drawn is the one that is handed over."""

from __future__ import annotations

from cxvalue.answers.discount_answers import DiscountAnswers
from cxvalue.workspace.opened import Study


def test_the_curve_stands_behind_every_answer(little: Study) -> None:
    discounts = DiscountAnswers(little)
    assert discounts.acceptance().tables["discount_curve.csv"] is discounts.curve
    assert discounts.segments().tables["discount_segments.csv"]["segment"].tolist() == [
        "all"
    ]  # nothing tells them apart
    given = discounts.handed_over()
    assert "discount_acceptance" in given["figures"]
    assert {one.id.split(".")[0] for one in given["findings"]} == {"discounts"}
    assert discounts.curve["buys"].is_monotonic_increasing
    assert discounts.curve["buys"].between(0, 1).all()
