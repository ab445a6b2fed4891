"""Marks on the sBG: found where a world has them, not found where it has none, and their curves as sums say."""

import numpy as np
import pytest

from cxvalue.foundation.intervals import interval_ends
from cxvalue.lifetime.contracts.renewal_marks import Cells, cells_of, marked
from cxvalue.lifetime.contracts.sbg import BEGAN, CHANCE, SINCE, Mark, RenewalModel, durations, fit_renewal
from cxvalue.lifetime.contracts.spells import OPEN, months_later, spells

MONTHS, CUSTOMERS = 48, 3_000
UNTIL = int(months_later(0, MONTHS)) - 1


def _world(seed: int, factor) -> tuple[RenewalModel, Cells]:
    """Customers who begin over four years and leave at an sBG's rates times `factor(months ago begun, age, months ago)`."""
    rng = np.random.default_rng(seed)
    ago, theta = rng.integers(1, MONTHS + 1, CUSTOMERS), rng.beta(3.0, 97.0, CUSTOMERS)
    left = np.full(CUSTOMERS, MONTHS + 1)
    for age in range(MONTHS):
        due = (left > MONTHS) & (age < ago)
        pace = np.broadcast_to(factor(ago, age, ago - age - 1), ago.shape)
        left[due & (rng.random(CUSTOMERS) < 1 - (1 - theta) ** pace)] = age + 1
    begun = months_later(0, MONTHS - ago)
    end = np.where(left <= ago, months_later(begun, np.minimum(left, ago)), OPEN)
    found = spells(begun, end, until=UNTIL + 1, observed_from=-1)
    model = fit_renewal(durations(found.renewed[found.kept], found.ended[found.kept]))
    return model, cells_of(begun, found, UNTIL, 1)


def test_a_world_of_the_sbg_has_no_marks() -> None:
    assert not any(marked(*_world(seed, lambda ago, age, back: 1.0)).marks for seed in range(3))


def test_a_rush_after_the_first_month_is_told_from_customers_who_differ() -> None:
    found = marked(*_world(1, lambda ago, age, back: 30.0 if age == 0 else 1.0))
    assert found.marks == (Mark(CHANCE, 0),)
    stays = np.random.default_rng(1).beta(97.0, 3.0, 100_000)
    first, year = float((stays**30).mean()), float((stays**41).mean())
    assert float(found.survival(1)) == pytest.approx(first, abs=0.03)
    assert float(found.survival(11, 1)) == pytest.approx(year / first, abs=0.03)
    assert _off(found) < 1e-9


def _off(model: RenewalModel) -> float:
    """Largest gap between the model's curve and the product of the chances to stay at each renewal."""
    a, b, *ratios = model.params.values()
    stays = [1 - a / (a + b + age) for age in range(24)]
    for mark, ratio in zip(model.marks, ratios, strict=True):
        stays[mark.months] **= ratio
    return float(np.abs(model.survival(np.arange(25)) - np.cumprod([1.0, *stays])).max())


def test_newer_customers_who_leave_faster_are_found_and_a_new_customer_leaves_as_they_do() -> None:
    found = marked(*_world(2, lambda ago, age, back: np.exp(0.4 * (2 - ago / 12))))
    (mark,) = found.marks
    assert mark == Mark(BEGAN, 0)
    assert found.changed
    assert found.otherwise == 1
    assert found.params[mark.name] == pytest.approx(np.exp(0.4), rel=0.15)
    true = float(np.mean(np.random.default_rng(1).beta(97.0, 3.0, 100_000) ** (12 * np.exp(0.8))))
    best = np.array(list(found.params.values()))
    assert float(found.curve(best, 12, began=0.0)) == pytest.approx(true, abs=0.05)
    assert float(found.survival(12, 36)) > float(found.survival(12, 0))


def test_a_lasting_change_is_found_with_its_month_and_what_follows_if_it_is_over() -> None:
    found = marked(*_world(3, lambda ago, age, back: np.where(back < 9, 2.0, 1.0)))
    (mark,) = found.marks
    assert mark.kind == SINCE
    assert abs(mark.months - 9) <= 1
    assert found.params[mark.name] == pytest.approx(2.0, rel=0.2)
    assert found.otherwise == pytest.approx(1 / found.params[mark.name])
    best = np.array(list(found.params.values()))
    before = float(found.curve(np.append(best[:2], 1.0), 12))
    assert float(found.survival(12)) == pytest.approx(before ** best[2])


def test_draws_and_parameters_carry_the_marks() -> None:
    found = marked(*_world(3, lambda ago, age, back: np.where(back < 9, 2.0, 1.0)))
    drawn = found.draw(200, np.random.default_rng(1))
    curves = found.curve(drawn, [1, 12], [[0], [5]])
    assert drawn.shape == (200, 3)
    assert curves.shape == (200, 2, 2)
    assert np.median(curves, axis=0) == pytest.approx(found.survival([1, 12], [[0], [5]]), abs=0.02)
    low, high = interval_ends(curves[:, 0, 1])
    assert low < float(found.survival(12)) < high
    assert type(found).from_dict(found.to_dict()).marks == found.marks


def test_cells_count_the_periods_that_the_likelihood_counts() -> None:
    rng = np.random.default_rng(4)
    begun = rng.integers(-400, 900, 500)
    end = np.where(rng.random(500) < 0.5, begun + rng.integers(1, 900, 500), OPEN)
    found = spells(begun, end, until=1_000, observed_from=0)
    cells = cells_of(begun, found, 1_000, 1)
    kept = found.kept
    assert cells.ended.sum() == found.ended[kept].sum()
    whole = found.renewed[kept] - found.entry[kept] + np.where(found.ended[kept], 1.0, found.part[kept])
    assert cells.at_risk.sum() == pytest.approx(float(whole.sum()))
    assert cells.age.max() <= found.renewed[kept].max()
    assert (cells.ended <= cells.at_risk + 1e-9).all()


def test_names_of_marks() -> None:
    assert [Mark(*one).name for one in ((CHANCE, 0), (BEGAN, 12), (SINCE, 9), (SINCE, 0))] == [
        "pace_renewal_1",
        "pace_began_12_months",
        "pace_since_9_months",
        "pace_since_a_year",
    ]
