"""Whom to contact next: what a contact adds, customer by customer, and what a rule to contact would have earned.

Each customer gets a doubly robust score of the contact's effect (Robins and Rotnitzky 1995) from models that never saw that
customer; a ridge regression of the scores on what was known before ranks customers (Kennedy 2023, the DR-learner). What a
ranking is worth is read off the test itself: the mean score of those it picks, so a model that sees effects where there
are none earns nothing by it (Athey and Wager 2021; Chernozhukov, Demirer, Duflo and Fernandez-Val 2018).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats
from scipy.integrate import trapezoid

from cxvalue.effects.estimators.abtest import Estimate, around, difference_in_means
from cxvalue.foundation.arrays import Bools, Floats
from cxvalue.foundation.intervals import interval_ends, reach_of
from cxvalue.foundation.rounding import spread_of

FOLDS, LEARN_FIRST = 6, 2
RIDGE_SHARE = 0.02
MOST_CUSTOMERS = 1_000_000
"""Of more customers so many are drawn: more would rank no better, and take memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Targeting:
    """A ranking of customers by what a contact adds, and what the test says about it.

    Attributes:
        score: doubly robust effect of each customer who is judged, unbiased one by one and very noisy; contact cost off.
        ranking: predicted effect of the same customers from models of others, contact cost taken off.
        slope, slope_p: of the scores on the ranking: 1 when predictions are right, 0 when there is nothing to predict; the
            p-value is one-sided against nothing.
        groups: mean effect of five groups of equal size by ranking, the best first, with their standard errors.
        coefficients, centre, scale: of the final ridge regression, to rank other customers.
        judged: which customers are judged; the first third only taught the models.
    """

    score: Floats
    ranking: Floats
    slope: float
    slope_p: float
    groups: tuple[tuple[float, float], ...]
    coefficients: Floats
    centre: Floats
    scale: Floats
    judged: Bools

    @property
    def differs(self) -> bool:
        """Whether the test shows that a contact adds more for some customers than for others."""
        return self.slope_p < 0.05

    def predict(self, before: Floats) -> Floats:
        """What a contact should add for other customers; everybody gets the mean when the test shows no difference."""
        if not self.differs:
            return np.full(len(before), float(self.score.mean()))
        shrunk = float(np.clip(self.slope, 0.0, 1.0))
        found: Floats = _features((before - self.centre) / self.scale) @ self.coefficients
        return self.score.mean() + shrunk * (found - self.ranking.mean())


def target(outcome: Floats, treated: Bools, before: Floats, cost: float, *, seed: int = 1) -> Targeting:
    """Rank customers by the effect of a contact on an outcome (margin before contact cost), from a randomised test.

    `before` has one column for each thing known before the contact; `cost` is that of one contact. Of more than
    `MOST_CUSTOMERS` customers a random part is judged.
    """
    rng = np.random.default_rng(seed)
    if len(outcome) > MOST_CUSTOMERS:
        some = np.sort(rng.choice(len(outcome), MOST_CUSTOMERS, replace=False))
        found = target(outcome[some], treated[some], before[some], cost, seed=seed)
        judged = np.zeros(len(outcome), dtype=bool)
        judged[some] = found.judged
        return replace(found, judged=judged)
    spread = spread_of(before)
    centre, scale = np.asarray(before.mean(axis=0)), np.where(spread > 0, spread, 1.0)
    x = _features((before - centre) / scale)
    fold = rng.permutation(len(outcome)) % FOLDS
    chance = float(treated.mean())
    score, ranking = np.full(len(outcome), np.nan), np.full(len(outcome), np.nan)
    parts = []
    for k in range(LEARN_FIRST, FOLDS):
        # A customer is ranked and scored by models of earlier folds only. Were later ones used as well, the folds would
        # confirm one another's chance differences.
        known, out = fold < k, fold == k
        models = [_ridge(x[known & side], outcome[known & side]) for side in (treated, ~treated)]
        every = _scores(x, outcome, treated, models, chance) - cost
        score[out] = every[out]
        ranking[out] = x[out] @ _ridge(x[known], every[known])
        parts.append(_slope(score[out], ranking[out]))
    slope, p_value = _together(parts)
    judged = fold >= LEARN_FIRST
    final = [_ridge(x[side], outcome[side]) for side in (treated, ~treated)]
    coefficients = _ridge(x, _scores(x, outcome, treated, final, chance) - cost)
    score, ranking = score[judged], ranking[judged]
    order = np.argsort(-ranking, kind="stable")
    groups = tuple(
        (float(score[part].mean()), float(score[part].std(ddof=1) / np.sqrt(part.size)))
        for part in np.array_split(order, 5)
    )
    return Targeting(score, ranking, slope, p_value, groups, coefficients, centre, scale, judged)


def _features(z: Floats) -> Floats:
    """Intercept, each column, its square (bounded against outliers), and the products."""
    near = np.clip(z, -3.0, 3.0)
    pairs = [near[:, i] * near[:, j] for i in range(z.shape[1]) for j in range(i, z.shape[1])]
    return np.column_stack([np.ones(len(z)), near, *pairs])


def _ridge(x: Floats, y: Floats) -> Floats:
    """Ridge regression whose intercept is not penalised."""
    penalty = RIDGE_SHARE * len(y) * np.eye(x.shape[1])
    penalty[0, 0] = 0.0
    return np.asarray(np.linalg.solve(x.T @ x + penalty, x.T @ y), dtype=np.float64)


def _scores(x: Floats, y: Floats, treated: Bools, models: list[Floats], chance: float) -> Floats:
    """Doubly robust scores: the difference of the two predictions, corrected by what the own one missed."""
    own, others = x @ models[0], x @ models[1]
    left = np.where(treated, (y - own) / chance, -(y - others) / (1 - chance))
    return np.asarray(own - others + left, dtype=np.float64)


def _slope(score: Floats, ranking: Floats) -> tuple[float, float]:
    """Best linear predictor of the scores by the ranking, with a standard error that outliers do not shrink (HC3)."""
    off = ranking - ranking.mean()
    spread = float(off @ off)
    if spread < 1e-12 * max(float(score @ score), 1.0):
        return 0.0, np.inf
    slope = float(off @ score / spread)
    left = (score - score.mean() - slope * off) / (1 - 1 / score.size - off**2 / spread).clip(0.05)
    return slope, float(np.sqrt(((off * left) ** 2).sum())) / spread


def _together(parts: list[tuple[float, float]]) -> tuple[float, float]:
    """Slope of all folds, weighted by how sure each is, and the one-sided p-value against nothing."""
    sure = [(slope, se) for slope, se in parts if np.isfinite(se) and se > 0]
    if not sure:
        return 0.0, 1.0
    weight = np.array([1 / se**2 for _, se in sure])
    slope = float(weight @ [one for one, _ in sure] / weight.sum())
    z = sum(one / se for one, se in sure) / np.sqrt(len(sure))
    return slope, float(stats.norm.sf(z))


def policy_curve(score: Floats, ranking: Floats, level: float = 0.95, points: int = 21) -> pd.DataFrame:
    """What contacting the best so many percent by a ranking earns, for each customer who could be contacted.

    Columns: share, value, low, high (value of the rule per customer of the base), per_contact. Read off the test's scores.
    """
    order = np.argsort(-ranking, kind="stable")
    sorted_ = score[order]
    z = reach_of(level)
    rows = []
    for share in np.linspace(0, 1, points):
        taken = round(share * score.size)
        gain = np.where(np.arange(score.size) < taken, sorted_, 0.0)
        value, se = float(gain.mean()), float(gain.std(ddof=1) / np.sqrt(score.size))
        rows.append((share, value, value - z * se, value + z * se, float(sorted_[:taken].mean()) if taken else np.nan))
    return pd.DataFrame(rows, columns=["share", "value", "low", "high", "per_contact"])


def stays_away(returned: Bools, treated: Bools, before: Floats, *, seed: int = 1) -> Floats:
    """How likely each customer is to stay away without a contact, learnt from held-out customers other than that one."""
    spread = spread_of(before)
    x = _features((before - before.mean(axis=0)) / np.where(spread > 0, spread, 1.0))
    fold = np.random.default_rng(seed).permutation(len(returned)) % FOLDS
    away = np.empty(len(returned))
    for k in range(FOLDS):
        known = (fold != k) & ~treated
        away[fold == k] = 1 - x[fold == k] @ _ridge(x[known], returned[known].astype(float))
    return away


def ranking_gap(score: Floats, ranking: Floats, other: Floats, share: float, level: float = 0.95) -> Estimate:
    """What the first `share` of one ranking earns a customer of the base over the first of another, read off the test."""
    taken = round(share * score.size)
    picked = [np.zeros(score.size) for _ in range(2)]
    for column, order in zip(picked, (ranking, other), strict=True):
        column[np.argsort(-order, kind="stable")[:taken]] = 1.0
    gap = (picked[0] - picked[1]) * score
    return around(float(gap.mean()), float(gap.std(ddof=1) / np.sqrt(score.size)), score.size - 1, level)


def qini_curve(outcome: Floats, treated: Bools, ranking: Floats) -> tuple[Floats, Floats]:
    """Qini curve (Radcliffe 2007): customers taken from the top, and what the treated among them added so far.

    After n customers: outcome of the treated among them − that of the control x (treated / control) among them.
    """
    order = np.argsort(-ranking, kind="stable")
    y, w = outcome[order], treated[order]
    own, others = np.cumsum(w), np.cumsum(~w)
    from_own, from_others = np.cumsum(y * w), np.cumsum(y * ~w)
    with np.errstate(divide="ignore", invalid="ignore"):
        added = from_own - np.where(others > 0, from_others * own / others, 0.0)
    return np.arange(y.size + 1.0), np.concatenate([[0.0], added])


def qini_bands(outcome: Floats, treated: Bools, ranking: Floats, level: float = 0.95, points: int = 21) -> pd.DataFrame:
    """The Qini curve at shares of the ranking, for each contacted customer of the test, with a range at each point.

    Columns: share, added, low, high, at_random. Treated and control among the first so many are two groups (Welch).
    """
    order = np.argsort(-ranking, kind="stable")
    y, w = outcome[order], treated[order]
    every = int(w.sum())
    rows = [(0.0, 0.0, 0.0, 0.0)]
    for share in np.linspace(0, 1, points)[1:]:
        taken = max(round(share * y.size), 1)
        own, others = y[:taken][w[:taken]], y[:taken][~w[:taken]]
        if own.size < 2 or others.size < 2:
            rows.append((share, np.nan, np.nan, np.nan))
            continue
        gain = difference_in_means(own, others, level)
        rows.append((share, *(one * own.size / every for one in gain[:3])))
    table = pd.DataFrame(rows, columns=["share", "added", "low", "high"])
    return table.assign(at_random=table["share"] * float(table["added"].iloc[-1]))


def qini_coefficient(outcome: Floats, treated: Bools, ranking: Floats) -> float:
    """Area between the Qini curve and the straight line of a random order, per customer and as a share of 1.

    >>> y, w = np.array([1.0, 0.0, 0.0, 0.0]), np.array([True, False, True, False])
    >>> qini_coefficient(y, w, np.array([4.0, 3.0, 2.0, 1.0]))  # curve 0, 1, 1, 1, 1 against the line to 1
    0.375
    """
    taken, added = qini_curve(outcome, treated, ranking)
    line = added[-1] * taken / taken[-1]
    return float(trapezoid(added - line, taken) / taken[-1])


def qini_interval(
    outcome: Floats, treated: Bools, ranking: Floats, *, level: float = 0.95, draws: int = 200, seed: int = 1
) -> tuple[float, float, float]:
    """Qini coefficient of a ranking with its interval: customers drawn anew (Poisson weights), the ranking as it is.

    0 is what a random order has; the ranking must come from models that never saw these customers.
    """
    order = np.argsort(-ranking, kind="stable")
    y, w = outcome[order], treated[order]
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(draws if y.size <= 100_000 else draws // 4):
        weight = rng.poisson(1.0, y.size).astype(float)
        own, others, taken = np.cumsum(weight * w), np.cumsum(weight * ~w), np.cumsum(weight)
        gained, lost = np.cumsum(weight * y * w), np.cumsum(weight * y * ~w)
        added = gained - np.divide(lost * own, others, out=np.zeros(y.size), where=others > 0)
        if taken[-1] > 0:
            line = added[-1] * taken / taken[-1]
            found.append(float(trapezoid(added - line, taken) / taken[-1]) * y.size / taken[-1])
    low, high = interval_ends(found, level)
    return qini_coefficient(outcome, treated, ranking), float(low), float(high)
