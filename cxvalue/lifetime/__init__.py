"""Customer lifetimes: who is still a customer, what they will buy and what that is worth.

Everything here takes histories (`cxvalue.tables.states.PurchaseStates`, spells of contracts) and returns numbers or small
frozen results; nothing reads files, draws or prints.

families/    what each model says: likelihood, P(alive), purchases to come
models/      a fitted model and everything it predicts; what a purchase is worth
fitting/     fitting the families, choosing between them, holding them against lifetimes
prediction/  margin still to come, per customer and in total, with intervals
candidates/  ways to forecast each customer, asked on any day
evidence/    how far forecasts missed before, and the forecast and range that follow
contracts/   customers under contract: how long they stay, and what goes with leaving
"""

from __future__ import annotations

from cxvalue.foundation.intervals import Interval
from cxvalue.lifetime.families.bgbb_family import DISCRETE_CRITICAL_VALUE
from cxvalue.lifetime.families.family import DROPOUT_CRITICAL_VALUE
from cxvalue.lifetime.fitting.by_covariates import fit_with_covariates
from cxvalue.lifetime.fitting.discrete import DiscreteModel, fit_bg_bb
from cxvalue.lifetime.fitting.fits import fit, fit_all, fit_by_period
from cxvalue.lifetime.fitting.holdout import HoldoutScore, score_holdout, select_model
from cxvalue.lifetime.fitting.regular import RegularModel, fit_regular, fit_rhythms
from cxvalue.lifetime.models.by_level import CovariateModel
from cxvalue.lifetime.models.model import LifetimeModel
from cxvalue.lifetime.models.spend import SpendModel, fit_spend
from cxvalue.lifetime.prediction.infinite import dert, residual_value
from cxvalue.lifetime.prediction.levers import Lever, ValueLevers, value_levers
from cxvalue.lifetime.prediction.value import CustomerValue, customer_value
from cxvalue.tables.periods import DiscreteStates, Period, discrete_states

__all__ = [
    "DISCRETE_CRITICAL_VALUE",
    "DROPOUT_CRITICAL_VALUE",
    "CovariateModel",
    "CustomerValue",
    "DiscreteModel",
    "DiscreteStates",
    "HoldoutScore",
    "Interval",
    "Lever",
    "LifetimeModel",
    "Period",
    "RegularModel",
    "SpendModel",
    "ValueLevers",
    "customer_value",
    "dert",
    "discrete_states",
    "fit",
    "fit_all",
    "fit_bg_bb",
    "fit_by_period",
    "fit_regular",
    "fit_rhythms",
    "fit_spend",
    "fit_with_covariates",
    "residual_value",
    "score_holdout",
    "select_model",
    "value_levers",
]
