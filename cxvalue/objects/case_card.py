"""The card of a business case, and of the verdict on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from cxvalue.figures.programmes import case_bridge, case_draws, case_money, case_tornado
from cxvalue.findings.numbers import format_chance, format_level
from cxvalue.foundation.shown import Summary
from cxvalue.language.catalogue import spoken, translate, translate_count
from cxvalue.language.words import spoken_words
from cxvalue.money.bridge import cash_bridge
from cxvalue.money.case import Case
from cxvalue.money.sensitivity import tornado
from cxvalue.money.verdict import Verdict
from cxvalue.objects.amounts import amount, row
from cxvalue.objects.cards import describe, frame_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@describe.register(Case)
def _(shown: Case, currency: str) -> Summary:
    npv, months = shown.npv, shown.horizon_months
    rows = (
        row(translate("net present value"), npv, currency),
        row(translate("return on what it costs"), shown.roi, "share"),
        row(translate("internal rate of return a year"), shown.irr, "share"),
        (translate("probability of a loss"), format_chance(shown.probability_of_loss), ""),
        _payback(shown),
        row(translate("most money out"), shown.peak_exposure, currency),
        (
            translate("effect at which the case breaks even"),
            amount(shown.break_even, currency),
            translate("per customer and month"),
        ),
    )
    _, value, ends = rows[0]
    line = translate(
        "Case: NPV {npv} over {months} months at {rate} a year, {range} (95%), probability of a loss {loss}",
        npv=value,
        months=months,
        rate=format_level(shown.annual_discount_rate),
        range=ends,
        loss=format_chance(shown.probability_of_loss),
    )
    texts = [translate("Nominal and before tax.")]
    if shown.exposure.months_seen < months:
        texts.append(_carried(shown, min(shown.exposure.months_seen, months)))
    return Summary(line, rows, tuple(texts))


def _carried(shown: Case, seen: int) -> str:
    """How much of the horizon the data cover, and what is taken to happen after that."""
    told = {"seen": seen, "months": shown.horizon_months}
    if shown.settings.persistence == "none":
        return translate(
            "The data cover {seen} of the {months} months; after that nothing of the effect is counted.", **told
        )
    if shown.settings.persistence == "half_life":
        return translate(
            "The data cover {seen} of the {months} months; after that the effect halves (half life in months: {half}).",
            half=shown.settings.half_life_months,
            **told,
        )
    return translate(
        "The data cover {seen} of the {months} months; after that the effect is assumed to continue as measured.",
        **told,
    )


@frame_of.register(Case)
def _(shown: Case) -> pd.DataFrame:
    return shown.table()


def pictures_of(shown: Case) -> Mapping[str, Callable[..., Figure]]:
    """The pictures of a case by their names."""
    return {
        "money": lambda currency: case_money(shown, currency),
        "bridge": lambda currency: case_bridge(cash_bridge(shown), currency),
        "draws": lambda currency: case_draws(shown, currency),
        "tornado": lambda currency: case_tornado(tornado(shown, currency), shown.npv.value, currency),
    }


@describe.register(Verdict)
def _(shown: Verdict, currency: str) -> Summary:
    each = translate("per customer and month")
    rows = (
        (translate("criterion"), shown.criterion, ""),
        (translate("probability that it is met"), format_chance(shown.probability), ""),
        (translate("effect at which it is just met"), amount(shown.break_even, currency), each),
        (translate("smallest effect that such data could prove"), amount(shown.mde, currency), each),
        (translate("would turn to FAIL below a measured effect of"), amount(shown.stop_below, currency), each),
        (translate("value of knowing the truth today"), amount(shown.value_of_certainty, currency), ""),
    )
    line = translate(
        "Verdict: {verdict}. {criterion}: the data give it {chance}",
        verdict=_verdict_word(shown.word),
        criterion=shown.criterion,
        chance=format_chance(shown.probability),
    )
    return Summary(line, rows)


@frame_of.register(Verdict)
def _(shown: Verdict) -> pd.DataFrame:
    names = ("word", "metric", "at_least", "at_most", "confidence", "probability", "break_even", "mde", "stop_below")
    return pd.DataFrame([{name: getattr(shown, name) for name in (*names, "value_of_certainty")}])


def _verdict_word(word: str) -> str:
    """The verdict as it stands in the study's language; in English its capitals."""
    return word if spoken() == "en" else spoken_words().get(word, word)


def _payback(shown: Case) -> tuple[str, str, str]:
    what = translate("paid back, discounted")
    if shown.payback is None:
        never = translate_count("not within {count:,} month", "not within {count:,} months", shown.horizon_months)
        return what, never, ""
    return row(what, shown.payback, "months")
