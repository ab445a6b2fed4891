"""What is spent elsewhere and what competitors score."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from cxvalue.simulate.retailer_draw import FIRST_DAY, RetailerParameters, draw_lives, draw_stores
from cxvalue.simulate.retailer_outside import benchmarks, wallet_answers


def test_the_till_asks_frequent_customers_who_call_us_their_main_store_more_often() -> None:
    rng = np.random.default_rng(1)
    true = RetailerParameters()
    lives = draw_lives(rng, draw_stores(rng, true), 4000, true)
    rows, truth = wallet_answers(rng, lives)
    main = rows[rows["metric"] == "main_store"]
    assert main["score"].mean() > truth["experience.wallet.main_store"] + 0.02
    assert main["customer"].is_unique
    assert truth["experience.wallet.share"] == pytest.approx(0.5, abs=0.05)


def test_competitors_rise_by_a_known_slope() -> None:
    rows = benchmarks(FIRST_DAY)
    rival = rows[rows["competitor"] == "Rival"]["value"].to_numpy()
    assert len(rival) == 16
    assert rival[4] - rival[0] == pytest.approx(0.25, abs=0.002)
    assert rows["date"].min() > date(2022, 7, 1)
