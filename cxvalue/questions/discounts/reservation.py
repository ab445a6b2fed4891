"""The distribution of reservation discounts, from brackets: families compared by likelihood, and the curve without one.

Each occasion says that the reservation discount lies in (low, high]. A family on the whole real line (below zero: the
customer buys at full price) is fitted by maximum likelihood, its centre shifted by segment. Several families compete,
so that the data choose the shape; Turnbull's (1976) estimate, which assumes none, is drawn beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special
from scipy.optimize import minimize

from cxvalue.foundation.arrays import Floats, Ints
from cxvalue.language.catalogue import translatable

Cdf = Callable[[Floats, Floats], Floats]

SMALLEST = 1e-12
LOG_SCALES, STEP, MOST_STEPS = (-12.0, 6.0), 1e-5, 60
PULL = 0.25
"""Log-likelihood that a shape loses one unit away from its start (squared); holds shapes that brackets do not inform."""


def _normal(z: Floats, shape: Floats) -> Floats:
    return np.asarray(special.ndtr(z), dtype=float)


def _logistic(z: Floats, shape: Floats) -> Floats:
    return np.asarray(special.expit(z), dtype=float)


def _gumbel_max(z: Floats, shape: Floats) -> Floats:
    return np.exp(-np.exp(np.clip(-z, -700, 700)))


def _gumbel_min(z: Floats, shape: Floats) -> Floats:
    return -np.expm1(-np.exp(np.clip(z, -700, 700)))


def _t4(z: Floats, shape: Floats) -> Floats:
    return np.asarray(special.stdtr(4, z), dtype=float)


def _two_piece(z: Floats, shape: Floats) -> Floats:
    """Normal with one width below the centre and another above (Fechner 1897)."""
    return _two_widths(z, float(shape[0]), lambda away: special.erf(away / np.sqrt(2)))


def _two_widths(z: Floats, skew: float, within: Callable[[Floats], Floats]) -> Floats:
    """A symmetric distribution with one width below the centre and another above, exp(skew) apart (Fechner 1897).

    `within` is its share no further away from the centre than so much.
    """
    left, right = np.exp(-skew / 2), np.exp(skew / 2)
    below = z < 0
    part = within(np.abs(z / np.where(below, left, right)))
    return np.asarray((left + np.where(below, -left, right) * part) / (left + right), dtype=float)


def _power(skew: float) -> Cdf:
    """Exponential power distribution (Subbotin 1923), from two-sided exponential over normal to nearly uniform."""

    def cdf(z: Floats, shape: Floats) -> Floats:
        power = 1 + np.exp(np.clip(shape[0], -30.0, 4.0))
        return _two_widths(z, skew, lambda away: special.gammainc(1 / power, away**power))

    return cdf


def _mixture(z: Floats, shape: Floats) -> Floats:
    """Two normals: a share near full price, the rest a distance away and of another width."""
    share, away, width = special.expit(shape[0]), np.exp(np.clip(shape[1], -5, 3)), np.exp(np.clip(shape[2], -1.5, 1.5))
    return np.asarray(share * special.ndtr(z) + (1 - share) * special.ndtr((z - away) / width), dtype=float)


def _with_fixed(within: Cdf) -> Cdf:
    """A share buys at whatever price and another at none; the rest are distributed as `within`."""

    def cdf(z: Floats, shape: Floats) -> Floats:
        always, never = np.exp(np.clip(shape, -30.0, 30.0))
        return np.asarray((always + within(z, shape)) / (1 + always + never), dtype=float)

    return cdf


FIXED = (-1.0, -1.0)
"""Where the shares that always and never buy start: the log of each over the share of the rest."""
FAMILIES: dict[str, tuple[Cdf, tuple[float, ...]]] = {
    translatable("normal"): (_normal, ()),
    translatable("logistic"): (_logistic, ()),
    translatable("heavy-tailed (t, 4 df)"): (_t4, ()),
    translatable("skewed up (Gumbel)"): (_gumbel_max, ()),
    translatable("skewed down (Gumbel)"): (_gumbel_min, ()),
    translatable("two-piece normal"): (_two_piece, (0.0,)),
    translatable("flat-topped or peaked"): (_power(0.0), (0.0,)),
    translatable("flat-topped or peaked, steep below"): (_power(1.5), (0.0,)),
    translatable("flat-topped or peaked, steeper below"): (_power(0.75), (0.0,)),
    translatable("flat-topped or peaked, steeper above"): (_power(-0.75), (0.0,)),
    translatable("normal, some always or never"): (_with_fixed(_normal), FIXED),
    translatable("skewed up, some always or never"): (_with_fixed(_gumbel_max), FIXED),
    translatable("skewed down, some always or never"): (_with_fixed(_gumbel_min), FIXED),
    translatable("log-normal, some always or never"): (_with_fixed(_normal), FIXED),
    translatable("Weibull, some always or never"): (_with_fixed(_gumbel_min), FIXED),
    translatable("mixture of two normals"): (_mixture, (0.5, 0.3, 0.0)),
}
"""Each family's distribution function of (z, shape) and where its shape parameters start."""
OF_LOGARITHMS = frozenset({"log-normal, some always or never", "Weibull, some always or never"})
"""Families of the depth's logarithm: who does not always buy needs more than nothing, most of them a little."""
MIXTURE, APART = "mixture of two normals", ", apart"
TWO_APART = translatable("mixture of two normals, apart")


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A family fitted to brackets: centre of each segment, scale, shape; log-likelihood and number of parameters."""

    family: str
    centre: Floats
    scale: float
    shape: Floats
    log_likelihood: float
    parameters: int

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return 2 * self.parameters - 2 * self.log_likelihood

    def below(self, depth: Floats, segment: Ints) -> Floats:
        """P(reservation discount ≤ depth), elementwise; −inf and inf are allowed."""
        family = self.family.removesuffix(APART)
        cdf = FAMILIES[family][0]
        with np.errstate(invalid="ignore", over="ignore"):
            z = np.where(np.isfinite(depth), (_measured(family, depth) - self.centre[segment]) / self.scale, 0.0)
            inside = cdf(z, self.shape)
        return np.where(np.isposinf(depth), 1.0, np.where(np.isneginf(depth), 0.0, inside))


def _measured(family: str, depth: Floats) -> Floats:
    """Depths on the scale of a family: their logarithms where it is one of those."""
    return np.log(np.maximum(depth, SMALLEST)) if family in OF_LOGARITHMS else depth


def fit_family(
    family: str, low: Floats, high: Floats, segment: Ints, count: Floats, start: Fitted | None = None
) -> Fitted:
    """Fit one family to counts of brackets by maximum likelihood (scoring from one start, or from `start`)."""
    shape0 = FAMILIES[family][1]
    segments = int(segment.max()) + 1
    if start is None:
        middle = np.clip(np.where(np.isfinite(low), low, high - 0.1), -0.5, 1) / 2
        middle = middle + np.clip(np.where(np.isfinite(high), high, low + 0.1), -0.5, 1) / 2
        weight = np.maximum(count, 1e-9)
        centres = [float(np.average(middle[segment == k], weights=weight[segment == k])) for k in range(segments)]
        if family in OF_LOGARITHMS:
            centres = np.log(np.maximum(centres, 0.05)).tolist()
        theta = np.array([*centres, np.log(0.5 if family in OF_LOGARITHMS else 0.1), *shape0])
    else:
        theta = np.concatenate([start.centre, [np.log(start.scale)], start.shape])

    log_share = _log_shares(family, low, high, segment)
    best = _by_scoring(log_share, count, theta, segments + 1, np.array(shape0))
    value = float(count @ log_share(best))
    return Fitted(family, best[:segments], _scale(best[segments]), best[segments + 1 :], value, best.size)


def _scale(logarithm: float) -> float:
    return float(np.exp(np.clip(logarithm, *LOG_SCALES)))


def _log_shares(family: str, low: Floats, high: Floats, segment: Ints) -> Callable[[Floats], Floats]:
    """The log of the share that parameters (centres, log of the scale, shape) put into each bracket, as a function."""
    # Brackets meet at their ends, so each end of a segment is evaluated once.
    segments = int(segment.max()) + 1
    finite = np.concatenate([np.isfinite(low), np.isfinite(high)])
    pairs = np.column_stack([np.tile(segment, 2), np.concatenate([low, high])])
    ends, which = np.unique(pairs[finite], axis=0, return_inverse=True)
    cdf, of, depth = FAMILIES[family][0], ends[:, 0].astype(np.int64), _measured(family, ends[:, 1])
    place = np.where(np.concatenate([low, high]) > 0, depth.size + 1, 0)  # 0: nobody, the last: everybody
    place[finite] = which.reshape(-1) + 1
    left, right = place[: low.size], place[low.size :]
    share = np.concatenate([[0.0], np.zeros(depth.size), [1.0]])

    def log_share(at: Floats) -> Floats:
        with np.errstate(over="ignore"):
            share[1:-1] = cdf((depth - at[of]) / _scale(at[segments]), at[segments + 1 :])
        return np.asarray(np.log(np.maximum(share[right] - share[left], SMALLEST)), dtype=np.float64)

    return log_share


def _slopes(log_share: Callable[[Floats], Floats], at: Floats) -> Floats:
    """Central differences of the log-shares (rows: brackets) by each parameter."""
    steps = STEP * np.eye(at.size)
    return np.column_stack([(log_share(at + step) - log_share(at - step)) / (2 * STEP) for step in steps])


def _by_scoring(
    log_share: Callable[[Floats], Floats], count: Floats, theta: Floats, first_shape: int, shape0: Floats
) -> Floats:
    """Maximise count @ log_share(theta) less the pull on the shape: Newton steps with the outer product of the scores.

    Steps are damped (Levenberg and Marquardt) until they gain; what is left then goes to BFGS.
    """
    pull = np.zeros(theta.size)
    pull[first_shape:] = 2 * PULL
    home = np.concatenate([np.zeros(first_shape), shape0])

    def objective(at: Floats) -> float:
        return float(count @ log_share(at)) - float(pull @ (at - home) ** 2) / 2

    value, damping = objective(theta), 1e-3
    for _ in range(MOST_STEPS):
        score = _slopes(log_share, theta)
        gradient = count @ score - pull * (theta - home)
        information = score.T @ (count[:, None] * score) + np.diag(pull + 1e-9 * count.sum())
        while damping < 1e10:
            step = np.linalg.solve(information + damping * np.diag(np.diag(information)), gradient)
            moved = theta + np.clip(step, -1.0, 1.0)
            gained = objective(moved) - value
            if gained >= 0:
                break
            damping *= 10
        else:
            break
        theta, value, damping = moved, value + gained, max(damping / 10, 1e-9)
        if gained < 1e-5:
            return theta
    total = max(float(count.sum()), 1.0)
    best = minimize(lambda at: -objective(at) / total, theta, method="BFGS", options={"gtol": 1e-6, "maxiter": 400})
    return np.asarray(best.x, dtype=np.float64) if -best.fun * total > value else theta


def refit(fitted: Fitted, low: Floats, high: Floats, segment: Ints, count: Floats) -> Refit:
    """Prepare fits to other counts of the same brackets by one Newton step from a fit to these counts."""
    segments = fitted.centre.size
    theta = np.concatenate([fitted.centre, [np.log(fitted.scale)], fitted.shape])
    score = _slopes(_log_shares(fitted.family.removesuffix(APART), low, high, segment), theta)
    information = score.T @ (count[:, None] * score)
    # With the fit's pull on its shape a direction without information has an inverse.
    information += np.diag([1e-6 * count.sum()] * (segments + 1) + [2 * PULL] * fitted.shape.size)
    inverse = np.asarray(np.linalg.inv(information), dtype=np.float64)
    return Refit(fitted, theta, score, inverse, count)


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """A fit with its scores, from which fits to other counts follow in one step."""

    fitted: Fitted
    theta: Floats
    score: Floats
    inverse: Floats
    count: Floats

    def to(self, count: Floats) -> Fitted:
        """The fit to other counts of the same brackets."""
        step = self.inverse @ (self.score.T @ (count - self.count))
        moved = self.theta + np.clip(step, -1.0, 1.0)
        segments = self.fitted.centre.size
        return Fitted(
            self.fitted.family,
            moved[:segments],
            float(np.exp(moved[segments])),
            moved[segments + 1 :],
            self.fitted.log_likelihood,
            self.fitted.parameters,
        )


def fit_families(low: Floats, high: Floats, segment: Ints, count: Floats) -> tuple[Fitted, ...]:
    """Fit every family; those with more parameters than the brackets can tell apart are left out."""
    informative = len({(s, a, b) for s, a, b in zip(segment.tolist(), low.tolist(), high.tolist(), strict=True)})
    free = informative - len(np.unique(segment))
    fits = [
        fit_family(family, low, high, segment, count)
        for family, (_, shape) in FAMILIES.items()
        if int(segment.max()) + 2 + len(shape) <= max(free, int(segment.max()) + 2)
    ]
    if fits[-1].family == MIXTURE:
        fits += _second_fit(fits[-1], low, high, segment, count)
    return tuple(fits)


def _second_fit(first: Fitted, low: Floats, high: Floats, segment: Ints, count: Floats) -> list[Fitted]:
    """Another mixture that the data like about as well: two groups apart, where the first found one within the other.

    Both are maxima of the likelihood; they may differ widely where nothing was offered, and each then counts.
    """
    apart = Fitted(MIXTURE, first.centre - first.scale / 2, 0.04, np.array([-0.2, 1.5, 0.0]), 0.0, first.parameters)
    other = fit_family(MIXTURE, low, high, segment, count, start=apart)
    shown = np.linspace(0.0, 0.4, 9)
    gaps = [
        np.abs(other.below(shown, np.full(9, k)) - first.below(shown, np.full(9, k))).max()
        for k in range(first.centre.size)
    ]
    different = max(gaps) > 0.01 and other.log_likelihood > first.log_likelihood - 5
    return [replace(other, family=TWO_APART)] if different else []


def goodness_of_fit(fitted: Fitted, low: Floats, high: Floats, segment: Ints, count: Floats) -> tuple[float, int]:
    """Likelihood ratio of the curve without a shape to the fitted one, and its degrees of freedom (0: nothing to test).

    The curve without a shape is Turnbull's, one a segment; where brackets divide the line, as one ladder's do, it is the
    shares themselves. Several ladders, and customers who leave before the last rung, make brackets that overlap.
    """
    found, free = 0.0, 0
    for number in np.unique(segment):
        own = (segment == number) & (count > 0)
        if not own.any():
            continue
        at, share = turnbull(low[own], high[own], count[own], tolerance=1e-8)
        steps = np.concatenate([[0.0], share, [1.0]])
        first = np.searchsorted(at, low[own], side="right")  # the share up to and with the bracket's lower end
        last = np.where(np.isposinf(high[own]), steps.size - 1, np.searchsorted(at, high[own], side="right"))
        loose = steps[last] - np.where(np.isneginf(low[own]), 0.0, steps[first])
        tight = fitted.below(high[own], segment[own]) - fitted.below(low[own], segment[own])
        found += 2 * float(count[own] @ np.log(np.maximum(loose, SMALLEST) / np.maximum(tight, SMALLEST)))
        free += int((np.diff(steps) > 1e-6).sum()) - 1
    return max(found, 0.0), max(free - fitted.parameters, 0)


def weights_of(fits: tuple[Fitted, ...], spread: float = 1.0) -> Floats:
    """Akaike weights; `spread` above 1 is the overdispersion by which the likelihoods are taken less at their word."""
    aic = np.array([2 * fit.parameters - 2 * fit.log_likelihood / max(spread, 1.0) for fit in fits])
    weight = np.exp(-(aic - aic.min()) / 2)
    result: Floats = weight / weight.sum()
    return result


def turnbull(low: Floats, high: Floats, count: Floats, tolerance: float = 1e-10) -> tuple[Floats, Floats]:
    """Turnbull's (1976) estimate of the distribution from brackets: depths, and the share at or below each of them.

    Self-consistent (EM) masses on the innermost intervals; the share is known at the depths that were offered only.

    >>> at, share = turnbull(np.array([-np.inf, 0.1]), np.array([0.1, np.inf]), np.array([3.0, 1.0]))
    >>> at.tolist(), share.tolist()
    ([0.1], [0.75])
    """
    ends = np.unique(np.concatenate([low[np.isfinite(low)], high[np.isfinite(high)]]))
    left, right = np.concatenate([[-np.inf], ends]), np.concatenate([ends, [np.inf]])
    holds = (left[None, :] >= low[:, None]) & (right[None, :] <= high[:, None])
    mass = np.full(left.size, 1 / left.size)
    for _ in range(20_000):
        inside = holds * mass
        sums = inside.sum(axis=1, keepdims=True)
        new = (count[:, None] * inside / np.maximum(sums, 1e-300)).sum(axis=0) / count.sum()
        if np.abs(new - mass).max() < tolerance:
            mass = new
            break
        mass = new
    return ends, np.cumsum(mass)[:-1]
