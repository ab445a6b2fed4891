"""cxvalue: from a company's transactions and customer-experience records to value, effect, money and a verdict.

The map. What is above may use what is below it, never the other way round::

    cli  run  publish            commands; notebooks in processes; a report published in one step
      execute  kernel  graph  folders  manifest  history  pseudonyms  console  doctor
    workspace  checking          a study prepared once and opened by notebooks (`load_study`); what check says
    preflight                    campaigns and programmes tried on the tables before any notebook starts
    report/                      findings, the page, its words and its rendering
    figures/                     a result in, a matplotlib figure out
    programmes                   the programmes of a study: design, effect, case
      goodwill  portfolio        which rule lets customers off best; all programmes of a study together
    reactivation/  discounts/    sleeping customers and campaigns; ladders of discounts
    simulate/                    worlds with a known truth
    money/                       cash flow, business case, verdict
    effects/                     what a programme changed: designs, checks, evidence grade
    churn  churn_checks  early_warning  losses    who will not buy again, and what goes with them
    renewals  contract_base      customers under contract: who is there, what is still to come
      contract_churn  contract_value  contract_history  contract_drivers  contract_warning  hazards  accounts  who will leave
    cltv  cltv_plan  cltv_fit  cltv_checks    lifetime value of a study's customers, and whether the model holds
    crosssell  referral          what customers take up next; what customers who were brought are worth
    cltv_value  rolling          horizons, levers, payback; forecasts from past dates against what came
    covariates                   segments, channels and sources that buy and leave differently
    seasonality                  does the base buy with the seasons? models whose clock follows them
    customer_base                the audit: who is there, who came, who left
    lifetime/                    the models: how often customers buy, when they stop, what they spend, what is to come
    tables/                      sources, contracts, refunds, purchases, states
    study/  timeunit  errors  chance  grades  rounding  draws  the words everyone shares
    imports                      what reads notebooks, imported without what is slow and not used

Names are imported when they are first used, so that ``import cxvalue`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cxvalue.effects import Effect, estimate_effect
    from cxvalue.findings.finding import Finding
    from cxvalue.foundation.calendar import TimeUnit
    from cxvalue.foundation.errors import BadInput, CxvalueError
    from cxvalue.lifetime import LifetimeModel, SpendModel, customer_value, fit, fit_spend
    from cxvalue.money import Case, business_case
    from cxvalue.tables.states import PurchaseStates, purchase_states
    from cxvalue.workspace.opened import Study, load_study, programme_panel

_HOMES = {
    "BadInput": "cxvalue.foundation.errors",
    "Case": "cxvalue.money",
    "CxvalueError": "cxvalue.foundation.errors",
    "Effect": "cxvalue.effects",
    "Finding": "cxvalue.findings.finding",
    "LifetimeModel": "cxvalue.lifetime",
    "PurchaseStates": "cxvalue.tables.states",
    "SpendModel": "cxvalue.lifetime",
    "Study": "cxvalue.workspace.opened",
    "TimeUnit": "cxvalue.foundation.calendar",
    "business_case": "cxvalue.money",
    "customer_value": "cxvalue.lifetime",
    "estimate_effect": "cxvalue.effects",
    "fit": "cxvalue.lifetime",
    "fit_spend": "cxvalue.lifetime",
    "load_study": "cxvalue.workspace.opened",
    "programme_panel": "cxvalue.workspace.opened",
    "purchase_states": "cxvalue.tables.states",
}

__all__ = [
    "BadInput",
    "Case",
    "CxvalueError",
    "Effect",
    "Finding",
    "LifetimeModel",
    "PurchaseStates",
    "SpendModel",
    "Study",
    "TimeUnit",
    "business_case",
    "customer_value",
    "estimate_effect",
    "fit",
    "fit_spend",
    "load_study",
    "programme_panel",
    "purchase_states",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cxvalue' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
