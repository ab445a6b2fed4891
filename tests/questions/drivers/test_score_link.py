"""The link of score and margin: none where there is none, whatever the past; its size where there is one."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pytest

from cxvalue.questions.drivers.findings import link_findings
from cxvalue.questions.drivers.score_link import LinkRows, fit_link, link_rows, reliability_of
from cxvalue.questions.experience.answers import answered
from tests.experienceworlds import METRICS, retail


def drawn(
    seed: int, *, effect: float = 0.0, trait: float = 0.0, past: float = 0.0, mood: float = 0.0, n: int = 1500
) -> LinkRows:
    """Three years of margin around an answer whose reliability is a half.

    A `mood` by months (AR .9) lifts the score of its month and the margin of every month around it.
    """
    rng = np.random.default_rng(seed)
    u, x = rng.standard_normal(n), rng.standard_normal(n)
    noise = 30 * rng.standard_normal((3, n))
    lasting = 30 * rng.standard_normal(n) + 10 * trait * u
    earlier, before = 100 + lasting + noise[0], 100 + lasting + noise[1]
    months = mood * moods(seed, n) if mood else np.zeros((n, 36))
    before, earlier = before + 20 * months[:, 12:24].mean(axis=1), earlier + 20 * months[:, :12].mean(axis=1)
    felt = x + months[:, 23] + trait * u + past * (before - 100) / 45
    points = felt + np.sqrt(felt.var()) * rng.standard_normal(n)
    after = 100 + lasting + noise[2] + effect * x + 20 * months[:, 24:].mean(axis=1)
    ids = np.array([f"c{k}" for k in range(n)], dtype=object)
    return LinkRows(ids, points, after, before, earlier, rng.uniform(730, 1500, n), rng.integers(0, 8, n),
                    rng.integers(0, 12, n))  # fmt: skip


def moods(seed: int, n: int) -> np.ndarray:
    """Months that go together from one to the next by .9, customers x 36."""
    news = np.random.default_rng([seed, 1]).standard_normal((n, 36))
    news[:, 1:] *= np.sqrt(1 - 0.9**2)
    for month in range(1, 36):
        news[:, month] += 0.9 * news[:, month - 1]
    return news


def test_moods_of_months_are_told_as_a_link_and_no_more() -> None:
    """They are in the year after and not in the one before last: nothing tells them from an effect, so none is claimed."""
    loud = 0
    for seed in range(10):
        found = fit_link(drawn(seed, mood=1.0))
        assert found is not None
        loud += found.link.low > 0
        said = link_findings(found, None, main="nps", currency="EUR", level=0.95)[0]
        assert said.grade == "D"
        assert "It is a link: it shows where to test, not what a project earns." in said.text
        assert "passing moods do not" in said.method
    assert loud >= 8


@pytest.mark.parametrize("world", [{}, {"trait": 0.3}, {"trait": 1.0}, {"past": 1.0}])
def test_a_world_without_a_link_is_given_none(world: dict[str, float]) -> None:
    claimed = naive = 0
    for seed in range(80):
        found = fit_link(drawn(seed, **world))
        assert found is not None
        claimed += found.link.low > 0 or found.link.high < 0
        naive += found.forward.low > 0
    assert claimed <= 10  # 4 on average; more than 10 happens once in 500
    if world.get("trait") == 1.0:
        assert naive >= 40  # what comparing with the past alone would have said


def test_the_size_is_the_effect_times_the_reliability() -> None:
    found = [fit_link(drawn(seed, effect=12.0)) for seed in range(40)]
    values = np.array([one.link.value for one in found if one is not None])
    assert values.mean() == pytest.approx(6.0, abs=0.8)
    held = sum(one.link.low <= 6.0 <= one.link.high for one in found if one is not None)
    assert held >= 34


def test_the_difference_is_forward_less_mirror() -> None:
    found = fit_link(drawn(3, effect=5.0, trait=0.5))
    assert found is not None
    assert found.link.value == pytest.approx(found.forward.value - found.mirror.value)
    still = drawn(1)
    still.points[:] = 7.0
    assert fit_link(still) is None


def test_rows_have_two_years_before_and_one_after() -> None:
    world = retail()
    answers = answered(world.tables["surveys"], METRICS)
    rows = link_rows(
        answers, world.purchases, world.tables["customers"], main="overall", observed_from=world.observed_from,
        as_of=world.as_of,
    )  # fmt: skip
    assert rows is not None
    assert rows.tenure.min() >= 730
    years = {name: rows.month[rows.ids == name] for name in rows.ids[:50]}
    assert all(len(one) <= 2 for one in years.values())
    short = link_rows(
        answers,
        world.purchases,
        None,
        main="overall",
        observed_from=world.as_of - timedelta(days=900),
        as_of=world.as_of,
    )
    assert short is None


def test_two_answers_of_a_customer_tell_how_steady_the_score_is() -> None:
    rng = np.random.default_rng(5)
    n = 400
    steady = rng.standard_normal(n)
    first, second = (steady + rng.standard_normal(n) for _ in range(2))
    days = [date(2025, 1, 1), date(2025, 2, 1)]
    both = np.concatenate([first, second])
    answers = ibis.memtable(
        {"customer_id": [f"c{k}" for k in range(n)] * 2, "metric": ["main"] * (2 * n), "points": both,
         "day": [days[0]] * n + [days[1]] * n}
    )  # fmt: skip
    found = reliability_of(answers, None, main="main")
    assert found is not None
    value, pairs = found
    assert pairs == n
    assert value.value == pytest.approx(np.corrcoef(first, second)[0, 1])
    assert value.low < 0.5 < value.high
    upset = ibis.memtable({"customer_id": [f"c{k}" for k in range(100)], "date": [date(2025, 1, 15)] * 100})
    without = reliability_of(answers, upset, main="main")
    assert without is not None
    assert without[1] == n - 100
    # Asked every week, a customer has answers in between; the second of the pair is the first that is late enough.
    weekly = answers.union(
        answers.filter(answers.day == days[0]).mutate(day=ibis.literal(date(2025, 1, 8)), points=0.0)
    )
    often = reliability_of(weekly, None, main="main")
    assert often is not None
    assert often == found
    late = answers.mutate(day=ibis.ifelse(answers.day == days[1], ibis.literal(date(2025, 6, 1)), answers.day))
    assert reliability_of(late, None, main="main") is None
