"""How chances are written: nothing that was estimated has a probability of exactly 0 or 1."""

from __future__ import annotations

__all__ = ["written_p"]


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
