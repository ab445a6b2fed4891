"""Money in time: discounting by month, NPV, IRR, payback and peak exposure.

A flow at the end of month m is worth (1 + annual rate)^(-m / 12) today; month 0 is not discounted. The rate is effective
and annual, flows are nominal and before tax. Every function takes flows by month from month 0 on, in the last axis.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

__all__ = ["discount_factors", "irr", "npv", "payback_months", "peak_exposure"]

Floats = NDArray[np.float64]


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
    """Annual rate at which the flows are worth nothing; None unless they change sign exactly once.

    With several sign changes there are several such rates, and none of them means anything.
    """
    values = np.asarray(flows, dtype=float)
    signs = np.sign(values[values != 0])
    if (signs[1:] != signs[:-1]).sum() != 1:
        return None

    def worth(log_rate: float) -> float:
        return float(values @ np.exp(-log_rate * np.arange(values.size) / 12))

    low, high = -5.0, 25.0  # log(1 + rate): from losing 99% a year upwards
    if worth(low) * worth(high) > 0:
        return None
    return float(np.expm1(brentq(worth, low, high, xtol=1e-14)))


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
