"""The customers on whom models are compared: all, or a fixed sample of a large base."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cxvalue.tables.states import PurchaseStates

LARGEST_WHOLE, SAMPLE = 200_000, 100_000
"""Customers up to whom everybody is taken, and how many are taken of more."""


def sample_of(states: PurchaseStates, *, whole: bool = False) -> tuple[PurchaseStates, NDArray[np.intp] | slice]:
    """The states on which models are compared, and which of all they are; up to `LARGEST_WHOLE` customers the same states.

    Of more customers `SAMPLE` are taken at equal steps in order of first purchase, frequency and recency: of every day and
    frequency its share, so that fits differ from those of everybody by far less than their standard errors say. The same
    each time. What a model says of the sample counts as the evidence of so many customers and no more.

    Args:
        states: one a customer, whose sums over all customers stay as they are.
        whole: take everybody all the same, as where covariates are compared: a model must have seen every combination of
            levels that it is asked about.

    Returns:
        The states of the sample in the order that they had, and their places, with which columns beside them are taken.

    >>> from cxvalue.tables.states import PurchaseStates
    >>> from datetime import date
    >>> age = np.arange(400_000) // 200
    >>> states = PurchaseStates(age * 0, age * 0, age, np.ones_like(age), "week", date(2026, 1, 1))
    >>> few, which = sample_of(states)
    >>> len(few), np.bincount(few.age_days).tolist() == [50] * 2000
    (100000, True)
    """
    size = len(states)
    if whole or size <= LARGEST_WHOLE:
        return states, slice(None)
    columns: tuple[NDArray[Any], ...] = (states.age_days.max() - states.age_days, states.frequency, states.recency_days)
    key = np.zeros(size, dtype=np.int64)
    for column in columns:
        key = key * (int(column.max()) + 1) + column
    steps = (np.arange(SAMPLE) * 2 + 1) * size // (2 * SAMPLE)
    which = np.sort(np.argsort(key, kind="stable")[steps])
    return states.take(which), which
