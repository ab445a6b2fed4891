"""Single customers, groups of them and the churn rate, as the product forecasts them from past days, beside what they did.

For logs of more than 20,000 customers the fixed sample stands in that past forecasts are made from. Ranges use the shipped
constants. A day's evidence is what was over by then.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy
from scipy.stats import nbinom

import cxvalue
from cxvalue.foundation.calendar import DAYS_PER_MONTH
from cxvalue.foundation.errors import CxvalueError
from cxvalue.lifetime.candidates.by_model import outlook_of_model, states_of
from cxvalue.lifetime.candidates.looks import groups_of, look_back, squeeze
from cxvalue.lifetime.candidates.outlook import Ahead
from cxvalue.lifetime.evidence.attempts import origins_before
from cxvalue.lifetime.evidence.past import GROUPS, Past, look_at_past, some_of
from cxvalue.lifetime.evidence.reference import REFERENCE
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.lifetime.models.spend import fit_spend
from cxvalue.lifetime.prediction.value import customer_value
from cxvalue.lifetime.prediction.whole_base import WholeBase, combine
from cxvalue.questions.churn.churn import away_in_draws
from cxvalue.questions.churn.losses import losses
from cxvalue.questions.churn.past_churn import auc, brier
from cxvalue.tables.purchase_log import PurchaseLog
from tests.reality.judged import judged_days
from tests.reality.logs import read_log
from tests.reality.trials import UNIT, each_log, kept_at, python_in

__all__ = ["PRODUCT", "customers_of", "scores_of", "table"]

Floats = NDArray[np.float64]
PRODUCT = "the product"
MONTHS = (3, 6, 12)
_SOURCES = ("lifetime", "questions/churn", "tables/purchase_log.py")
_LEVELS = (0.8, 0.95)
_TOP = 0.1
_LEAST = 1e-6
_DRAWS = 1_000
_ALONE = {"bg_nbd": "BG/NBD", "pareto_nbd": "Pareto/NBD"}


def customers_of(files: Sequence[Path]) -> dict[str, list[dict[str, float]]]:
    """The scores of every judged day and horizon by log, on two processes."""
    return dict(zip([file.stem for file in files], each_log(_scored, files), strict=True))


def _scored(file: Path) -> list[dict[str, float]]:
    here, package = Path(__file__).parent, Path(cxvalue.__file__).parent
    own = [here / f"{name}.py" for name in ("customers", "judged", "logs")]
    sources = [path for one in _SOURCES for path in python_in(package / one)]
    kept = kept_at(f"{file.stem}-customers-FINGERPRINT.json", [file, *own, *sources])
    if not kept.is_file():
        kept.write_text(json.dumps(list(scores_of(some_of(read_log(file))))))
    found: list[dict[str, float]] = json.loads(kept.read_text())
    return found


def scores_of(log: PurchaseLog) -> Iterator[dict[str, float]]:
    """The scores of a log's judged days, a dictionary for each day and horizon.

    Each holds, for the product and either model alone, log loss, Brier score, AUC, the share of those who bought in the top
    tenth of the list and the Poisson deviance of purchases a customer; for the product also what its ranges held.
    """
    months = MONTHS if int(log.day.max()) - log.first_day >= 150 else (1,)
    judged = {one: judged_days(log, round(one * DAYS_PER_MONTH)) for one in months}
    lengths = tuple(round(one * DAYS_PER_MONTH) for one in months)
    days = sorted({day for some in judged.values() for day in some})
    before = {day: origins_before(log.first_day, day, lengths[0]) for day in days}
    origins = sorted({one for some in before.values() for one in some})
    last = int(log.day.max())
    past = look_at_past(log, Ahead(lengths), UNIT, last, origins=origins)
    for day in days:
        then = log.until(day)
        own = Ahead(tuple(sorted({*lengths, 365})))
        found = look_back(then, own, day, UNIT)
        if found is None:
            continue
        over = (past.margin.origin + past.margin.days <= day) & np.isin(past.margin.origin, before[day])
        evidence = Past(past.margin.take(over), past.purchases.take(over), past.groups[over], past.share)
        states = states_of(found.known, UNIT)
        spend = fit_spend(states)
        model = found.models["pareto_nbd"]
        for one in months:
            if day not in judged[one]:
                continue
            length = round(one * DAYS_PER_MONTH)
            try:
                value = customer_value(
                    model, spend, states, horizon_months=one, annual_discount_rate=0.0, margin_rate=1.0, draws=100
                )
            except CxvalueError:
                continue
            base = combine(found, then, evidence, value, REFERENCE, length, 0.95)
            if base is None:
                continue
            known = log.known(day)
            bought, brought = log.between(known, day, day + length, np.ones(1), math.inf)
            yield _scores(base, found.models, states, bought, brought, groups_of(found.known), length)


def _scores(
    base: WholeBase, models: Mapping[str, LifetimeModel], states: object, bought: Floats, brought: Floats,
    groups: NDArray[np.intp], length: int,
) -> dict[str, float]:  # fmt: skip
    place = base.place
    returns, purchases = base.returns[:, place], base.purchases[:, place]
    scores = {"length": float(length), "customers": float(bought.size)}
    said = {PRODUCT: (returns, purchases)}
    for name, model in models.items():
        alone = outlook_of_model(model, states, np.ones(bought.size), Ahead((length,)))  # type: ignore[arg-type]
        said[_ALONE[name]] = alone.returns[:, 0], alone.purchases[:, 0]
    came = bought > 0
    for name, (chance, count) in said.items():
        chance = np.clip(chance, _LEAST, 1 - _LEAST)
        count = np.maximum(count, _LEAST)
        scores[f"{name}|log loss"] = float(-np.where(came, np.log(chance), np.log1p(-chance)).mean())
        scores[f"{name}|Brier"] = brier(came, chance)
        scores[f"{name}|AUC"] = auc(came, chance)
        scores[f"{name}|top tenth"] = _top_share(count, came)
        scores[f"{name}|deviance"] = float(2 * (xlogy(bought, bought / count) - (bought - count)).mean())
        scores[f"{name}|miss of buyers"] = abs(math.log(max(came.sum(), 0.5) / chance.sum()))
    scores |= _ranges(base, bought, brought, groups)
    scores["sums"] = abs(float(purchases.sum()) / base.bought[place].value - 1)
    scores["impossible"] = float((returns > purchases * (1 + 1e-9)).mean())
    scores["falling"] = float((np.diff(base.purchases, axis=1) < -1e-9 * base.purchases[:, 1:]).mean())
    return scores


def _top_share(score: Floats, came: NDArray[np.bool_]) -> float:
    most = max(round(_TOP * score.size), 1)
    return float(came[np.argsort(-score, kind="stable")[:most]].sum() / max(came.sum(), 1))


def _ranges(base: WholeBase, bought: Floats, brought: Floats, groups: NDArray[np.intp]) -> dict[str, float]:
    """What the ranges of single customers, of the nine groups and of the share that does not buy held."""
    place = base.place
    count = np.maximum(base.purchases[:, place], _LEAST)
    shape = count / np.maximum(squeeze(base.returns[:, place], count), _LEAST)
    odds = shape / (shape + count)
    below = np.where(bought > 0, nbinom.cdf(bought - 1, shape, odds), 0.0)
    at = np.random.default_rng(1).random(bought.size) * (nbinom.cdf(bought, shape, odds) - below) + below
    held = {f"one {level:.0%}": float((np.abs(at - 0.5) <= level / 2).mean()) for level in _LEVELS}
    value = base.value
    held["money 95%"] = float(((value.cltv_low <= brought + 1e-9) & (brought <= value.cltv_high + 1e-9)).mean())
    away = np.clip(1 - base.returns[:, place], 0.0, 1.0)
    some = [groups == one for one in range(GROUPS) if (groups == one).sum() >= 30]
    for level in _LEVELS:
        inside = []
        for mask in some:
            low, high = replace(base, value=replace(base.value, level=level)).of_some(mask).expected_purchases[1:]
            inside.append(low <= bought[mask].sum() <= high)
        held[f"groups {level:.0%}"] = float(np.mean(inside)) if inside else math.nan
        rate = losses(
            away, np.ones(away.size), draws=_DRAWS, level=level,
            in_draws=away_in_draws(away, base.bought[place], _DRAWS, 1),
        ).rate  # fmt: skip
        held[f"churn {level:.0%}"] = float(rate.low <= (bought == 0).mean() <= rate.high)
    return held


def table(scores: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    """The scores as Markdown: means within a log, then over logs."""
    names = (PRODUCT, *_ALONE.values())
    kinds = ("log loss", "Brier", "AUC", "top tenth", "deviance", "miss of buyers")
    lines = [f"| single customers | {' | '.join(kinds)} |", "|---" * (len(kinds) + 1) + "|"]
    for name in names:
        lines.append(f"| {name} | " + " | ".join(f"{_mean(scores, f'{name}|{kind}'):.4f}" for kind in kinds) + " |")
    lines += ["", "| range | held | worst log |", "|---|---|---|"]
    for kind in ("one 80%", "one 95%", "money 95%", "groups 80%", "groups 95%", "churn 80%", "churn 95%"):
        own = [_mean({log: some}, kind) for log, some in scores.items() if some]
        lines.append(f"| {kind} | {np.nanmean(own):.3f} | {np.nanmin(own):.2f} |")
    better = sum(_mean({log: some}, f"{PRODUCT}|log loss") < _mean({log: some}, "BG/NBD|log loss")
                 for log, some in scores.items() if some)  # fmt: skip
    less = math.log(_mean(scores, f"{PRODUCT}|log loss") / _mean(scores, "BG/NBD|log loss"))
    cells = sum(len(some) for some in scores.values())
    lines += [
        "",
        f"- {cells} days and horizons; log loss {math.expm1(less):+.1%} beside BG/NBD, lower on {better} logs",
    ]
    for kind, words in (("sums", "largest gap between the sum of customers and the total"),
                        ("impossible", "customers whose chance to buy exceeds their expected purchases"),
                        ("falling", "customers whose purchases fall with the horizon")):  # fmt: skip
        lines.append(f"- {words}: {max(one[kind] for some in scores.values() for one in some):.1e}")
    return "\n".join(lines)


def _mean(scores: Mapping[str, Sequence[Mapping[str, float]]], kind: str) -> float:
    by_log = [np.nanmean([one[kind] for one in some]) for some in scores.values() if some]
    return float(np.nanmean(by_log))
