"""What chance leaves in an estimate: an interval with a width, and no probability of exactly 0 or 1."""

from __future__ import annotations

__all__ = ["is_a_point", "written_chance", "written_p"]

NO_WIDTH = 1e-9


def is_a_point(low: float, high: float) -> bool:
    """Whether an interval has no width beside its size: then nothing varied, and it is no estimate.

    >>> is_a_point(0.1 + 0.2, 0.3), is_a_point(0.0, 0.0), is_a_point(0.3, 0.31)
    (True, True, False)
    """
    return high - low <= NO_WIDTH * max(abs(low), abs(high))


def written_chance(probability: float) -> str:
    """A share of simulated outcomes as a percentage: that there was none among them does not make it impossible.

    >>> [written_chance(p) for p in (0.0, 0.034, 1.0)]
    ['less than 0.1%', '3.4%', 'more than 99.9%']
    """
    if probability < 0.001:
        return "less than 0.1%"
    return "more than 99.9%" if probability > 0.999 else f"{probability:.1%}"


def written_p(value: float) -> str:
    """A p-value for a sentence, with its sign.

    >>> [written_p(p) for p in (0.2, 0.034, 0.0042, 0.0001, 0.0, 0.9999)]
    ['p = 0.20', 'p = 0.03', 'p = 0.004', 'p below 0.001', 'p below 0.001', 'p above 0.99']
    """
    if value < 0.001:
        return "p below 0.001"
    if value > 0.99:
        return "p above 0.99"
    return f"p = {value:.2f}" if value >= 0.01 else f"p = {value:.3f}"
