"""The four models in 50-digit decimal arithmetic, slowly: references where floating point is at its limits.

Whole purchase counts make every ratio of gamma functions a product; the integral of the Pareto/NBD is taken by the
tanh-sinh rule and the 2F1 of the BG/NBD by its series. None of this is how the product does it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from functools import reduce
from operator import mul

D = Decimal
ONE = D(1)
_PI = D("3.14159265358979323846264338327950288419716939937511")


def _rise(value: D, steps: int) -> D:
    """value (value + 1) ... (value + steps - 1)"""
    return reduce(mul, (value + i for i in range(steps)), ONE)


def _whole_line(log_integrand: Callable[[D], D], low: D, high: D, nodes: int = 600) -> D:
    """ln of the integral of exp(log_integrand) over [low, high], by tanh-sinh."""
    step = D(8) / nodes
    logs = []
    half = (high - low) / 2
    for k in range(-nodes // 2, nodes // 2 + 1):
        t = step * k
        up, down = t.exp(), (-t).exp()
        grow = (_PI * abs(up - down) / 2).exp()
        share = ONE / (1 + grow)  # distance from the nearer end, over the whole length
        place = low + 2 * half * share if t < 0 else high - 2 * half * share
        weight = _PI * (up + down) * grow / (1 + grow) ** 2
        if place <= low or place >= high:
            continue
        logs.append(log_integrand(place) + weight.ln())
    top = max(logs)
    total = sum(((value - top).exp() for value in logs), D(0))
    return top + (total * step * half).ln()


def pareto(params: tuple[float, ...], x: int, recency: float, age: float) -> tuple[float, float]:
    """Log-likelihood and P(alive) of one customer of the Pareto/NBD."""
    with localcontext() as context:
        context.prec = 50
        r, alpha, s, beta, start, end = (D(v) for v in (*params, recency, age))
        head = _rise(r, x).ln() + r * alpha.ln() + s * beta.ln()
        alive = -(r + x) * (alpha + end).ln() - s * (beta + end).ln()
        if end == start:
            return float(head + alive), 1.0
        c = min(alpha, beta)

        def log_integrand(u: D) -> D:
            t = u.exp() - c
            return s.ln() - (r + x) * (alpha + t).ln() - (s + 1) * (beta + t).ln() + u

        # Beyond 130 e-folds of the steepest fall nothing is left in 50 digits; the fall only steepens.
        low, high = (c + start).ln(), (c + end).ln()
        fall = (r + x) * (c + start) / (alpha + start) + (s + 1) * (c + start) / (beta + start) - 1
        if fall > 0:
            high = min(high, low + D(130) / fall)
        dead = _whole_line(log_integrand, low, high)
        whole = alive + (1 + (dead - alive).exp()).ln()
        return float(head + whole), float((alive - whole).exp())


def bg(params: tuple[float, ...], x: int, recency: float, age: float, first: int) -> tuple[float, float]:
    """Log-likelihood and P(alive) of one customer of the BG/NBD (`first` 0) or MBG/NBD (`first` 1)."""
    with localcontext() as context:
        context.prec = 50
        r, alpha, a, b, start, end = (D(v) for v in (*params, recency, age))
        tosses = x + first
        head = _rise(r, x).ln() + r * alpha.ln()
        stays = _rise(b, tosses) / _rise(a + b, tosses)
        alive = stays.ln() - (r + x) * (alpha + end).ln()
        if not tosses:
            return float(head + alive), 1.0
        goes = a * _rise(b, tosses - 1) / _rise(a + b, tosses)
        dead = goes.ln() - (r + x) * (alpha + start).ln()
        whole = alive + (1 + (dead - alive).exp()).ln()
        return float(head + whole), float((alive - whole).exp())


def bg_expected(r: float, alpha: float, a: float, b: float, t: float) -> float:
    """Purchases of a BG/NBD customer within t: equation (9) of Fader, Hardie and Lee (2005), its 2F1 summed.

    At a = 1, where that is 0 / 0, it is taken 1e-20 beside it, which 60 digits can bear.
    """
    with localcontext() as context:
        context.prec = 60
        r_, alpha_, a_, b_, t_ = (D(v) for v in (r, alpha, a, b, t))
        if a_ == 1:
            a_ += D("1e-20")
        c, z = a_ + b_ - 1, t_ / (alpha_ + t_)
        term = total = ONE
        n = 0
        while term > total * D("1e-45"):
            term *= (r_ + n) * (b_ + n) / (c + n) / (n + 1) * z
            total += term
            n += 1
        return float(c / (a_ - 1) * (1 - (r_ * (1 - z).ln()).exp() * total))
