"""Forecasts of contracts on real bases beside what came and beside peers: ``make reality CONTRACTS=FOLDER``.

Run alone as ``python -m tests.reality.renewed FOLDER``. Each base is judged with what was learnt from the others.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import t as student

from cxvalue.engine.embedded import connect
from cxvalue.foundation.arrays import Floats
from cxvalue.foundation.calendar import DAYS_PER_MONTH, date_of, day_number, months_before
from cxvalue.foundation.intervals import Interval
from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.blend import sided
from cxvalue.lifetime.evidence.reference import Reference
from cxvalue.questions.contracts import miss_range
from cxvalue.questions.contracts import past_renewals as past_days
from cxvalue.questions.contracts.contract_base import Contracts, look_ahead
from cxvalue.questions.contracts.contract_value import RenewalValue, renewal_value
from cxvalue.questions.contracts.endings import CHURN_MONTHS, contract_churn
from cxvalue.questions.contracts.past_renewals import past_renewals
from cxvalue.questions.contracts.renewals import fit_renewals
from tests.reality.bases import Base, base_files, read_base

__all__ = ["Judged", "judge", "kaplan_meier", "learn_floor", "main"]

WANTED = (
    "make reality needs real contracts for its second part: CONTRACTS=FOLDER, a folder with at least two files that\n"
    "tests/reality/bases.py can read. They are read where they are; nothing is written there."
)
DF = 6.0
LEARN_FROM = 48
"""Past days of a base from which the constant is learnt."""
HELD, USUAL = 0.003, -3.5


class Judged(NamedTuple):
    """One published figure of one past day with its 95% range, that of the model alone, peers, and what came."""

    base: str
    day: date
    figure: str
    said: Interval
    alone: Interval
    repeated: float
    by_age: float
    came: float


def learn_floor(bases: list[Attempts]) -> Reference:
    """The variance of the logarithm of the pace beyond chance that makes what came most likely, each base one vote.

    >>> one = Attempts.joined([miss_range.attempt(0, 365, 700.0, 0.0, float(np.exp(e)), 1.0, "sbg") for e in (-0.3, 0.3)])
    >>> 0.04 < learn_floor([one]).floor < 0.09
    True
    """

    def loss(theta: float) -> float:
        fits = []
        for one in bases:
            misses = sided(np.log(one.actual / one.made[:, 0]))
            fits.append(student.logpdf(misses, DF, scale=np.sqrt(one.chance + np.exp(theta))).mean())
        return HELD * (theta - USUAL) ** 2 - float(np.mean(fits))

    return Reference(floor=float(np.exp(minimize_scalar(loss, bounds=(-8.0, 1.0), method="bounded").x)))


def kaplan_meier(contracts: Contracts, months: int) -> Floats:
    """P(still there after each of the next months) of each active customer, by the product-limit curve of ages in months.

    Beyond the oldest age seen the mean rate of leaving of the last 12 months of age stands.
    """
    seen = contracts.spells(monthly=True)
    entry, renewed, ended = (column[seen.kept] for column in (seen.entry, seen.renewed, seen.ended))
    size = int(renewed.max(initial=0)) + 1
    at_risk, left = np.zeros(size + 1), np.bincount(renewed[ended], minlength=size).astype(float)
    np.add.at(at_risk, entry, 1.0)
    np.add.at(at_risk, np.where(ended, renewed + 1, renewed), -1.0)
    here = np.cumsum(at_risk)[:size]
    hazard = np.divide(left, here, out=np.zeros(size), where=here > 0)
    seen_of_age = here >= 30
    oldest = int(np.flatnonzero(seen_of_age).max(initial=0)) + 1
    last = slice(max(oldest - 12, 0), oldest)
    rest = left[last].sum() / max(here[last].sum(), 1.0)
    ages = contracts.age_months()
    age = np.floor(ages[~np.isnan(ages)]).astype(int)[:, None] + np.arange(months)
    rate = np.where(age < oldest, hazard[np.minimum(age, size - 1)], rest)
    return np.cumprod(1 - rate, axis=1)


def repeated_value(contracts: Contracts, stayed: float, months: int) -> float:
    """What active customers bring in the next months if each stays at every chance as often as in the last 12 months."""
    seen = look_ahead(contracts, contracts.part_of_last_period())
    at_a_chance = stayed ** (contracts.step / CHURN_MONTHS)
    worth = contracts.monthly_value()[seen.who]
    return float(sum(worth @ at_a_chance ** seen.chances(month) for month in range(1, months + 1)))


def judge(base: Base, learnt: Reference) -> Iterator[Judged]:
    """What the product publishes on each day of a base, with what was learnt elsewhere, and what came."""
    whole = base.known(base.last)
    for day in base.days:
        known, con = base.known(day), connect()
        fit, tables = fit_renewals(known), base.tables(day, con)
        with patch.object(miss_range, "LEAVING", learnt):
            past = past_renewals(known, max(base.months), 0.0)
            ways: list[dict[str, Any]] = [{"leaving": past.leaving, "before": past.margin}, {}]
            ways = [
                {
                    **way,
                    "churn": contract_churn(fit, known, tables, con, gross_margin=1.0, leaving=way.get("leaving")),
                    "annual_discount_rate": 0.0,
                    "gross_margin": 1.0,
                }
                for way in ways
            ]
            for months in base.months:
                end = date_of(day_number(day) + round(months * DAYS_PER_MONTH))
                if end <= base.last:
                    said, alone = (renewal_value(fit, known, horizon_months=months, **way) for way in ways)
                    losses = [way["churn"].losses for way in ways]
                    yield from _held(base, day, end, months, (known, whole), (said, alone), losses)
        con.disconnect()


def _held(
    base: Base,
    day: date,
    end: date,
    months: int,
    contracts: tuple[Contracts, Contracts],
    told: tuple[RenewalValue, RenewalValue],
    losses: Sequence[Any],
) -> Iterator[Judged]:
    (known, whole), (said, alone) = contracts, told
    year_ago = months_before(day, CHURN_MONTHS)
    active = known.active()
    stayed = 1 - known.left_between(year_ago, day) / max(known.active(year_ago).sum(), 1)
    curve, worth, past = kaplan_meier(known, months), known.monthly_value()[active], said.margin[active]

    def one(figure: str, ranges: Iterable[Any], repeated: float, by_age: float, came: float) -> Judged:
        full, narrow = ranges
        return Judged(base.name, day, figure, full, narrow, float(repeated), float(by_age), float(came))

    brought = whole.revenue_of_relations_on(day, end).sum()
    repeated = repeated_value(known, stayed, months)
    equities = said.equity, alone.equity
    yield one(f"value, {months} months", equities, repeated, worth @ curve.sum(axis=1), brought)
    if months == CHURN_MONTHS:
        relations = whole.relations
        gone = (relations["start"] <= day_number(day)) & (relations["end"] > day_number(day))
        gone &= relations["end"] <= day_number(end)
        left = np.isin(known.customers, whole.customers[relations["customer"][gone]])
        rates, risks = zip(*((one.rate, one.at_risk) for one in losses), strict=True)
        yield one("leave in 12 months", rates, 1 - stayed, 1 - curve[:, -1].mean(), left.sum() / active.sum())
        at_risk = said.margin[left].sum()
        yield one("margin at risk", risks, (1 - stayed) * past.sum(), (1 - curve[:, -1]) @ past, at_risk)


def table(rows: list[Judged]) -> Iterator[str]:
    """The rows of each base and figure as Markdown."""
    yield (
        "| base | figure | days | median / mean miss: product | last rate repeated | Kaplan–Meier | bias | cover 95 | "
        "model alone | half-width 95 | model alone |"
    )
    yield "|---" * 11 + "|"
    for base, figure in dict.fromkeys((one.base, one.figure) for one in rows):
        yield _line([one for one in rows if (one.base, one.figure) == (base, figure)], base, figure)
    for base in (*dict.fromkeys(one.base for one in rows), "both"):
        yield _line([one for one in rows if base in (one.base, "both")], base, "all")


def _line(some: list[Judged], base: str, figure: str) -> str:
    def miss(said: Sequence[float]) -> str:
        off = np.abs(np.array(said) / np.array([one.came for one in some]) - 1)
        return f"{np.median(off):.3f} / {off.mean():.3f}"

    def held(ranges: list[Interval]) -> float:
        return float(np.mean([said.low <= one.came <= said.high for said, one in zip(ranges, some, strict=True)]))

    def width(ranges: list[Interval]) -> float:
        return float(np.median([(said.high - said.low) / 2 / said.value for said in ranges]))

    bias = np.mean([np.log(one.said.value / one.came) for one in some])
    full, alone = [one.said for one in some], [one.alone for one in some]
    misses = [miss(said) for said in zip(*((one.said.value, one.repeated, one.by_age) for one in some), strict=True)]
    ranges = f"{held(full):.2f} | {held(alone):.2f} | {width(full):.3f} | {width(alone):.3f}"
    return f"| {base} | {figure} | {len(some)} | {' | '.join(misses)} | {bias:+.3f} | {ranges} |"


def main(folder: str) -> None:
    """Judge every base with what the others teach, and print the tables and the constant to ship."""
    if not folder:
        print(WANTED)
        return
    bases = [read_base(file) for file in base_files(Path(folder))]
    if len(bases) < 2:
        raise SystemExit(WANTED)
    with patch.object(past_days, "MOST_ORIGINS", LEARN_FROM):
        leaving = [past_renewals(one.known(one.last), max(one.months), 0.0).leaving for one in bases]
    rows: list[Judged] = []
    for place, base in enumerate(bases):
        learnt = learn_floor(leaving[:place] + leaving[place + 1 :])
        print(f"{base.name}: judged with a floor of {learnt.floor:.4f}, learnt without it", flush=True)
        for one in judge(base, learnt):
            print("  ", one.day, one.figure, *(f"{end:.4g}" for end in one.said), f"came {one.came:.4g}", flush=True)
            rows.append(one)
    print("\n".join(table(rows)))
    print(
        f"\nTo ship in cxvalue/questions/contracts/miss_range.py: {learn_floor(leaving)}\nShipped: {miss_range.LEAVING}"
    )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
