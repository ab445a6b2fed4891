"""Horizons and what money is worth in them, against the curve that the rest of the package uses."""

from __future__ import annotations

import numpy as np
import pytest

from cxvalue.foundation.calendar import DAYS_PER_MONTH, TimeUnit
from cxvalue.lifetime.candidates.outlook import Ahead, Outlook
from cxvalue.lifetime.families.discounting import DiscountCurve


def test_money_counts_as_by_the_discount_curve() -> None:
    ahead = Ahead((30, 91, 183, 365), 0.12)
    curve = DiscountCurve.of(0.12, 12, TimeUnit.DAY)
    assert ahead.factors == pytest.approx(curve.factors)
    # Money that comes in evenly: each horizon is worth its length times the mean worth until then.
    bought, worth = ahead.cumulated(2.0 * ahead.ends)
    days = np.array(ahead.days, dtype=float)
    assert bought == pytest.approx(2 * days)
    assert worth == pytest.approx(2 * days * curve.mean_until(days))


def test_without_a_rate_worth_is_the_number() -> None:
    ahead = Ahead((14, 30, 700))
    path = np.sqrt(ahead.ends)[None, :]
    bought, worth = ahead.cumulated(path)
    assert worth == pytest.approx(bought)
    assert bought[0] == pytest.approx(np.sqrt([14, 30, 700]))


def test_ends_are_months_and_horizons() -> None:
    assert Ahead((45,)).ends == pytest.approx([DAYS_PER_MONTH, 45])
    assert Ahead((45,), 0.5).worth == pytest.approx([1.5 ** (-1 / 12), 1.5 ** (-2 / 12)])


def test_an_outlook_is_asked_by_horizon() -> None:
    outlook = Outlook(*(k + np.arange(6.0).reshape(2, 3) for k in (0, 10, 20)))
    assert [one.tolist() for one in outlook.at(1)] == [[1, 4], [11, 14], [21, 24]]
