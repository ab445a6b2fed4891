"""What a fast answer changes: a known truth, no effect, a hidden cause, and an instrument that tells it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import causaldata
import numpy as np
import pandas as pd
import pytest

from cxvalue.effects.estimators.survival import kaplan_meier
from cxvalue.foundation.intervals import reach_of
from cxvalue.questions.experience.dummies import slopes_clustered
from cxvalue.questions.response.complaints import IndexComplaints, complaints_of, index_complaints
from cxvalue.questions.response.recovery import answer_speed, by_backlog, fit_recovery
from tests.experienceworlds import RULES, retail


def drawn(seed: int, effect: float, hidden: float = 0.0, n: int = 1500) -> IndexComplaints:
    """Severe complaints are answered later and lose more; a backlog delays answers; `hidden` does both unseen."""
    rng = np.random.default_rng(seed)
    severe, u, w = rng.random(n) < 0.35, rng.standard_normal(n), rng.standard_normal(n) * hidden
    unit, backlog = rng.integers(0, 10, n), rng.poisson(2.0, n).astype(float)
    fast = rng.random(n) < 1 / (1 + np.exp(-(1.2 - severe + 0.4 * u - 0.5 * backlog - w)))
    stays = rng.random(n) < np.clip(0.55 - 0.2 * severe + 0.05 * u - 0.1 * w + effect * fast, 0.01, 0.99)
    own = np.column_stack([severe - 0.35, u])
    x = np.column_stack([np.ones(n), own, backlog - 2])
    groups = (unit, rng.integers(0, 7, n), rng.integers(0, 6, n))
    return IndexComplaints(x, fast, stays.astype(float), 40.0 * stays + rng.standard_normal(n), backlog, groups, own)


@pytest.mark.parametrize("effect", [0.0, 0.1])
def test_the_truth_is_covered_where_nothing_is_hidden(effect: float) -> None:
    held = held_by_backlog = bounded = naive = 0
    for seed in range(40):
        found = fit_recovery(drawn(seed, effect))
        assert found is not None
        held += found.retained.low <= effect <= found.retained.high
        naive += found.naive - effect > 0.02
        instrument = found.instrument
        if instrument is not None and instrument.effect is not None:
            bounded += 1
            held_by_backlog += instrument.effect.low <= effect <= instrument.effect.high
    assert held >= 34
    assert naive >= 30  # compared as they are, fast answers look better than they are
    assert bounded >= 35
    assert held_by_backlog >= bounded - 6


def test_a_hidden_cause_fools_the_comparison_but_not_the_backlog() -> None:
    fooled = held = bounded = 0
    for seed in range(25):
        found = fit_recovery(drawn(seed, 0.0, hidden=1.0))
        assert found is not None
        fooled += found.retained.low > 0
        if found.instrument is not None and found.instrument.effect is not None:
            bounded += 1
            held += found.instrument.effect.low <= 0 <= found.instrument.effect.high
        z = found.retained.value / ((found.retained.high - found.retained.low) / 2 / reach_of(0.95))
        # the sentence names a strength that grows with the t value, so a reader can hold it against severity
        assert found.robustness == pytest.approx(
            np.sqrt((z**2 / 1495) ** 2 + 4 * z**2 / 1495) / 2 - z**2 / 2990, rel=1e-3
        )
    assert fooled >= 20
    assert held >= bounded - 5


def test_too_few_complaints_are_not_compared() -> None:
    data = drawn(1, 0.1)
    few = IndexComplaints(*(part[:90] if isinstance(part, np.ndarray) else tuple(g[:90] for g in part) for part in (
        data.x, data.fast, data.retained, data.margin, data.backlog, data.groups, data.own)))  # fmt: skip
    assert fit_recovery(few) is None


@cache
def complaints() -> tuple[object, ...]:
    world = retail()
    found = complaints_of(world.tables["interactions"], observed_from=world.observed_from, as_of=world.as_of)
    assert found is not None
    return found, index_complaints(found, world.purchases, RULES)


def test_the_world_s_answers_and_effect_are_found() -> None:
    truth = retail().truth
    found, index = complaints()
    speed = answer_speed(found, RULES.target_days)  # type: ignore[arg-type]
    assert speed is not None
    assert speed.closed_loop.low <= truth["experience.response.closed_loop"] <= speed.closed_loop.high
    assert speed.slow + speed.open <= speed.complaints
    recovery = fit_recovery(index)  # type: ignore[arg-type]
    assert recovery is not None
    assert recovery.retained.low <= truth["experience.response.retained"] <= recovery.retained.high
    assert recovery.naive > recovery.retained.value


def test_a_backlog_that_moves_nothing_bounds_nothing() -> None:
    data = drawn(3, 0.1)
    still = IndexComplaints(data.x, data.fast, data.retained, data.margin, np.ones(1500), data.groups, data.own)
    assert by_backlog(still) is None
    none = IndexComplaints(data.x, data.fast, data.retained, data.margin, None, data.groups, data.own)
    assert by_backlog(none) is None
    noise = np.random.default_rng(9).poisson(2.0, 1500).astype(float)
    loose = by_backlog(IndexComplaints(data.x, data.fast, data.retained, data.margin, noise, data.groups, data.own))
    assert loose is not None
    assert loose.first_stage_f < 10


def test_the_instrument_is_that_of_schooling_and_a_college_nearby() -> None:
    """Card 1995, as in Cunningham's Mixtape: two-stage least squares gives .124164, the first stage F 15.767."""
    data = pd.read_stata(next(Path(causaldata.__file__).parent.rglob("close_college.dta")))
    data = data.dropna(subset=["lwage", "educ", "exper", "black", "south", "married", "smsa", "nearc4"])
    assert len(data) == 3003
    given = np.column_stack([np.ones(len(data)), data[["exper", "black", "south", "married", "smsa"]].to_numpy(float)])

    def left(name: str) -> np.ndarray:
        values = data[name].to_numpy(float)
        return values - given @ np.linalg.lstsq(given, values, rcond=None)[0]

    still = np.zeros(len(data), dtype=np.int64)
    plain = slopes_clustered(left("lwage"), left("educ")[:, None], np.zeros(len(data), dtype=np.intp))
    assert plain.beta[0] == pytest.approx(0.071173, abs=1e-6)  # without the instrument
    rows = IndexComplaints(
        given, left("educ"), left("lwage"), left("lwage"), left("nearc4"), (still, still, still), given[:, 1:]
    )
    found = by_backlog(rows)
    assert found is not None
    assert found.effect is not None
    assert found.effect.value == pytest.approx(0.124164, abs=1e-6)
    assert found.first_stage_f == pytest.approx(
        15.767, rel=0.05
    )  # robust to unequal variances; 15.767 is the plain one
    half = 1.96 * 0.049956
    assert found.effect.low < 0.124164 - 0.5 * half
    assert found.effect.high > 0.124164 + half  # Anderson and Rubin's interval leans to the right of a weak first stage


def test_waiting_for_an_answer_looks_like_loyalty_unless_all_count_from_a_landmark() -> None:
    """Leave at 1/200 a day, answered at 1/5, no effect: shares beyond day 90 in closed form, and as they are measured."""
    rng = np.random.default_rng(4)
    stay, answer = rng.exponential(200.0, 400_000), rng.exponential(5.0, 400_000)
    answered = answer < stay
    assert stay[answered].mean() == pytest.approx(204.878, rel=0.01)
    assert stay[~answered].mean() == pytest.approx(4.878, rel=0.02)
    fast = answered & (answer <= 7)
    days, left = np.ceil(stay), np.ones(stay.size, dtype=bool)

    def beyond(who: np.ndarray) -> float:
        return kaplan_meier(days[who], left[who]).at(90, 0.95).value

    assert beyond(fast) == pytest.approx(0.646293, abs=0.004)
    assert beyond(~fast) == pytest.approx(0.612538, abs=0.004)
    there = stay > 7
    assert beyond(fast & there) == pytest.approx(0.660340, abs=0.004)
    assert beyond(~fast & there) == pytest.approx(0.660340, abs=0.006)
