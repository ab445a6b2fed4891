"""What chance leaves in an estimate: an interval with a width."""

from __future__ import annotations

NO_WIDTH = 1e-9


def is_a_point(low: float, high: float) -> bool:
    """Whether an interval has no width beside its size: then nothing varied, and it is no estimate.

    >>> is_a_point(0.1 + 0.2, 0.3), is_a_point(0.0, 0.0), is_a_point(0.3, 0.31)
    (True, True, False)
    """
    return high - low <= NO_WIDTH * max(abs(low), abs(high))
