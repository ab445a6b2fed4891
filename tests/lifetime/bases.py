"""The forecast of a base by one model, where no past day could be looked at."""

from __future__ import annotations

import numpy as np

from cxvalue.foundation.calendar import DAYS_PER_MONTH
from cxvalue.lifetime import customer_value
from cxvalue.lifetime.candidates.by_model import outlook_of_model
from cxvalue.lifetime.candidates.outlook import Ahead
from cxvalue.lifetime.evidence.attempts import Attempts
from cxvalue.lifetime.evidence.past import GROUPS, Past
from cxvalue.lifetime.evidence.reference import CANDIDATES, REFERENCE
from cxvalue.lifetime.fitting.checked import margin_rate_of
from cxvalue.lifetime.prediction.whole_base import keep_model

NOTHING_PAST = Past(
    Attempts.joined([], CANDIDATES), Attempts.joined([], CANDIDATES), np.zeros((0, 2, GROUPS)), 1.0
)  # fmt: skip


def today(day=1_000, days=730, *, history=730.0, growth=0.0):
    """The row of a forecast that is still to be made."""
    return Attempts(
        origin=np.array([day]),
        days=np.array([days]),
        history=np.array([history]),
        growth=np.array([growth]),
        chance=np.zeros(1),
        actual=np.array([np.nan]),
        made=np.full((1, len(CANDIDATES)), np.nan),
        names=CANDIDATES,
    )


def base_of_model(
    model, spend, states, *, months=24, rate=0.1, level=0.95, draws=60, past=NOTHING_PAST, reference=REFERENCE
):
    """The forecast of one model that is asked for by name."""
    value = customer_value(
        model, spend, states, horizon_months=months, annual_discount_rate=rate, level=level, draws=draws
    )
    own = round(months * DAYS_PER_MONTH)
    ahead = Ahead(tuple(sorted({90, 365, own})), rate)
    outlook = outlook_of_model(model, states, margin_rate_of(states) * spend.expected_spend(states), ahead)
    return keep_model(
        outlook, ahead, past, today(days=own), value, reference, "bg_nbd", level, 0.8, states.first_margin_mean
    )
