"""The tables of lifetime value that a run publishes, unrounded: models, holdout, customers, covariates and season."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cxvalue.findings.small_groups import withheld_list
from cxvalue.lifetime import CustomerValue, LifetimeModel, SpendModel
from cxvalue.questions.lifetime_value.base_forecast import weights_of
from cxvalue.questions.lifetime_value.cltv_fit import CltvFit, model_of
from cxvalue.questions.lifetime_value.forecast import SPEND_PARAMETERS
from cxvalue.questions.lifetime_value.seasonality import MONTH_NAMES
from cxvalue.tables.states import PurchaseStates

if TYPE_CHECKING:
    import pyarrow as pa

    from cxvalue.lifetime.prediction.whole_base import WholeBase


def covariates_table(
    fit: CltvFit, level: float = 0.95, *, suppress_below: int = 0, elsewhere: Collection[tuple[str, str]] = ()
) -> pd.DataFrame:
    """What differs by level, as published in ``covariates.csv``; empty where no model with covariates is sound.

    Columns: model, about (purchases or leaving), covariate, level, against, customers (of the level), ratio, low, high,
    used (whether the forecast follows it). Levels of fewer than `suppress_below` customers are left out, with those that
    would give them away and those that other tables withhold (`elsewhere`).
    """
    columns = ["model", "about", "covariate", "level", "against", "customers", "ratio", "low", "high", "used"]
    model = model_of(fit)
    if model is None:
        return pd.DataFrame(columns=columns)
    table = model.table(level).assign(model=model.name, used=model.name == fit.forecast)
    hidden = np.zeros(len(table), dtype=bool)
    for (_, name), rows in table.groupby(["about", "covariate"], sort=False).indices.items():
        too = {level for column, level in elsewhere if column == name}
        own = table.iloc[rows]
        hidden[rows] = withheld_list(own["level"], own["customers"], suppress_below, elsewhere=too)
    return table.loc[~hidden, columns]


def season_table(fit: CltvFit) -> pd.DataFrame:
    """The seasonal index as published in ``seasonal_index.csv``; empty where the history is too short for one.

    Columns: month (1 to 12), name, index (1 is an average month), low, high, observed and expected (repeat purchases of
    these months in all years), used (whether the forecast follows it).
    """
    columns = ["month", "name", "index", "low", "high", "observed", "expected", "used"]
    index = fit.season.index if fit.season is not None else None
    if index is None:
        return pd.DataFrame(columns=columns)
    values = (index.index, index.low, index.high, index.observed, index.expected)
    rows = zip(range(1, 13), MONTH_NAMES, *values, [fit.seasonal] * 12, strict=True)
    return pd.DataFrame(rows, columns=columns)


def models_table(fit: CltvFit, level: float = 0.95, base: WholeBase | None = None) -> pd.DataFrame:
    """Every parameter of every model in both windows, as published in ``models.csv``.

    With the forecast of the base the column weight has the share of each model in it, and the candidates without
    parameters have a row each, as has their combination (weight 1).
    """
    weights = {} if base is None else weights_of(base, fit)

    rows: list[dict[str, Any]] = []
    windows: tuple[tuple[str, tuple[LifetimeModel, ...], SpendModel | None, str], ...] = (
        ("calibration", fit.calibration, fit.spend_calibration, fit.selected),
        ("full", fit.full, fit.spend, fit.forecast),
    )
    for window, models, spend, chosen in windows:
        fitted: list[LifetimeModel | SpendModel] = [*models, *([spend] if spend else [])]
        for model in fitted:
            bounds = model.bounds(level) if model.params else {}
            # A spend model that could not be fitted keeps its rows, so that its status can be read.
            chosen_k = {"k": float(model.k)} if isinstance(model, LifetimeModel) and model.variant == "rhythm" else {}
            for parameter in (*(model.params or SPEND_PARAMETERS), *chosen_k):
                low, high = bounds.get(parameter, (math.nan, math.nan))
                rows.append(
                    {
                        "window": window,
                        "model": model.name,
                        "parameter": parameter,
                        "estimate": {**model.params, **chosen_k}.get(parameter, math.nan),
                        "se": model.se.get(parameter, math.nan),
                        "low": low,
                        "high": high,
                        "log_likelihood": model.log_likelihood,
                        "aic": model.aic,
                        "customers": model.customers,
                        "time_unit": fit.time_unit.value,
                        "status": model.status,
                        "selected": model.name == chosen or (isinstance(model, SpendModel) and model.status == "ok"),
                        "weight": weights.get(model.name, 0.0) if window == "full" and weights else math.nan,
                    }
                )
    named = {row["model"] for row in rows}
    if base is not None and base.combined:
        others = {name: share for name, share in weights.items() if name not in named} | {"combination": 1.0}
        same = {"window": "full", "parameter": "", "customers": base.value.cltv.size, "time_unit": fit.time_unit.value}
        rows += [{**same, "model": name, "status": "ok", "selected": name == "combination", "weight": share}
                 for name, share in others.items()]  # fmt: skip
    return pd.DataFrame(rows)


def holdout_table(fit: CltvFit) -> pd.DataFrame:
    """The holdout scores of every model, as published in ``holdout.csv``."""
    columns = ["model", "actual", "predicted", "bias", "mae", "rmse", "wmape", "log_score", "status", "selected"]
    rows = [{**asdict(score), "selected": score.model == fit.selected} for score in fit.scores]
    return pd.DataFrame(rows, columns=columns)


def customers_table(
    value: CustomerValue,
    states: PurchaseStates,
    *,
    dormancy_days: int,
    ids: pa.ChunkedArray | None = None,
) -> pd.DataFrame:
    """One row per customer, as published in ``customers.parquet``; `value` must come from the same `states`.

    `ids` are those of the customers where `states` are without.
    """
    silent = states.days_silent
    # The ids as they are: pandas would copy them into texts of its own.
    names = (
        pd.Series(states.customer_id, dtype=object, copy=False)
        if ids is None
        else pd.Series(pd.arrays.ArrowExtensionArray(ids), copy=False)
    )
    return pd.DataFrame(
        {
            "customer_id": names,
            "frequency": states.frequency,
            "recency_days": states.recency_days,
            "age_days": states.age_days,
            "mean_spend": states.mean_spend,
            "p_alive": value.p_alive,
            "expected_transactions": value.expected_transactions,
            "cltv": value.cltv,
            "cltv_low": value.cltv_low,
            "cltv_high": value.cltv_high,
            "days_silent": silent,
            "dormant": silent >= dormancy_days,
            "rhythm_broken": value.rhythm_broken,
            "p_return_90d": value.p_return_90d,
        },
        copy=False,  # a table to be written: a million customers are not held twice
    )
