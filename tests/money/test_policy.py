"""Goodwill rules: counted by hand, monotone where they must be, and honest about having been chosen."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.foundation.errors import CxvalueError
from cxvalue.money.policy import Handling, search_rules

CERTAIN = Handling((10.0, 10.0, 10.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def test_a_rule_counted_by_hand():
    # One customer-year with fees of 50, 8 and 6; another with 12.
    found = search_rules(
        [1, 1, 1, 2], [50.0, 8.0, 6.0, 12.0], years=2.0, handling=CERTAIN, caps=(10, 20), times=(1, 2), draws=50
    )
    table = found.rules.set_index(["cap", "times_per_year"])
    assert table.loc[(10, 1), ["waivers", "customers", "forgone"]].tolist() == [0.5, 0.5, 4.0]
    assert table.loc[(10, 2), ["waivers", "customers", "forgone"]].tolist() == [1.0, 0.5, 7.0]
    assert table.loc[(20, 2), ["waivers", "forgone", "value"]].tolist() == [1.5, 13.0, 2.0]
    assert (found.cap, found.times_per_year, found.value) == (10.0, 2, 3.0)


def test_higher_caps_waive_more_and_moral_hazard_costs():
    rng = np.random.default_rng(1)
    who, fees = rng.integers(0, 400, 2000), rng.lognormal(3.5, 0.8, 2000)
    tempted = Handling((12.0, 10.0, 14.0), (5.0, 3.0, 7.0), (0.2, 0.1, 0.3))
    honest = Handling(tempted.saved_per_waiver, tempted.gain_per_customer_year, (0.0, 0.0, 0.0))
    caps = (10, 20, 40, 80, 160)
    with_it, without = (search_rules(who, fees, years=3, handling=one, caps=caps) for one in (tempted, honest))
    for often in (1, 12):
        rules = without.rules[without.rules["times_per_year"] == often]
        assert rules["waivers"].is_monotonic_increasing
        assert rules["forgone"].is_monotonic_increasing
    assert (with_it.rules["value"] <= without.rules["value"] + 1e-9).sum() > 15
    assert with_it.best_low < with_it.value < with_it.best_high * 1.5
    best = with_it.rules.set_index(["cap", "times_per_year"]).loc[(with_it.cap, with_it.times_per_year)]
    assert best[["value", "low", "high"]].tolist() == [with_it.value, with_it.best_low, with_it.best_high]
    assert ((with_it.rules["low"] <= with_it.rules["value"]) & (with_it.rules["value"] <= with_it.rules["high"])).all()
    assert with_it.rules["chosen"].sum() == pytest.approx(1.0)
    assert with_it.rules["cap"].nunique() == len(caps)


def test_when_nothing_pays_no_rule_is_recommended():
    costly = Handling((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), (0.5, 0.4, 0.6))
    found = search_rules([1, 2, 3], [10.0, 20.0, 30.0], years=1, handling=costly, caps=(15, 50))
    assert (found.cap, found.times_per_year, found.value) == (0.0, 0, 0.0)


def test_nonsense_is_refused():
    with pytest.raises(CxvalueError, match="no fees"):
        search_rules([], [], years=1, handling=CERTAIN, caps=(10,))
    with pytest.raises(CxvalueError, match="extra_share"):
        search_rules([1], [5.0], years=1, handling=Handling((1, 1, 1), (1, 1, 1), (0.5, 0.6, 0.7)), caps=(10,))
