"""The card of a business case, and of the verdict on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from cxvalue.figures.programmes import case_bridge, case_money, case_tornado
from cxvalue.findings.numbers import format_level
from cxvalue.foundation.chance import written_chance
from cxvalue.foundation.shown import Summary
from cxvalue.money.bridge import cash_bridge
from cxvalue.money.case import Case
from cxvalue.money.sensitivity import tornado
from cxvalue.money.verdict import Verdict
from cxvalue.objects.amounts import amount, row
from cxvalue.objects.cards import describe, frame_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["describe", "frame_of", "pictures_of"]


@describe.register(Case)
def _(shown: Case, currency: str) -> Summary:
    npv, months = shown.npv, shown.horizon_months
    rows = (
        row("net present value", npv, currency),
        row("return on what it costs", shown.roi, "share"),
        row("internal rate of return a year", shown.irr, "share"),
        ("probability of a loss", written_chance(shown.probability_of_loss), ""),
        _payback(shown),
        row("most money out", shown.peak_exposure, currency),
        ("effect at which nothing is gained", amount(shown.break_even, currency), "per customer and month"),
    )
    _, value, ends = rows[0]
    line = (
        f"Case: NPV {value} over {months} months at {format_level(shown.annual_discount_rate)} a year, {ends} (95%), "
        f"probability of a loss {written_chance(shown.probability_of_loss)}"
    )
    seen = min(shown.exposure.months_seen, months)
    carried = {
        "measured": "the effect is taken to go on as measured",
        "none": "nothing of the effect is counted",
        "half_life": f"the effect halves every {shown.settings.half_life_months} months",
    }[shown.settings.persistence]
    texts = ["Nominal and before tax."]
    if seen < months:
        texts.append(f"The data cover {seen} of the {months} months; after that {carried}.")
    return Summary(line, rows, tuple(texts))


@frame_of.register(Case)
def _(shown: Case) -> pd.DataFrame:
    return shown.table()


def pictures_of(shown: Case) -> Mapping[str, Callable[..., Figure]]:
    """The pictures of a case by their names."""
    return {
        "money": lambda currency: case_money(shown, currency),
        "bridge": lambda currency: case_bridge(cash_bridge(shown), currency),
        "tornado": lambda currency: case_tornado(tornado(shown, currency), shown.npv.value, currency),
    }


@describe.register(Verdict)
def _(shown: Verdict, currency: str) -> Summary:
    each = "per customer and month"
    rows = (
        ("criterion", shown.criterion, ""),
        ("probability that it is met", written_chance(shown.probability), ""),
        ("effect at which it is just met", amount(shown.break_even, currency), each),
        ("smallest effect that such data could prove", amount(shown.mde, currency), each),
        ("would turn to FAIL below a measured effect of", amount(shown.stop_below, currency), each),
        ("worth of knowing the truth today", amount(shown.value_of_certainty, currency), ""),
    )
    line = f"Verdict: {shown.word}. {shown.criterion}: the data give it {written_chance(shown.probability)}"
    return Summary(line, rows)


@frame_of.register(Verdict)
def _(shown: Verdict) -> pd.DataFrame:
    import pandas as pd

    names = ("word", "metric", "at_least", "at_most", "confidence", "probability", "break_even", "mde", "stop_below")
    return pd.DataFrame([{name: getattr(shown, name) for name in (*names, "value_of_certainty")}])


def _payback(shown: Case) -> tuple[str, str, str]:
    if shown.payback is None:
        return "paid back, discounted", f"not within {shown.horizon_months} months", ""
    return row("paid back, discounted", shown.payback, "months")
