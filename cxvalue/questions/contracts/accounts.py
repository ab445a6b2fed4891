"""Where the buyer is not the user: do accounts whose users are satisfied renew more often, and what do lost renewals cost?

An *account* is what one buyer holds, however many contracts follow in it (`contract_base`). On a landmark day (a year before
the last day observed, and every further year back that the data covers) each account under contract either is still there 12
months later or is not. Beside it stands what its users had answered in the 12 months before that day. Accounts that come
at several landmarks count as one draw (Liang and Zeger 1986). This is a link between two records, not an effect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.effects.estimators.clustered import clustered_variance
from cxvalue.findings.small_groups import withheld_list
from cxvalue.findings.suppression import dominated
from cxvalue.foundation.calendar import DAYS_PER_YEAR, day_number, months_before
from cxvalue.foundation.intervals import Interval
from cxvalue.language.catalogue import translate
from cxvalue.questions.contracts.contract_base import Contracts
from cxvalue.questions.contracts.drivers import ASKED_DAYS, THIRDS, Scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_ANSWER = "no answer"
FEWEST_ACCOUNTS = 30
MOST_LANDMARKS = 5


@dataclass(frozen=True, slots=True, eq=False)
class AccountRenewals:
    """Renewal of accounts in the last 12 months, and by their users' satisfaction.

    Attributes:
        since: the day on which the accounts of the last 12 months were under contract.
        accounts, renewed: how many there were, and how many of them still are.
        lost_margin: margin that the others had brought in the 12 months before; nan where it is not known.
        rows: one row an account and landmark: account, landmark, score (nan without an answer), band, renewed, margin.
        bands: by band: accounts, renewed (share) with low and high, margin (of the 12 months before), lost_margin.
        gap: renewal rate of the highest third of scores less that of the lowest; None where it cannot be had.
        slope: rise of the renewal rate per point of the score; None likewise.
        at_risk_margin: margin of the last 12 months of the accounts that are under contract now and whose users are in the
            lowest third; nan where it is not known.
        at_risk_accounts: how many those are.
        metric, users: what was asked, and whether users only were.
        missing: why there is no gap; empty when there is.
    """

    since: date
    accounts: int
    renewed: int
    lost_margin: float
    rows: pd.DataFrame
    bands: pd.DataFrame
    gap: Interval | None
    slope: Interval | None
    at_risk_margin: float
    at_risk_accounts: int
    metric: str
    users: bool
    missing: str

    @property
    def landmarks(self) -> int:
        """Days on which accounts were looked at."""
        return int(self.rows["landmark"].nunique())


def account_renewals(
    contracts: Contracts,
    scores: Scores | None,
    *,
    gross_margin: float | None,
    suppress_below: int = 0,
    level: float = 0.95,
) -> AccountRenewals | None:
    """Renewal of accounts, and its link to what their users had said.

    None when the data does not reach 12 months back, or when nobody was under contract then. `scores` are the answers by
    account (`drivers.scores_of`). Bands of fewer than `suppress_below` accounts, and those that would give them away, are
    not in the table.
    """
    names = contracts.customers[contracts.rows["customer"]]
    if "account_id" in contracts.rows.columns:
        names = contracts.rows["account_id"].fillna(pd.Series(names, index=contracts.rows.index)).to_numpy(object)
    rate = gross_margin if gross_margin is not None and contracts.valued else math.nan
    as_of, parts = contracts.as_of, []
    for back in range(MOST_LANDMARKS):
        landmark = months_before(as_of, 12 * (back + 1))
        if landmark < contracts.observed_from:
            break
        parts.append(_looked_at(contracts, names, landmark, months_before(as_of, 12 * back), rate, scores))
    if not parts or not len(parts[0]):
        return None
    rows = pd.concat(parts, ignore_index=True)
    answered = rows["score"].notna()
    edges = tuple(np.quantile(rows.loc[answered, "score"], [1 / 3, 2 / 3])) if answered.any() else (math.nan, math.nan)
    rows["band"] = _band(rows["score"].to_numpy(float), edges)
    now = _looked_at(contracts, names, as_of, as_of, rate, scores)
    unhappy = now[_band(now["score"].to_numpy(float), edges) == THIRDS[0]]
    latest = parts[0]
    missing = _missing(scores, rows)
    gap = slope = None
    if not missing:
        high, low = rows[rows["band"] == THIRDS[2]], rows[rows["band"] == THIRDS[0]]
        gap = _difference(high, low, level)
        slope = _slope(rows[answered], level)
    return AccountRenewals(
        since=months_before(as_of, 12),
        accounts=len(latest),
        renewed=int(latest["renewed"].sum()),
        lost_margin=float(latest.loc[~latest["renewed"], "margin"].sum(skipna=False)),
        rows=rows,
        bands=_bands(rows, level, suppress_below),
        gap=gap,
        slope=slope,
        at_risk_margin=float(unhappy["margin"].sum(skipna=False)),
        at_risk_accounts=len(unhappy),
        metric=scores.metric if scores else "",
        users=scores.users if scores else False,
        missing=missing,
    )


def _looked_at(
    contracts: Contracts, names: NDArray[np.object_], landmark: date, then: date, rate: float, scores: Scores | None
) -> pd.DataFrame:
    """Accounts under contract at the end of a day: whether they still are on another, their margin and users' score.

    Between a contract and the one that goes on from it (`Contracts.gap_days`) an account is under contract and pays
    nothing.
    """
    rows = contracts.rows
    day, later = day_number(landmark), day_number(then)
    low = max(day_number(months_before(landmark, 12)), day_number(contracts.observed_from - timedelta(days=1)))
    paid = (
        rate
        * rows["value"]
        * np.clip(np.minimum(rows["end"], day) - np.maximum(rows["start"], low), 0, None)
        * 12
        / DAYS_PER_YEAR
    )
    if low > day_number(months_before(landmark, 12)):
        paid = paid * math.nan  # the data begins within these 12 months
    code, accounts = pd.factorize(names, sort=True)

    def any_of(mask: pd.Series) -> NDArray[np.bool_]:
        return np.bincount(code, mask, len(accounts)) > 0

    found = pd.DataFrame(
        {
            "account": accounts,
            "renewed": any_of((rows["start"] <= later) & (rows["covered"] > later)),
            "margin": np.bincount(code, paid, len(accounts)),
        }
    )[any_of((rows["start"] <= day) & (rows["covered"] > day))].reset_index(drop=True)
    found.insert(1, "landmark", landmark)
    found["score"] = math.nan
    if scores is not None:
        asked = scores.table.filter((scores.table.day > day - ASKED_DAYS) & (scores.table.day <= day))
        mean = asked.group_by("key").agg(score=asked["value"].mean()).to_pandas().set_index("key")["score"]
        found["score"] = mean.reindex(found["account"]).to_numpy(float)
    return found


def _band(score: NDArray[np.float64], edges: tuple[float, float]) -> NDArray[np.object_]:
    named = np.array(THIRDS, dtype=object)[(score > edges[0]).astype(int) + (score > edges[1])]
    return np.where(np.isnan(score), NO_ANSWER, named)


def _missing(scores: Scores | None, rows: pd.DataFrame) -> str:
    if scores is None:
        return translate(
            "the study has no surveys of the people in its accounts (table surveys, at least 30 answers to one metric)."
        )
    counted = rows["band"].value_counts()
    few = min(counted.get(THIRDS[0], 0), counted.get(THIRDS[2], 0))
    if few < FEWEST_ACCOUNTS:
        return translate(
            "accounts with answers in the highest or the lowest third: {few:,}; {fewest} are needed on each side.",
            few=int(few),
            fewest=FEWEST_ACCOUNTS,
        )
    if rows["renewed"].all():
        return translate("no account has been lost.")
    return ""


def _difference(high: pd.DataFrame, low: pd.DataFrame, level: float) -> Interval:
    """Difference of two shares, an account being one draw wherever it stands."""
    both = pd.concat([high, low])
    sign = np.repeat([1.0, -1.0], [len(high), len(low)])
    means, sizes = (float(high["renewed"].mean()), float(low["renewed"].mean())), (len(high), len(low))
    mean = np.repeat(means, sizes)
    influence = sign * (both["renewed"].to_numpy(float) - mean) / np.repeat(np.array(sizes, dtype=float), sizes)
    return _interval(means[0] - means[1], influence, both["account"], level)


def _slope(rows: pd.DataFrame, level: float) -> Interval | None:
    """Rise of the renewal rate per point of the score, by least squares."""
    score, renewed = rows["score"].to_numpy(float), rows["renewed"].to_numpy(float)
    away = score - score.mean()
    total = float(away @ away)
    if total <= 0:
        return None
    slope = float(away @ renewed) / total
    left = renewed - renewed.mean() - slope * away
    return _interval(slope, away * left / total, rows["account"], level)


def _interval(value: float, influence: NDArray[np.float64], accounts: pd.Series, level: float) -> Interval:
    variance, _ = clustered_variance(influence, pd.factorize(accounts)[0])
    return Interval.of_error(value, math.sqrt(variance), level)


def _bands(rows: pd.DataFrame, level: float, suppress_below: int) -> pd.DataFrame:
    """Accounts, share that renewed with its interval, and margin kept and lost, by band of the users' satisfaction."""
    found = []
    names = (*THIRDS, NO_ANSWER)
    own = [rows[rows["band"] == band] for band in names]
    valued = suppress_below > 0 and rows["margin"].notna().any()
    heavy = [bool(valued and len(part) and dominated(part["margin"].fillna(0.0))) for part in own]
    hidden = withheld_list(names, [len(part) for part in own], suppress_below, also=heavy)
    for band, part, taken in zip(names, own, hidden, strict=True):
        if taken or not len(part):
            continue
        share = float(part["renewed"].mean())
        renewed = part["renewed"].to_numpy(float)
        ends = _interval(share, (renewed - share) / len(part), part["account"], level)
        found.append(
            {
                "band": band,
                "score_from": part["score"].min(),
                "score_to": part["score"].max(),
                "accounts": len(part),
                "renewed": share,
                "low": max(ends.low, 0.0),
                "high": min(ends.high, 1.0),
                "margin": part["margin"].sum(skipna=False),
                "lost_margin": part.loc[~part["renewed"], "margin"].sum(skipna=False),
            }
        )
    columns = ["band", "score_from", "score_to", "accounts", "renewed", "low", "high", "margin", "lost_margin"]
    return pd.DataFrame(found, columns=columns)
