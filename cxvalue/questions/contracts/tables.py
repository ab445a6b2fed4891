"""The tables of customers under contract that a run publishes: customers, and the holdout by model."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.foundation.calendar import day_number
from cxvalue.lifetime import HoldoutScore

if TYPE_CHECKING:
    from cxvalue.questions.contracts.contract_base import Contracts
    from cxvalue.questions.contracts.contract_value import RenewalValue
    from cxvalue.questions.contracts.endings import ContractChurn
    from cxvalue.questions.contracts.renewals import RenewalFit


def renewal_customers_table(value: RenewalValue, contracts: Contracts) -> pd.DataFrame:
    """One row a customer, as published in ``customers.parquet``; what only purchases could tell is empty."""
    size = len(contracts.customers)
    unknown = np.full(size, math.nan)
    day = day_number(contracts.as_of)
    return pd.DataFrame(
        {
            "customer_id": contracts.customers,
            "frequency": pd.array([None] * size, dtype="Int64"),
            "recency_days": pd.array([None] * size, dtype="Int64"),
            "age_days": day - contracts.first_day(),
            "mean_spend": unknown,
            "p_alive": value.active.astype(float),
            "expected_transactions": unknown,
            "cltv": value.cltv,
            "cltv_low": value.cltv_low,
            "cltv_high": value.cltv_high,
            "days_silent": pd.array([None] * size, dtype="Int64"),
            "dormant": ~value.active,
            "rhythm_broken": pd.array([None] * size, dtype="boolean"),
            "p_return_90d": unknown,
        }
    )


def holdout_scores(fit: RenewalFit, churn: ContractChurn) -> tuple[HoldoutScore, ...]:
    """How each model foresaw who would still be a customer at the end of the holdout, the one that forecasts marked."""
    found = []
    for score in churn.scores:
        past = score.backtest
        error = past.stayed_away - past.probabilities  # in the probability to stay
        actual, predicted = float((~past.stayed_away).sum()), float((1 - past.probabilities).sum())
        found.append(
            HoldoutScore(
                model=score.model,
                actual=actual,
                predicted=predicted,
                bias=predicted - actual,
                mae=float(np.abs(error).mean()),
                rmse=float(np.sqrt((error**2).mean())),
                wmape=float(np.abs(error).sum() / actual) if actual else math.nan,
                log_score=score.log_score,
                status=fit.calibration.status if fit.calibration is not None and score.model == fit.full.name else "ok",
                selected=score.model == churn.model,
            )
        )
    return tuple(found)


def renewal_holdout_table(fit: RenewalFit, churn: ContractChurn) -> pd.DataFrame:
    """The forecast of who would still be a customer and what came, as published in ``holdout.csv``."""
    columns = ["model", "actual", "predicted", "bias", "mae", "rmse", "wmape", "log_score", "status", "selected"]
    return pd.DataFrame([asdict(score) for score in holdout_scores(fit, churn)], columns=columns)
