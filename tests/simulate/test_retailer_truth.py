"""The retailer's truth adds up, and does not depend on who happens to be in the tables."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.simulate.retailer_draw import RetailerParameters, draw_lives, draw_stores
from cxvalue.simulate.retailer_truth import LEVELS, experience_truth

TRUE = RetailerParameters()


def test_truths_add_up_and_two_sets_of_others_agree() -> None:
    rng = np.random.default_rng(3)
    stores = draw_stores(rng, TRUE)
    few = draw_lives(rng, stores, 500, TRUE)
    one, two = (experience_truth(few, draw_lives(rng, stores, 8000, TRUE), TRUE) for _ in range(2))
    assert sum(one[f"experience.level.{name}.share"] for name in LEVELS) == pytest.approx(1.0)
    for name in LEVELS:
        moves = [one[f"experience.transition.{name}.{into}"] for into in (*LEVELS, "unknown", "gone")]
        assert sum(moves) == pytest.approx(1.0)
        assert one[f"experience.level.{name}.margin"] == pytest.approx(two[f"experience.level.{name}.margin"], rel=0.08)
    rising = [one[f"experience.level.{name}.margin"] for name in LEVELS]
    assert rising == sorted(rising)
    assert one["experience.habituation.tasting.half_life"] == pytest.approx(2.7726, abs=1e-4)
    assert one["experience.response.retained"] == pytest.approx(0.094, abs=0.006)
