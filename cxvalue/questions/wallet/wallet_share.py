"""For what share we are the main store, what share of the wallet we have, and what goes with being the main one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cxvalue.foundation.arrays import Bools, Floats
from cxvalue.foundation.intervals import Interval, share_of_error
from cxvalue.questions.experience.dummies import codes_of, slopes_clustered
from cxvalue.questions.wallet.wallet_answers import FEWEST, WalletRows

SEVERAL_USE = 0.4


@dataclass(frozen=True, slots=True)
class Wallet:
    """Figures of the wallet; None where too few answered the question.

    `as_asked` is the share among those asked at the till (of all where nobody was), without undoing that it meets frequent
    customers more often, `for_silent` how many answers are weighted for those like them who did not answer, `too_early` how
    many told what they spend before a year of purchases had been observed: nothing can be held against it.
    """

    main_store: Interval | None
    as_asked: float
    asked: int
    at_till: int
    share: Interval | None
    capped: int
    rule: Interval | None
    main_margin: Interval | None
    room: Interval | None
    told: int
    for_silent: int = 0
    too_early: int = 0


def weighted_share(hit: Floats, weight: Floats, level: float = 0.95) -> Interval:
    """A weighted share with Wilson's interval on the effective number of answers.

    That number is p (1 − p) / variance of the weighted share, linearised: where those who say yes weigh less, Kish's number
    is too large.

    >>> weighted_share(np.array([1.0, 0.0]), np.array([1.0, 3.0])).value
    0.25
    """
    share = float((weight * hit).sum() / weight.sum())
    variance = float((weight**2 * (hit - share) ** 2).sum() / weight.sum() ** 2)
    kish = float(weight.sum() ** 2 / (weight**2).sum())
    return share_of_error(share, float(np.sqrt(variance)), kish, level)


def ratio_of_sums(above: Floats, below: Floats, level: float = 0.95) -> Interval:
    """Σ above / Σ below, its error linearised; the mean of the ratios is something else.

    >>> own, all_of_it = np.array([120.0, 80, 200, 60, 40, 150]), np.array([200.0, 100, 260, 180, 160, 170])
    >>> round(ratio_of_sums(own, all_of_it).value, 6)
    0.607477
    """
    ratio = float(above.sum() / below.sum())
    left = (above - ratio * below) / below.mean()
    return Interval.of_error(ratio, float(left.std(ddof=1) / np.sqrt(left.size)), level)


def rule_share(rank: Floats, brands: Floats) -> Floats:
    """Share of wallet by the wallet allocation rule: (1 − rank / (n + 1)) × 2 / n (Keiningham and others 2011).

    >>> rule_share(np.array([1.0, 2.0, 3.0, 1.5]), np.full(4, 3.0)).round(6).tolist()
    [0.5, 0.333333, 0.166667, 0.416667]
    """
    return np.asarray((1 - rank / (brands + 1)) * 2 / brands)


def fit_wallet(
    rows: WalletRows,
    margin_rate: float | None,
    *,
    level: float = 0.95,
    answering: Mapping[str, float] | None = None,
) -> Wallet:
    """All figures; `margin_rate` is margin by revenue, None where there is no revenue.

    `answering` is 1 / P(answer) by customer, with a mean of 1, where it is known who was asked for their main store: the
    till's weights are times it. Customers without one weigh 1.
    """
    known = np.isfinite(rows.main_store)
    main = (rows.main_store >= 0.5).astype(float)
    weight = np.where(rows.at_till, 1 / np.maximum(rows.visits, 1.0), 1.0)
    given = answering or {}
    weight = weight * np.array([given.get(str(name), 1.0) for name in rows.ids])
    # Where only some were asked at the till, both groups stand for themselves: their weights add up to their numbers.
    for group in (rows.at_till & known, ~rows.at_till & known):
        if group.any():
            weight[group] *= group.sum() / weight[group].sum()
    asked_spend = np.isfinite(rows.category_spend) & (rows.category_spend > 0)
    told = asked_spend & rows.preceded
    yearly = 12 * np.where(told, rows.category_spend, 0.0)
    own = np.minimum(rows.before_revenue, yearly)
    share = room = rule = None
    if told.sum() >= FEWEST:
        share = ratio_of_sums(own[told], yearly[told], level)
        share = Interval(share.value, max(share.low, 0.0), min(share.high, 1.0))
        if margin_rate is not None:
            left = (yearly - own)[told] * margin_rate
            room = Interval.of_error(float(left.sum()), float(left.std(ddof=1) * np.sqrt(left.size)), level)
    ranked = np.isfinite(rows.rank) & np.isfinite(rows.brands_used) & (rows.brands_used >= 1)
    ranked &= rows.rank <= np.where(np.isfinite(rows.brands_used), rows.brands_used, 0)
    if ranked.sum() >= FEWEST and (rows.brands_used[ranked] > 1).mean() >= SEVERAL_USE:
        each = rule_share(rows.rank[ranked], rows.brands_used[ranked])
        rule = Interval.of_error(float(each.mean()), float(each.std(ddof=1) / np.sqrt(each.size)), level)
    return Wallet(
        main_store=weighted_share(main[known], weight[known], level) if known.sum() >= FEWEST else None,
        as_asked=_as_asked(main, known, rows.at_till),
        asked=int(known.sum()),
        at_till=int((known & rows.at_till).sum()),
        share=share,
        capped=int((told & (rows.before_revenue > yearly)).sum()),
        rule=rule,
        main_margin=_main_margin(rows, main, known & rows.followed & rows.preceded, level),
        room=room,
        told=int(told.sum()),
        too_early=int((asked_spend & ~rows.preceded).sum()),
        for_silent=sum(str(name) in given for name in rows.ids[known]),
    )


def _as_asked(main: Floats, known: Bools, at_till: Bools) -> float:
    """The share of main store as it looks at the till; nobody may have been asked elsewhere, or there."""
    told = known & at_till if (known & at_till).any() else known
    return float(main[told].mean()) if told.any() else np.nan


def _main_margin(rows: WalletRows, main: Floats, kept: Bools, level: float) -> Interval | None:
    """Margin of the year after, main store less not, given margin before, tenure and unit."""
    if min((main[kept] == 1).sum(), (main[kept] == 0).sum()) < FEWEST:
        return None
    x = np.column_stack([main, rows.before_margin, rows.tenure])[kept]
    found = slopes_clustered(rows.after_margin[kept], x, rows.unit[kept].astype(np.intp))
    if not found.kept[0]:
        return None
    error = float(np.sqrt(found.covariance(codes_of(rows.ids[kept]))[0, 0]))
    return Interval.of_error(float(found.beta[0]), error, level)
