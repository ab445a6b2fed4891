"""Customer lifetimes: who is still a customer, what they will buy and what that is worth.

For customers who leave without saying so. Everything here takes `cxvalue.tables.states.PurchaseStates` and returns
numbers or small frozen results; nothing reads files, draws or prints. The map:

families            what a model must be able to do: `Family`; distinct histories with counts
nbd, bgnbd, paretonbd   the four plain families: likelihood with gradient, P(alive), future purchases, futures drawn
bgbb, bgbb_family   customers who take an opportunity a period or not: BG/BB, and the beta-Bernoulli without dropout
regular_family      BG/CNBD-k and MBG/CNBD-k for customers with a regular rhythm
registry            every model by its name, a row each: a new model is a module with its family and a row here
models              `LifetimeModel`: a fitted model and everything it predicts
checked, optimise   histories that are possible; maximum likelihood in log-parameters, several starts, Newton polish
fitting             `fit`, `fit_all`, `fit_by_period`, and the gate that asks whether any dropout can be identified
discrete            `fit_bg_bb`, `DiscreteModel`: the BG/BB asked in opportunities
regular             `fit_regular`, `fit_rhythms`: how many events a purchase takes
by_level            `CovariateModel`: a model for each combination of levels, and how totals are made of them
covariates          `fit_with_covariates`: segments that buy and leave differently, where the family can
season              `SeasonalClock`, `seasonal_index`: time that runs faster in the months in which everybody buys more
spend               `fit_spend`, `SpendModel`: the Gamma-Gamma model of spend
holdout             `score_holdout`, `select_model`: which model foresaw the holdout best
simulate_future     `DiscountCurve`, `FutureDraw`: what a draw of the future is worth, below the families that draw it
quadrature, blocks  integrals that several families need; sums over many rows in blocks
living, predictive, large   futures of the living; predictive intervals, simulated, and worked out for many customers
value               `customer_value`, `CustomerValue`: margin still to come, per customer and in total
infinite            `dert`, `residual_value`: the same without an end
levers              `value_levers`: what a little more retention, purchases or margin is worth, and what erosion costs
lifetimes_bridge    exchange with the lifetimes package, the only module that imports it
"""

from __future__ import annotations

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
from cxvalue.lifetime.prediction.value import CustomerValue, Interval, customer_value
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
