"""cxvalue: from a company's transactions and customer-experience records to value, effect, money and a verdict.

The map. A room may use those on lower lines, never those above it, and rooms on one line know nothing of one another; a
test reads these lines. Each room's own docstring lists its modules::

    cli                 the commands
    run                 a study's notebooks in processes of their own, a report published in one step
    objects | answers   what results show of themselves; what notebooks ask, a question a method
    workspace           a study prepared once and opened by notebooks (`load_study`)
    firstmile           from the files that somebody exported to a study file (`recognise`)
    figures | report    a result in, a figure out; findings in, the page out
    questions           a folder each: computation, findings (the sentences) and displays (the tables)
    money | simulate    cash flow, business case, verdict; worlds with a known truth
    effects | lifetime  what a programme changed; the models: how often customers buy, when they stop, what is to come
    tables              from files to checked tables, purchase histories and panels
    engine              where tables are computed: in this process, in a warehouse, on Spark
    study | findings    what the study file says; a number with its interval, grade and sentence
    foundation          errors, dates, intervals, chance
    language            what readers read, in English, Russian, Ukrainian or Chinese

To change a sentence or a table of a question, go to its folder in `questions`, and to the catalogue of the same name in
`language` for its translations; captions of figures are in `figures.captions`. A model of purchases is a module of
`lifetime.families`, a row of its registry and its name in `study.file`. The columns of the tables are in
`tables.read.schema`, and named for users in ``data/README.md``. Notebooks (in ``notebooks/``) call `answers` and
`workspace.opened`; what users read is README.md and ``data/*.md``. Tests of a module are in ``tests/`` at the same path.
What begins with an underscore is of its module alone; the rest is for everyone, from the module that makes it. Names here
are imported when first used, so that ``import cxvalue`` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cxvalue.effects import Effect, estimate_effect
    from cxvalue.findings.finding import Finding
    from cxvalue.firstmile.found import recognise
    from cxvalue.foundation.calendar import TimeUnit
    from cxvalue.foundation.errors import BadInput, CxvalueError
    from cxvalue.lifetime import LifetimeModel, SpendModel, customer_value, fit, fit_spend
    from cxvalue.money import Case, business_case
    from cxvalue.tables.states import PurchaseStates, purchase_states
    from cxvalue.workspace.from_tables import study_from
    from cxvalue.workspace.listing import studies
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
    "recognise": "cxvalue.firstmile.found",
    "studies": "cxvalue.workspace.listing",
    "study_from": "cxvalue.workspace.from_tables",
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
    "recognise",
    "studies",
    "study_from",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cxvalue' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
