"""Customer lifetimes: who is still a customer, what they will buy and what that is worth.

For customers who leave without saying so. Everything here takes `cxvalue.tables.states.PurchaseStates` and returns
numbers or small frozen results; nothing reads files, draws or prints. The map:

families            what a model must be able to do; distinct histories with counts
nbd, bgnbd, paretonbd   the four models: likelihood with gradient, P(alive), future purchases
optimise            maximum likelihood in log-parameters, several starts, Newton polish
fitting             `fit`, `fit_all`, and the gate that asks whether any dropout can be identified
models              `LifetimeModel`: a fitted model and everything it predicts
spend               `fit_spend`, `SpendModel`: the Gamma-Gamma model of spend
holdout             `score_holdout`, `select_model`: which model foresaw the holdout best
simulate_future, predictive   futures drawn from a model, for predictive intervals
value               `customer_value`, `CustomerValue`: margin still to come, per customer and in total
infinite            `dert`, `residual_value`: the same without an end
levers              `value_levers`: what a little more retention, purchases or margin is worth, and what erosion costs
lifetimes_bridge    exchange with the lifetimes package, the only module that imports it
"""

from __future__ import annotations

from cxvalue.lifetime.fitting import DROPOUT_CRITICAL_VALUE, fit, fit_all
from cxvalue.lifetime.holdout import HoldoutScore, score_holdout, select_model
from cxvalue.lifetime.infinite import dert, residual_value
from cxvalue.lifetime.levers import Lever, ValueLevers, value_levers
from cxvalue.lifetime.models import LifetimeModel
from cxvalue.lifetime.spend import SpendModel, fit_spend
from cxvalue.lifetime.value import CustomerValue, Interval, customer_value

__all__ = [
    "DROPOUT_CRITICAL_VALUE",
    "CustomerValue",
    "HoldoutScore",
    "Interval",
    "Lever",
    "LifetimeModel",
    "SpendModel",
    "ValueLevers",
    "customer_value",
    "dert",
    "fit",
    "fit_all",
    "fit_spend",
    "residual_value",
    "score_holdout",
    "select_model",
    "value_levers",
]
