"""Attempts from plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cxvalue.lifetime.evidence.attempts import Attempts

__all__ = ["attempts_of"]

Row = tuple[int, int, float, tuple[float, ...]]


def attempts_of(
    rows: Sequence[Row], *, names: tuple[str, ...] = (), chance: float = 0.01, growth: float = 0.0
) -> Attempts:
    """Rows of (origin, days, actual, one forecast a candidate); histories begin on day 0."""
    origin, days = (np.array([row[place] for row in rows], dtype=np.int64) for place in (0, 1))
    made = np.array([row[3] for row in rows], dtype=float)
    same = np.ones(len(rows))
    actual = np.array([row[2] for row in rows], dtype=float)
    named = names or ("bg_nbd", "cells", "last_period")[: made.shape[1]]
    return Attempts(origin, days, origin.astype(float), growth * same, chance * same, actual, made, named)
