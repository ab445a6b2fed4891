"""The simulated worlds: reproducible, written as a sound study, and true to their parameters."""

from __future__ import annotations

import json
from pathlib import Path

import ibis
import numpy as np
import pytest

from cxvalue.foundation.calendar import DAYS_PER_MONTH
from cxvalue.foundation.errors import CxvalueError
from cxvalue.language.catalogue import using
from cxvalue.questions.churn.churn import active_states, margins_of, p_no_purchase
from cxvalue.simulate import WORLDS, shop, write_world
from cxvalue.simulate.shop_world import HORIZON_MONTHS, MARGIN, ShopParameters
from cxvalue.study import load_study_file
from cxvalue.tables.states import purchase_states
from tests.lifetime.conftest import exact_model
from tests.messages import TRANSLATED


def test_a_world_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    first, again, other = shop(200, seed=3), shop(200, seed=3), shop(200, seed=4)
    assert first.truth == again.truth
    assert first.tables["transactions"].equals(again.tables["transactions"])
    assert first.truth != other.truth


def test_the_first_purchase_is_on_the_first_day_and_every_customer_is_there() -> None:
    world = shop(300, seed=5)
    table = world.tables["transactions"]
    assert table["customer_id"].nunique() == 300
    assert table["date"].max().date() <= world.study["as_of"]
    assert table["date"].min().date() >= world.study["observed_from"]


def test_the_truth_of_a_new_customer_agrees_with_the_closed_form() -> None:
    # E[X(t)] of the BG/NBD (Fader, Hardie, Lee 2005, equation 9) by its integral over time, and the gamma-gamma mean
    # p * gamma / (q - 1); the discount rate is small enough that the middle of each month stands for its end.
    true = ShopParameters()
    from scipy.special import hyp2f1

    def expected(weeks: np.ndarray) -> np.ndarray:
        z = weeks / (true.alpha + weeks)
        shrunk = (true.alpha / (true.alpha + weeks)) ** true.r
        inner = hyp2f1(true.r, true.b, true.a + true.b - 1, z)
        return (true.a + true.b - 1) / (true.a - 1) * (1 - shrunk * inner)

    months = np.arange(HORIZON_MONTHS + 1)
    purchases = np.diff(expected(months * DAYS_PER_MONTH / 7))
    discounted = (purchases * 1.1 ** (-months[1:] / 12)).sum()
    mean = true.p * true.gamma / (true.q - 1)
    assert shop(50, seed=1).truth["cltv.new_customer"] == pytest.approx(MARGIN * mean * (1 + discounted), rel=0.02)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_world_speaks_the_language_of_who_asks_and_stays_the_same(tmp_path: Path, language: str) -> None:
    plain = shop(50, seed=2)
    with using(language):
        told = shop(50, seed=2)
        study = load_study_file(write_world(told, tmp_path / "mine"))
    assert told.truth == plain.truth
    assert told.tables["transactions"].equals(plain.tables["transactions"])
    assert study.language == language
    assert study.title == told.study["title"] != plain.study["title"]
    about = (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")
    assert "`cxvalue simulate shop`" in about
    assert "Nobody" not in about


def test_a_world_is_written_as_a_study_that_loads(tmp_path: Path) -> None:
    path = write_world(WORLDS["shop"](customers=50, seed=2), tmp_path / "mine")
    study = load_study_file(path)
    assert study.name == "mine"
    assert set(json.loads((tmp_path / "mine" / "truth.json").read_text())) >= {"cltv.equity", "base.customers"}
    assert (tmp_path / "mine" / "README.md").is_file()
    with pytest.raises(CxvalueError, match="already holds"):
        write_world(shop(50), tmp_path / "mine")


def test_the_truth_of_churn_is_near_what_the_model_behind_the_world_expects() -> None:
    # A large world against P(no purchase) at the true parameters, which holds no information about the future.
    world = shop(20_000, seed=6)
    true = ShopParameters()
    table = world.tables["transactions"]
    states = purchase_states(table, as_of=world.study["as_of"], per_customer=True)
    active = active_states(states, world.study["dormancy"]["days"])
    model = exact_model("bg_nbd", true.r, true.alpha, true.a, true.b)
    p = p_no_purchase(model, active, 12 * DAYS_PER_MONTH)
    error = np.sqrt((p * (1 - p)).sum()) / p.size
    assert world.truth["churn.rate"] == pytest.approx(p.mean(), abs=4 * error)
    assert world.truth["base.active"] == p.size
    daily = table.assign(margin=MARGIN * table["revenue"], date=table["date"].dt.date)
    margins = margins_of(ibis.memtable(daily), active)
    spread = np.sqrt((p * (1 - p) * margins**2).sum())
    assert world.truth["churn.value_at_risk"] == pytest.approx(p @ margins, abs=4 * spread)
