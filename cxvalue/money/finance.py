"""Money in time: discounting by month, NPV, IRR, payback and peak exposure.

A flow at the end of month m is worth (1 + annual rate)^(-m / 12) today; month 0 is not discounted. The rate is effective
and annual, flows are nominal and before tax. Every function takes flows by month from month 0 on, in the last axis.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from cxvalue.foundation.arrays import Floats, Ints


def discount_factors(months: int, annual_rate: float) -> Floats:
    """Worth today of a unit at the end of months 0, 1, …, `months`.

    >>> discount_factors(12, 0.1)[[0, 12]].round(6).tolist()
    [1.0, 0.909091]
    """
    worth: Floats = np.exp(-np.log1p(annual_rate) * np.arange(months + 1) / 12)
    return worth


def npv(flows: ArrayLike, annual_rate: float) -> Floats:
    """Net present value of monthly flows.

    >>> float(npv([-100, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 121], 0.10).round(9))
    10.0
    """
    values = np.asarray(flows, dtype=float)
    worth: Floats = values @ discount_factors(values.shape[-1] - 1, annual_rate)
    return worth


def irr(flows: ArrayLike) -> float | None:
    """Annual rate at which the flows are worth nothing; None unless money goes out first and then comes in, once.

    With several sign changes there are several such rates, and none of them means anything; of money that comes in first
    and goes out later, the rate is what it costs and not what it earns.
    """
    values = np.asarray(flows, dtype=float)
    signs = np.sign(values[values != 0])
    if (signs[1:] != signs[:-1]).sum() != 1 or signs[0] > 0:
        return None

    def worth(log_rate: float) -> float:
        return float(values @ np.exp(-log_rate * np.arange(values.size) / 12))

    low, high = -5.0, 25.0  # log(1 + rate): from losing 99% a year upwards
    if worth(low) * worth(high) > 0:
        return None
    return float(np.expm1(brentq(worth, low, high, xtol=1e-14)))


def irr_of_many(flows: ArrayLike) -> Floats:
    """Annual rates of return of the rows of flows by bisection; −1 where nothing comes in, inf where nothing goes out.

    Beside the rows that `irr` answers, those whose sum to date turns from out to in just once: they have one positive rate
    (Norstrom 1972), though a month in between may be a loss. nan for all others. Rates beyond e^25 count as infinite.

    >>> irr_of_many([[-100.0, *[0.0] * 11, 110.0], [-1.0] * 13, [-1.0, 3.0, -3.0, *[0.0] * 10]]).round(9).tolist()
    [0.1, -1.0, nan]
    """
    values = np.atleast_2d(np.asarray(flows, dtype=float))
    first, turns, last = _turns(values)
    _, later, end = _turns(np.cumsum(values, axis=1))
    once, pays = turns == 1, (later == 1) & (end > 0)
    rate = np.where(turns > 0, np.nan, np.where(last < 0, -1.0, np.inf))
    solved = (first < 0) & (once | pays)
    own, months = values[solved], np.arange(values.shape[1]) / 12
    low, high = np.where(once[solved], -5.0, 0.0), np.full(len(own), 25.0)
    for _ in range(40):
        middle = (low + high) / 2
        worthy = np.einsum("ij,ij->i", own, np.exp(-middle[:, None] * months)) > 0
        low, high = np.where(worthy, middle, low), np.where(worthy, high, middle)
    rate[solved] = np.where(high > 24.9, np.inf, np.expm1((low + high) / 2))
    return rate


def _turns(values: Floats) -> tuple[Floats, Ints, Floats]:
    """First sign of each row, how often its sign changes, and the last one; zeros are passed over."""
    signs = np.sign(values)
    place = np.maximum.accumulate(np.where(signs != 0, np.arange(signs.shape[1]), -1), axis=1)
    kept = np.where(place >= 0, np.take_along_axis(signs, np.maximum(place, 0), axis=1), 0.0)
    first = np.take_along_axis(signs, np.argmax(signs != 0, axis=1)[:, None], axis=1)[:, 0]
    return first, (kept[:, 1:] * kept[:, :-1] < 0).sum(axis=1), kept[:, -1]


def payback_months(flows: ArrayLike, annual_rate: float = 0.0) -> Floats:
    """First month after which the discounted flows never sum to less than 0 again; nan when that never comes.

    Whole months: the flow of a month is there at its end. Works on many rows of flows at once.

    >>> payback_months([-100, 60, 60]).item()
    2.0
    """
    values = np.asarray(flows, dtype=float)
    total = np.cumsum(values * discount_factors(values.shape[-1] - 1, annual_rate), axis=-1)
    short = total < -1e-9 * np.maximum(np.abs(values).max(axis=-1, keepdims=True), 1e-300)
    last_short = np.where(short.any(axis=-1), values.shape[-1] - 1 - np.argmax(short[..., ::-1], axis=-1), -1)
    return np.where(last_short == values.shape[-1] - 1, np.nan, last_short + 1.0)


def peak_exposure(flows: ArrayLike) -> Floats:
    """The most money that is out at any time, undiscounted, as a number of 0 or more.

    >>> peak_exposure([-100, -20, 60, 90]).item()
    120.0
    """
    most: Floats = np.maximum(-np.cumsum(np.asarray(flows, dtype=float), axis=-1).min(axis=-1), 0.0)
    return most
