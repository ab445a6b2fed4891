"""Does a forecast that follows a segment cover, and does a segment that says nothing stay out of it?

``python -m tests.calibration.covariates [WORLDS] [CUSTOMERS] [null]``: worlds of `shop` with a segment "gold" that buys 2.5
times as often and leaves with 0.6 times the odds (with `null`: as everybody), all models fitted and chosen as in a study.
With `ratios` the estimated ratios are held against the true ones, with `slow` at a quarter of the pace.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import timedelta

import ibis
import numpy as np

from cxvalue.lifetime import customer_value, fit_with_covariates
from cxvalue.lifetime.families.registry import COVARIATES
from cxvalue.questions.lifetime_value.covariates import labels_of
from cxvalue.questions.lifetime_value.forecast import fit_cltv
from cxvalue.simulate.shop_world import AS_OF, HISTORY_DAYS, MARGIN, ShopParameters, shop
from cxvalue.tables.states import purchase_states_from_purchases

START = AS_OF - timedelta(days=HISTORY_DAYS - 1)


def tables(seed: int, customers: int, true: ShopParameters):
    """Day-level purchases and labels of a world, and its truth."""
    made = shop(customers, seed, true)
    rows = made.tables["transactions"].groupby(["customer_id", "date"], as_index=False).sum()
    rows["date"], rows["margin"] = rows["date"].dt.date, MARGIN * rows["revenue"]
    return ibis.memtable(rows), labels_of(ibis.memtable(made.tables["customers"]), ["segment"]), made.truth


def one(seed: int, customers: int, true: ShopParameters) -> dict[str, list[float]]:
    """Chosen, inside and width by what forecast: the chosen model, BG/NBD with the covariate, and without."""
    purchases, labels, truth = tables(seed, customers, true)
    fit = fit_cltv(purchases, as_of=AS_OF, observed_from=START, holdout_start=None, labels=labels)
    states = purchase_states_from_purchases(purchases, as_of=AS_OF, per_customer=True)
    known = {model.name: model for model in fit.full}
    found = {}
    for what, model in {"chosen": fit.model, "with": known["bg_nbd_covariates"], "without": known["bg_nbd"]}.items():
        if model.status != "ok":
            continue
        value = customer_value(model, fit.spend, states, horizon_months=24, annual_discount_rate=0.1, draws=400)
        gold = labels.of(states.customer_id)["segment"] == "gold"
        row = []
        for name, interval in (("equity", value.equity), ("new_customer", value.new_customer)):
            came = truth[f"cltv.{name}"]
            row += [interval.low <= came <= interval.high, interval.value / came - 1]
        width = (value.equity.high - value.equity.low) / value.equity.value
        found[what] = [*row, width, float(value.cltv[gold].sum() / value.equity.value), fit.selected in COVARIATES]
    return found


def ratios(worlds: int, customers: int, true: ShopParameters) -> None:
    """Print the mean error of the logarithm of each ratio, with its standard error."""
    errors = []
    for seed in range(100, 100 + worlds):
        purchases, labels, _ = tables(seed, customers, true)
        states = purchase_states_from_purchases(purchases, as_of=AS_OF, per_customer=True)
        pace, leaving = fit_with_covariates(states, labels.of(states.customer_id)).coefficients
        errors.append([pace.estimate - np.log(true.gold_pace), leaving.estimate - np.log(true.gold_leaving)])
    for what, each in zip(("pace", "leaving"), np.array(errors).T, strict=True):
        print(f"{what:8} worlds {worlds}  error {each.mean():+.1%}  standard error {each.std() / worlds**0.5:.1%}")


def main(worlds: int = 40, customers: int = 1000, kind: str = "") -> None:
    """Print a line for each forecast."""
    true = ShopParameters(gold_share=0.3, gold_pace=1.0, gold_leaving=1.0) if kind == "null" else ShopParameters(
        gold_share=0.3, gold_pace=2.5, gold_leaving=0.6
    )  # fmt: skip
    if kind in ("ratios", "slow"):
        ratios(worlds, customers, replace(true, alpha=4 * true.alpha) if kind == "slow" else true)
        return
    every = [one(seed, customers, true) for seed in range(1, worlds + 1)]
    for what in ("chosen", "with", "without"):
        rows = np.array([found[what] for found in every if what in found], dtype=float)
        equity, bias, new, new_bias, width, gold, chosen = rows.mean(axis=0)
        print(
            f"{what:8} worlds {len(rows)}  equity {equity:.1%}  bias {bias:+.1%}  new customer {new:.1%}  bias "
            f"{new_bias:+.1%}  width {width:.1%}  share of gold {gold:.1%}  covariates chosen {chosen:.1%}"
        )


if __name__ == "__main__":
    given = sys.argv[1:]
    main(*(int(value) for value in given[:2]), *given[2:])
