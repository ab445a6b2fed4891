"""What a campaign did when nobody was held out: against similar customers who were not contacted, if there are any."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cxvalue.effects.effect import Check, grade_of, holm
from cxvalue.effects.estimators.abtest import Estimate, around, size_of
from cxvalue.effects.estimators.doubly_robust import cross_fitted_att, cross_fitted_odds
from cxvalue.foundation.arrays import Bools, Floats, Ints
from cxvalue.foundation.rounding import settled, spread_of
from cxvalue.language.catalogue import translatable, translate
from cxvalue.questions.campaigns.campaign import CampaignData
from cxvalue.questions.campaigns.compare import Comparison
from cxvalue.questions.campaigns.contacts_apart import contacts_apart, contacts_check
from cxvalue.questions.campaigns.open_windows import too_early
from cxvalue.questions.campaigns.randomised import CampaignResult, check_uplift, nothing_happened, shared_fields

HIGHEST_ODDS = 20.0
LEAST_ALIKE = 0.5
"""Share of the contacted who must have somebody to be compared with, below which nothing is said."""
UNBALANCED = 0.10
FAR_APART = 0.5
"""Standardised difference after weighting above which nothing is said."""
FEWEST_COMPARED = 30
FOLDS = 5


def matched_campaign_result(
    data: CampaignData, *, level: float = 0.95, dormancy_days: int | None = None
) -> CampaignResult:
    """Compare the contacted with similar customers who were not (doubly robust); evidence grade C at the best.

    Where most of the contacted are unlike everybody else, the others were contacted by another campaign
    instead, or windows are still open, the estimates are None and the note says so.
    """
    window = data.main
    seen = window.observed
    elsewhere: Check | None = None
    withheld = too_early(data) or nothing_happened(data)

    def result(note: str, found: dict[str, Estimate | None], checks: tuple[Check, ...]) -> CampaignResult:
        fields = shared_fields(data, own, others, found, dormancy_days, withheld)
        uplift = found.get("return_uplift")
        return CampaignResult(
            **fields,
            left_out=int((~seen & ~data.control).sum()),
            would_return=fields["returned"] - uplift.value if uplift else float("nan"),
            cost_per_contact=float(data.cost[~data.control].mean()),
            checks=checks,
            grade=grade_of("C", checks),
            randomised=False,
            note=note,
            elsewhere=elsewhere.detail if elsewhere and not note else "",
        )

    if too_early(data):
        own, others = seen & ~data.control, seen & data.control
        return result(withheld, {}, ())
    x, odds, own, others, alike, folds = _compared(data)
    lost = 1 - float(alike[~data.control & seen].mean())
    if withheld:
        return result(withheld, {}, (_overlap_check(lost),))

    if own.sum() < FEWEST_COMPARED or others.sum() < FEWEST_COMPARED or lost > LEAST_ALIKE:
        note = translate(
            "{unlike:.0%} of the contacted customers are unlike anybody who was not contacted, so a fair "
            "comparison is not possible. Next time leave out a random 10%.",
            unlike=lost,
        )
        return result(note, {}, (_overlap_check(lost),))
    balance = _balance_check(x, odds, own, others)
    gap = _largest_gap(x, odds, own, others)
    if gap > FAR_APART:
        note = translate(
            "The contacted customers had bought very differently before, so a fair comparison with the "
            "others is not possible. Next time leave out a random 10%."
        )
        return result(note, {}, (_overlap_check(lost), balance))
    reached = contacts_apart(data, own, others, window.days, odds[others])
    if reached:
        elsewhere = contacts_check(reached, window.days, gating=reached.gap < 0)
        if reached.instead:
            return result(elsewhere.detail, {}, (_overlap_check(lost), balance, elsewhere))
    # Which of the others would have returned like the contacted is not known, so their checks are not compared.
    likely = check_uplift(window, Comparison(data, own, others & _likely(odds, own), level))
    estimates = {**_estimates(data, x, odds, own | others, folds, level), "check_uplift": likely}
    checks = [_overlap_check(lost), balance, _weights_check(odds, others), *([elsewhere] if elsewhere else [])]
    return result("", estimates, holm(checks))


def _estimates(
    data: CampaignData, x: Floats, odds: Floats, compared: Bools, folds: Ints, level: float
) -> dict[str, Estimate | None]:
    """What a contact changed, doubly robust; None where the error is rounding alone."""
    window, rows = data.main, np.flatnonzero(compared)
    estimates: dict[str, Estimate | None] = {}
    for name, values in (
        ("return_uplift", window.returned.astype(float)),
        ("revenue_per_contact", window.revenue),
        ("margin_per_contact", window.margin - data.cost),
    ):
        effect, influence = cross_fitted_att(x[rows], values[rows], ~data.control[rows], odds[rows], folds[rows])
        se = float(np.sqrt((influence**2).sum()))
        estimates[name] = around(effect, se, np.inf, level) if settled(se, size_of(values[rows])) else None
    return estimates


def _compared(data: CampaignData) -> tuple[Floats, Floats, Bools, Bools, Bools, Ints]:
    """Covariates, odds of a contact, who is compared with whom, who has somebody alike, and the fold of each."""
    x = _described(data)
    folds = np.random.default_rng(1).permutation(len(x)) % FOLDS
    odds = cross_fitted_odds(x, ~data.control, folds)
    alike = odds <= HIGHEST_ODDS
    seen = data.main.observed
    return x, odds, seen & ~data.control & alike, seen & data.control, alike, folds


def balance_table(data: CampaignData) -> pd.DataFrame:
    """Means of what was known before: contacted, others as they are, others as weighted, and standardised differences.

    Columns: what, contacted, others, others_weighted, difference_before, difference_after (in standard deviations).
    """
    _, odds, own, others, _, _ = _compared(data)
    if not own.any() or not others.any():
        return pd.DataFrame()
    weight = odds[others] / odds[others].sum()
    rows = []
    for name, column in (
        (translatable("days silent"), np.nan_to_num(data.days_silent)),
        (translatable("orders ever"), data.frequency),
        (translatable("days since the first order"), data.tenure_days),
        (translatable("orders of the year before"), data.orders_before),
        (translatable("revenue of the year before"), data.revenue_before),
        (translatable("margin of the year before"), data.margin_before),
    ):
        mean, plain, matched = float(column[own].mean()), float(column[others].mean()), float(weight @ column[others])
        spread = float(np.sqrt((spread_of(column[own]) ** 2 + spread_of(column[others]) ** 2) / 2)) or 1.0
        rows.append((name, mean, plain, matched, (mean - plain) / spread, (mean - matched) / spread))
    columns = ["what", "contacted", "others", "others_weighted", "difference_before", "difference_after"]
    return pd.DataFrame(rows, columns=columns)


def _likely(odds: Floats, own: Bools) -> Bools:
    """Customers whose odds of a contact lie in the range of the contacted."""
    low = float(np.quantile(odds[own], 0.05))
    return odds >= low


def _described(data: CampaignData) -> Floats:
    """Covariates with an intercept, standardised: what customers had done by the day of the contact."""
    silent, tenure = np.nan_to_num(data.days_silent), data.tenure_days
    columns = [
        np.log1p(silent), np.sqrt(silent), np.log1p(data.frequency), np.log1p(tenure), np.log1p(data.orders_before),
        np.sqrt(np.maximum(data.margin_before, 0)), np.sqrt(np.maximum(data.revenue_before, 0)),
        silent > 30, silent > 90, silent > 180, data.orders_before == 0,
        np.log1p(data.frequency) * np.log1p(silent),
    ]  # fmt: skip
    x = np.column_stack([np.asarray(column, dtype=float) for column in columns])
    spread = spread_of(x)
    return np.column_stack([np.ones(len(x)), (x - x.mean(axis=0))[:, spread > 0] / spread[spread > 0]])


def _overlap_check(lost: float) -> Check:
    detail = translate("{unlike:.1%} of the contacted have nobody to be compared with and are left out.", unlike=lost)
    question = translate("Is there somebody to compare each customer with?")
    return Check("overlap", question, lost <= 0.10, True, detail)


def _largest_gap(x: Floats, odds: Floats, own: Bools, others: Bools) -> float:
    """Largest standardised difference between the contacted and the others as weighted."""
    weight = odds[others] / odds[others].sum()
    spread = np.sqrt((spread_of(x[own]) ** 2 + spread_of(x[others]) ** 2) / 2)
    apart = np.abs(x[own].mean(axis=0) - weight @ x[others])[spread > 0] / spread[spread > 0]
    return float(np.max(apart, initial=0.0))


def _balance_check(x: Floats, odds: Floats, own: Bools, others: Bools) -> Check:
    gap, raw = (_largest_gap(x, weight, own, others) for weight in (odds, np.ones(len(odds))))
    detail = translate(
        "The largest standardised difference is {after:.2f} after weighting, {before:.2f} before.",
        after=gap,
        before=raw,
    )
    return Check("balance", translate("Are the compared customers alike?"), gap <= UNBALANCED, True, detail)


def _weights_check(odds: Floats, others: Bools) -> Check:
    """Were few enough weights decisive? A comparison that rests on a handful of customers is none."""
    weight = odds[others] / odds[others].sum()
    effective = float(1 / (weight**2).sum())
    detail = translate(
        "The comparison is worth as much as {effective:,.0f} customers of the {others:,} not contacted.",
        effective=effective,
        others=int(others.sum()),
    )
    question = translate("Is it based on enough customers?")
    return Check("weights", question, effective >= FEWEST_COMPARED, True, detail)
