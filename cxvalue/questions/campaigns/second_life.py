"""The second lifetime: how long customers who came back stay, what they bring, and how many fall asleep again.

Returners of the contacted arms stand beside those of the held-out arm, who came back by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from cxvalue.effects.estimators.abtest import around
from cxvalue.foundation.calendar import WHOLE_YEAR_DAYS
from cxvalue.foundation.intervals import share_interval
from cxvalue.language.catalogue import translate

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from cxvalue.questions.campaigns.campaign import CampaignData


@dataclass(frozen=True, slots=True, eq=False)
class SecondLife:
    """Returners of one kind (contacted, or by themselves).

    `stayed_days` and `lapsed` are how long each has gone on buying and whether the next silence has reached the dormancy
    limit; `margin_12m` is the mean margin of the 12 months from the return on, None (with `reason`) where no returner was
    observed for as long; `lapse_share` is among those observed long enough to tell. Ranges are of `lapse_share` and of
    `margin_so_far`.
    """

    kind: str
    returners: int
    stayed_days: NDArray[np.float64]
    lapsed: NDArray[np.bool_]
    lapse_share: float | None
    margin_12m: float | None
    margin_so_far: float
    reason: str
    lapse_range: tuple[float, float] | None = None
    margin_range: tuple[float, float] | None = None


def second_lives(
    data: CampaignData, purchases: ir.Table, *, dormancy_days: int, level: float = 0.95
) -> tuple[SecondLife, ...]:
    """Second lifetimes of the returners of a campaign's window, contacted and held out."""
    window = data.main
    back = window.returned & window.observed
    if not back.any():
        return ()
    chosen = pa.table(
        {
            "customer_id": pa.array(data.customer_id[back].tolist(), pa.string()),
            "first": pa.array(data.contacted_on[back].astype("int32"), pa.int32()).cast(pa.date32()),
            "control": pa.array(data.control[back].tolist()),
        }
    )
    joined = ibis.memtable(chosen).inner_join(purchases, "customer_id")
    later: Any = joined.filter(joined.date >= joined["first"])
    lives = later.group_by(["customer_id", "control"]).agg(began=later.date.min(), last=later.date.max())
    spent = later.inner_join(lives.select("customer_id", "began"), "customer_id")
    since = spent.date.delta(spent.began, unit="day")
    sums = spent.group_by("customer_id").agg(
        year=spent.margin.sum(where=since < WHOLE_YEAR_DAYS), whole=spent.margin.sum()
    )
    table = lives.inner_join(sums, "customer_id").order_by("customer_id").to_pandas()
    began, last = (np.asarray(table[name], dtype="datetime64[D]") for name in ("began", "last"))
    end = np.datetime64(data.as_of)
    stayed, silent, seen = ((b - a).astype(int) for a, b in ((began, last), (last, end), (began, end)))
    lives_found = []
    for kind, control in (("contacted", False), ("by themselves", True)):
        rows = (table["control"] == control).to_numpy(bool)
        told = rows & (seen >= dormancy_days)
        year = rows & (seen >= WHOLE_YEAR_DAYS)
        lives_found.append(
            SecondLife(
                kind=kind,
                returners=int(rows.sum()),
                stayed_days=stayed[rows].astype(float),
                lapsed=silent[rows] >= dormancy_days,
                lapse_share=float((silent[told] >= dormancy_days).mean()) if told.any() else None,
                margin_12m=float(table["year"].to_numpy(float)[year].mean()) if year.any() else None,
                margin_so_far=float(table["whole"].to_numpy(float)[rows].mean()) if rows.any() else 0.0,
                lapse_range=share_interval(int((silent[told] >= dormancy_days).sum()), int(told.sum()), level)
                if told.any()
                else None,
                margin_range=_mean_range(table["whole"].to_numpy(float)[rows], level),
                reason=""
                if year.any()
                else translate("No customer who came back has been observed for 12 months since."),
            )
        )
    return tuple(lives_found)


def _mean_range(values: NDArray[np.float64], level: float) -> tuple[float, float] | None:
    if values.size < 2:
        return None
    found = around(float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size)), values.size - 1, level)
    return found.low, found.high


def survival_after_return(lives: tuple[SecondLife, ...]) -> pd.DataFrame:
    """Kaplan-Meier curves of going on buying after the return; columns kind, days, share."""
    from statsmodels.duration.survfunc import SurvfuncRight

    frames = []
    for life in lives:
        if life.returners < 2:
            continue
        curve = SurvfuncRight(life.stayed_days + 0.5, life.lapsed.astype(int))
        days = np.concatenate([[0.0], np.asarray(curve.surv_times)])
        share = np.concatenate([[1.0], np.asarray(curve.surv_prob)])
        frames.append(pd.DataFrame({"kind": life.kind, "days": days, "share": share}))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"kind": [], "days": [], "share": []})
