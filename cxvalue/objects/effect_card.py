"""The card of an effect, and of the panel of units behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cxvalue.effects.effect import Effect, outcome_word
from cxvalue.figures.panels import panel_months
from cxvalue.figures.programmes import event_study
from cxvalue.findings.numbers import format_level, format_month
from cxvalue.foundation.intervals import reach_of
from cxvalue.foundation.shown import Summary
from cxvalue.language.catalogue import spoken, translatable, translate, translate_count
from cxvalue.objects.amounts import amount, number, reach
from cxvalue.objects.cards import describe, frame_of, pictures_of
from cxvalue.tables.panels.by_unit import UnitPanel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MONEY = ("margin", "revenue")
_DESIGNS = {
    "experiment": translatable("experiment"),
    "staggered": translatable("staggered"),
    "matched": translatable("matched"),
    "single_unit": translatable("single unit"),
}


@describe.register(Effect)
def _(shown: Effect, currency: str) -> Summary:
    unit = currency if shown.outcome in _MONEY else shown.outcome
    value, ends = amount(shown.estimate, unit), reach(shown.low, shown.high, unit)
    failed = [check for check in shown.checks if check.lowers]
    rows = (
        (translate("{outcome} per customer and month", outcome=outcome_word(shown.outcome)), value, ends),
        (translate("before and after alone"), amount(shown.naive, unit), ""),
        (translate("treated customers"), number(shown.treated_customers), _in_units(shown, shown.treated_units)),
        (translate("compared with"), number(shown.control_customers), _in_units(shown, shown.control_units)),
        (translate("customer-months measured"), number(shown.treated_customer_months), _left_out(shown)),
        (translate("first start, last month"), format_month(shown.first_start), format_month(shown.last_month)),
    )
    texts = [
        shown.explanation,
        *(translate("Lowers the grade: {finding}", finding=check.detail) for check in failed),
        *shown.notes,
    ]
    design = translate(_DESIGNS[shown.design]) if shown.design in _DESIGNS else shown.design.replace("_", " ")
    line = translate(
        "Effect ({design}): {effect} of {outcome} per customer and month, {range} ({level}), evidence {grade}",
        design=design,
        effect=value,
        outcome=outcome_word(shown.outcome),
        range=ends,
        level=format_level(shown.level),
        grade=shown.grade,
    )
    return Summary(line, rows, tuple(filter(None, texts)))


@frame_of.register(Effect)
def _(shown: Effect) -> pd.DataFrame:
    error = np.sqrt(np.maximum(np.concatenate([np.diag(shown.pre_covariance), np.diag(shown.covariance)]), 0))
    effect = np.concatenate([shown.pre_effect, shown.event_effect])
    half = reach_of(shown.level, shown.df) * error
    weight = np.concatenate([np.full(len(shown.pre_time), np.nan), shown.event_weight])
    return pd.DataFrame(
        {
            "months_since_start": np.concatenate([shown.pre_time, shown.event_time]),
            "effect": effect,
            "se": error,
            "low": effect - half,
            "high": effect + half,
            "customer_months": weight,
        }
    )


@pictures_of.register(Effect)
def _(shown: Effect) -> Mapping[str, Callable[..., Figure]]:
    def by_month(currency: str) -> Figure:
        return event_study(shown, currency if shown.outcome in _MONEY else "")

    return {"effect": by_month}


@describe.register(UnitPanel)
def _(shown: UnitPanel, currency: str) -> Summary:
    first, last = shown.months.day(0), shown.months.day(shown.months.count - 1)
    treated, never = (len(set(shown.cluster[part])) for part in (shown.treated, ~shown.treated))
    final = shown.customers.sum(axis=1)[:, -1] if shown.months.count else np.zeros(len(shown.start))
    of_cells = shown.customers.sum(axis=(1, 2))
    total = shown.total.sum()
    each = total / of_cells.sum() if of_cells.sum() else float("nan")
    unit = currency if shown.outcome in _MONEY else ""
    rows = (
        (
            translate("months"),
            f"{shown.months.count}",
            translate("{low} to {high}", low=format_month(first), high=format_month(last)),
        ),
        (translate("with the programme"), _counted(treated, shown.unit), ""),
        (translate("without it"), _counted(never, shown.unit), ""),
        (
            translate("customers in the last month"),
            number(final.sum()),
            translate("{customers:,.0f} with the programme", customers=final[shown.treated].sum()),
        ),
        (translate("{outcome} per customer and month", outcome=outcome_word(shown.outcome)), amount(each, unit), ""),
        (translate("came after the start, left out"), number(shown.later), ""),
    )
    line = translate(
        "UnitPanel: {outcome} of {customers:,.0f} customers in {units}, {months} months from {month}",
        outcome=outcome_word(shown.outcome),
        customers=final.sum(),
        units=_counted(len(shown.names), shown.unit),
        months=shown.months.count,
        month=format_month(first),
    )
    return Summary(line, rows, shown.notes)


@frame_of.register(UnitPanel)
def _(shown: UnitPanel) -> pd.DataFrame:
    cells, months = len(shown.start), shown.months.count
    start = [None if number < 0 else shown.months.day(int(number)) for number in shown.start]
    return pd.DataFrame(
        {
            shown.unit: np.repeat(np.array(shown.names, dtype=object)[shown.cluster], months),
            "start": pd.to_datetime(pd.Series(np.repeat(np.array(start, dtype=object), months))),
            "month": pd.to_datetime(np.tile([shown.months.day(number) for number in range(months)], cells)),
            "customers": shown.customers.sum(axis=1).ravel(),
            shown.outcome: shown.total.sum(axis=1).ravel(),
        }
    )


@pictures_of.register(UnitPanel)
def _(shown: UnitPanel) -> Mapping[str, Callable[..., Figure]]:
    return {"months": partial(panel_months, frame_of(shown), shown.outcome)}


def _counted(number: int, unit: str) -> str:
    """So many units, in words: customers are put into groups.

    >>> _counted(1, "branch"), _counted(200, "customer_id")
    ('1 branch', '200 groups of customers')
    """
    if unit == "customer_id":
        return translate_count("{count:,} group of customers", "{count:,} groups of customers", number)
    word = unit.replace("_", " ")
    if spoken() != "en":
        return translate("{unit}: {number:,}", unit=word, number=number)
    return f"{number:,} {word if number == 1 else f'{word}es' if word.endswith(('ch', 's', 'sh', 'x')) else f'{word}s'}"


def _left_out(shown: Effect) -> str:
    lost = shown.unidentified_customer_months
    return translate("{months:,} more could not be compared", months=lost) if lost else ""


def _in_units(shown: Effect, number: int) -> str:
    """How many units hold them; nothing where customers are the units themselves."""
    return "" if shown.unit == "customer_id" else translate("in {units}", units=_counted(number, shown.unit))
